"""The quick half of publishing: one short transaction that writes a prepared pack's rows."""

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.contests.models import Contest
from app.contests.operations import default_contest, ensure_contest
from app.contests.setting_up import require_running
from app.core import pinyin
from app.core.audit import Actor, record_audit
from app.core.db import hold
from app.core.platform import Platform
from app.problems.errors import (
    AreaNotInContestError,
    NotARescoreError,
    OtherProblemError,
    ProblemArchivedError,
    ProblemNotFoundError,
    SlugTakenError,
)
from app.problems.hooks import RequirePool, problem_hooks
from app.problems.models import (
    Area,
    Board,
    BoardData,
    Problem,
    PublicFile,
    Revision,
    Stage,
)
from app.problems.operations import require_ladder_fits, require_unsigned, set_settings
from app.problems.preparing import PreparedPack, Progress, prepare_pack
from app.problems.queries import get_current_revision
from app.problems.step_log import STEP_NAMES
from problems.spec import Kind, ProblemSpec
from scoring import Localized, Scoring


def publish_directory(  # noqa: PLR0913 — what is published, where, by whom and how
    platform: Platform,
    directory: Path,
    *,
    seed: int | None,
    contest_slug: str | None,
    actor: Actor,
    progress: Progress,
    require_pool: RequirePool | None = None,
) -> Revision:
    """Publish the pack in a folder and submit its baseline: the whole of it, for commands.

    `progress` gets a line in English per step; see `prepare_pack` for `require_pool`.

    Raises:
        PackError, MaterialiseError, CoverError, SandboxError, AppError: see `prepare_pack`.
        SlugTakenError: see `publish`.
    """

    def tell(step: str) -> None:
        progress(STEP_NAMES[step]["en"])

    tell("data" if seed is not None else "seed")
    prepared = prepare_pack(
        platform, directory, seed=seed, progress=tell, require_pool=require_pool
    )
    tell("publish")
    now = platform.clock.now()
    with platform.database.transaction() as session:
        revision = publish(session, prepared, actor=actor, now=now, contest_slug=contest_slug)
        if prepared.baseline is not None:
            problem_hooks().submit_baseline(session, platform, revision, prepared.baseline)
    return revision


def publish(
    session: Session,
    prepared: PreparedPack,
    *,
    actor: Actor,
    now: datetime,
    contest_slug: str | None = None,
    is_draft: bool = False,
) -> Revision:
    """Write a prepared pack as a problem, or as a new revision of one.

    On first publishing the limits of the pack become settings and the stages take the contest's
    times; where it has none, A opens now. A draft is not on the site and no stage of it opens by
    itself. Later revisions leave settings and stages as organisers have set them.

    Raises:
        ContestArchivedError, ProblemArchivedError: the contest or the problem is over.
        AreaNotInContestError: the contest is about other areas.
        SlugTakenError: the problem exists in another contest than the one named.
        BoardSignedOffError: a judge has signed a board of the problem off.
        LadderNeedsLossesError: board A answers by a Ladder that the new scores cannot climb.
        UnknownSettingError, SettingValueError, BoardMissingError, StageTimesError: an imported pack
            brings settings that are none.
    """
    problem = hold_problem(session, prepared.spec.slug)
    if problem is None:
        # new problems of a contest are made one at a time: meanwhile somebody may have made it
        hold(session, ensure_contest(session, contest_slug or default_contest(session), now=now))
        problem = hold_problem(session, prepared.spec.slug)
    is_new = problem is None
    if problem is None:
        slug = contest_slug or default_contest(session)
        contest = ensure_contest(session, slug, now=now)
        problem = _create_problem(session, prepared, contest, now, is_draft=is_draft)
    else:
        _check_contest(problem, contest_slug)
        _check_running(problem)
        require_unsigned(session, problem)
        require_ladder_fits(problem, prepared.spec.scoring)
        problem.revision_number = next_number(session, problem)
        describe(problem, prepared.spec)
        _add_missing_stages(problem, prepared, now=None)
    revision = _create_revision(problem, prepared, problem.revision_number, now)
    session.add(revision)
    session.flush()
    facts = {
        "revision": revision.number,
        "pack": prepared.digest,
        "seed_commitment": revision.seed_commitment,
        "seed_is_public": revision.seed_is_public,
    }
    record_audit(session, actor, "problem.publish", f"problem:{problem.slug}", facts, now=now)
    if is_new and prepared.spec.bundle is not None:
        set_settings(session, problem, prepared.spec.bundle.settings, actor=actor, now=now)
    return revision


def stage(session: Session, prepared: PreparedPack, slug: str, *, now: datetime) -> Revision:
    """Write a prepared pack as a revision of a problem that is not in force, for a re-score.

    Raises:
        OtherProblemError: it is a pack of another problem.
        ProblemNotFoundError: the problem is not published.
        NotARescoreError: it changes what is handed in or which boards there are.
        LadderNeedsLossesError: board A answers by a Ladder that the new scores cannot climb.
    """
    if prepared.spec.slug != slug:
        raise OtherProblemError(slug=slug, found=prepared.spec.slug)
    problem = hold_problem(session, slug)
    if problem is None:
        raise ProblemNotFoundError(slug=slug)
    current = get_current_revision(session, problem)
    spec = ProblemSpec.model_validate(current.spec)
    boards = {board.board for board in current.boards}
    if (
        prepared.spec.submission != spec.submission
        or prepared.spec.scoring.partition != spec.scoring.partition
        or {board.board for board in prepared.boards} != boards
    ):
        raise NotARescoreError
    require_ladder_fits(problem, prepared.spec.scoring)
    revision = _create_revision(problem, prepared, next_number(session, problem), now)
    revision.is_staged = True
    session.add(revision)
    session.flush()
    return revision


def put_in_force(problem: Problem, revision: Revision) -> None:
    """Make a staged revision the one in force, for what was handed in before it too.

    Raises:
        LadderNeedsLossesError: board A answers by a Ladder that the new scores cannot climb.
    """
    require_ladder_fits(problem, Scoring.model_validate(revision.spec["scoring"]))
    revision.is_staged = False
    problem.revision_number = problem.least_revision = revision.number
    describe(problem, ProblemSpec.model_validate(revision.spec))


def next_number(session: Session, problem: Problem) -> int:
    """Return the number of the next revision; a staged one has its own already."""
    last = session.scalar(
        select(func.max(Revision.number)).where(Revision.problem_id == problem.id)
    )
    return (last or 0) + 1


def hold_problem(session: Session, slug: str) -> Problem | None:
    """Return a problem held until the transaction ends, or None."""
    return session.scalar(select(Problem).where(Problem.slug == slug).with_for_update())


def _create_problem(
    session: Session, prepared: PreparedPack, contest: Contest, now: datetime, *, is_draft: bool
) -> Problem:
    check_place(contest, prepared.spec.area)
    limits = prepared.spec.limits
    problem = Problem(
        contest=contest,
        slug=prepared.spec.slug,
        revision_number=1,
        submissions_per_day=limits.submissions_per_day,
        team_size=limits.team_size,
        b_revealed_at=None,
        withdrawn_at=now if is_draft else None,
        created_at=now,
        stages=[],
    )
    describe(problem, prepared.spec)
    _add_missing_stages(problem, prepared, now=None if is_draft else now)
    session.add(problem)
    return problem


def check_place(contest: Contest, area: str) -> None:
    """Refuse a new problem that cannot come into a contest.

    Raises:
        ContestArchivedError: the contest is over.
        AreaNotInContestError: it is about other areas.
    """
    require_running(contest)
    if contest.areas and area not in contest.areas:
        allowed = ", ".join(contest.areas)
        raise AreaNotInContestError(contest=contest.slug, area=area, allowed=allowed)


def _check_running(problem: Problem) -> None:
    if problem.archived_at is not None:
        raise ProblemArchivedError(slug=problem.slug)


def _check_contest(problem: Problem, contest_slug: str | None) -> None:
    if contest_slug is not None and problem.contest.slug != contest_slug:
        raise SlugTakenError(slug=problem.slug)


def describe(problem: Problem, spec: ProblemSpec) -> None:
    """Copy what lists show and search from the pack."""
    problem.area = Area(spec.area)
    problem.title = _by_language(spec.title)
    problem.summary = _by_language(spec.summary)
    problem.search_text = _search_text(spec)
    problem.title_pinyin = pinyin.to_sort(spec.title.zh_hans)[:500]
    problem.difficulty = spec.difficulty
    problem.prize_yuan = spec.prize_yuan
    problem.takes_predictions = Kind.PREDICTIONS in spec.submission.kinds
    problem.takes_code = spec.takes_code


def _by_language(text: Localized) -> dict[str, Any]:
    return {"zh-Hans": text.zh_hans, "en": text.en}


def _search_text(spec: ProblemSpec) -> str:
    texts = [spec.slug, *_by_language(spec.title).values(), *_by_language(spec.summary).values()]
    texts.extend(spec.tags)
    if spec.scenario is not None:
        texts.extend([spec.scenario.code, *_by_language(spec.scenario.owner).values()])
    return "\n".join([*texts, pinyin.to_search(texts)]).lower()


def _add_missing_stages(problem: Problem, prepared: PreparedPack, *, now: datetime | None) -> None:
    """Give every board of the data a stage with the contest's times.

    Where the contest says nothing of A it opens at `now`; B waits for an organiser.
    """
    for board in prepared.boards:
        if problem.stage(board.board) is None:
            opens_at, closes_at = problem.contest.stage_times(board.board.value)
            if opens_at is None and closes_at is None and board.board is Board.A:
                opens_at = now
            stage = Stage(key=board.board, opens_at=opens_at, closes_at=closes_at)
            problem.stages.append(stage)


def _create_revision(
    problem: Problem, prepared: PreparedPack, number: int, now: datetime
) -> Revision:
    seed = prepared.seed
    keys = {board.board: board.keys for board in prepared.boards}
    return Revision(
        problem=problem,
        number=number,
        spec=prepared.spec.model_dump(mode="json", by_alias=True, exclude_none=True),
        statements=dict(prepared.statements),
        pack_blob=prepared.pack_blob,
        keys_blob=keys.get(Board.A),
        cover_blob=prepared.cover_blob,
        seed_commitment=None if seed is None else seed.commitment,
        sealed_seed=None if seed is None else seed.sealed,
        seed_is_public=seed is not None and seed.is_public,
        created_at=now,
        files=[
            PublicFile(
                path=file.path,
                size=file.size,
                digest=file.digest,
                preview=None if file.preview is None else dict(file.preview),
            )
            for file in prepared.files
        ],
        boards=[
            BoardData(
                board=board.board,
                input_blob=None if board.input is None else board.input.digest,
                input_size=None if board.input is None else board.input.size,
                truth_blob=board.truth,
                keys_blob=board.keys,
            )
            for board in prepared.boards
        ],
    )
