"""Reads of problems, their revisions, data and uploaded packs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select
from sqlalchemy.orm import Session, defer, joinedload, selectinload

from app.accounts.models import User
from app.contests.models import Contest
from app.core.pagination import Page, PageRequest
from app.problems.errors import (
    FileNotFoundInProblemError,
    ProblemNotFoundError,
    PublicationNotFoundError,
)
from app.problems.models import (
    Area,
    Board,
    BoardData,
    Partition,
    Problem,
    Publication,
    PublicFile,
    Revision,
    RulesAcceptance,
    Stage,
    StageState,
)
from app.problems.policy import can_download_input, can_read_problem, readable_problems
from app.problems.storage import StoredFile
from problems.spec import Difficulty, Kind

_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class ProblemFilter:
    """What the hall is narrowed to; None and empty let everything through."""

    area: Area | None = None
    kind: Kind | None = None
    state: StageState | None = None
    text: str = ""
    difficulty: Difficulty | None = None
    min_prize: int = 0
    """Yuan, before tax."""


class Sort(StrEnum):
    """In what order the hall stands."""

    NEWEST = "newest"
    CLOSING = "closing"
    """What closes first comes first; what has no end or is not open, last."""
    PRIZE = "prize"
    TEAMS = "teams"
    TITLE = "title"
    """By pinyin."""


@dataclass(frozen=True, slots=True)
class ProblemCard:
    """One window of the hall: the problem and the revision in force."""

    problem: Problem
    revision: Revision


def get_problem(session: Session, slug: str) -> Problem:
    """Return a problem with its contest and stages, whoever asks.

    Raises:
        ProblemNotFoundError: there is none of that name.
    """
    problem = session.scalar(
        select(Problem)
        .where(Problem.slug == slug)
        .options(selectinload(Problem.stages), joinedload(Problem.contest))
    )
    if problem is None:
        raise ProblemNotFoundError(slug=slug)
    return problem


def find_problem(session: Session, slug: str) -> Problem | None:
    """Return a problem, withdrawn or not, or None."""
    return session.scalar(select(Problem).where(Problem.slug == slug))


def get_readable_problem(session: Session, slug: str, actor: User | None) -> Problem:
    """Return a problem that the actor may see.

    Raises:
        ProblemNotFoundError: there is none, or the actor may not know of it.
    """
    problem = get_problem(session, slug)
    if not can_read_problem(actor, problem):
        raise ProblemNotFoundError(slug=slug)
    return problem


def get_current_revision(session: Session, problem: Problem) -> Revision:
    """Return the revision in force."""
    return session.scalars(
        select(Revision).where(
            Revision.problem_id == problem.id, Revision.number == problem.revision_number
        )
    ).one()


def get_current_spec(session: Session, problem: Problem) -> dict[str, Any]:
    """Return what the pack of the revision in force says, without its statements."""
    spec: dict[str, Any] = session.scalars(
        select(Revision.spec).where(
            Revision.problem_id == problem.id, Revision.number == problem.revision_number
        )
    ).one()
    return spec


def list_revisions(session: Session, problem: Problem) -> Sequence[Revision]:
    """Return every revision that was published, newest first."""
    return session.scalars(
        select(Revision)
        .where(Revision.problem_id == problem.id, Revision.is_staged.is_(False))
        .order_by(Revision.number.desc())
    ).all()


def list_problems(
    session: Session,
    actor: User | None,
    wanted: ProblemFilter,
    page: PageRequest,
    *,
    now: datetime,
    order: Sequence[ColumnElement[Any]] = (),
) -> Page[ProblemCard]:
    """Return one page of the hall, by `order` and then newest first.

    Three queries whatever its length.
    """
    matching = select(Problem).where(readable_problems(actor), *filter_clauses(wanted, now))
    total = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    rows = session.execute(
        _with_revision(matching)
        .order_by(*order, Problem.created_at.desc(), Problem.id.desc())
        .offset(page.offset)
        .limit(page.per_page)
    )
    return Page([ProblemCard(problem, revision) for problem, revision in rows], total, page)


def _with_revision(problems: Select[Problem]) -> Select[Problem, Revision]:
    return (
        problems.join(
            Revision,
            and_(Revision.problem_id == Problem.id, Revision.number == Problem.revision_number),
        )
        .add_columns(Revision)
        .options(selectinload(Problem.stages))
    )


def order_of(
    sort: Sort, now: datetime, teams: ColumnElement[int] | None
) -> list[ColumnElement[Any]]:
    """Return how a sort is written; `teams` counts those of a problem, where somebody counts."""
    if sort is Sort.CLOSING:
        closes = (
            select(func.min(Stage.closes_at))
            .where(Stage.problem_id == Problem.id, Stage.opens_at <= now, Stage.closes_at > now)
            .scalar_subquery()
        )
        return [closes.is_(None), closes]
    if sort is Sort.PRIZE:
        return [Problem.prize_yuan.desc()]
    if sort is Sort.TEAMS and teams is not None:
        return [teams.desc()]
    return [Problem.title_pinyin.asc()] if sort is Sort.TITLE else []


def filter_clauses(wanted: ProblemFilter, now: datetime) -> Iterator[ColumnElement[bool]]:
    """Yield what a problem must meet to be let through."""
    if wanted.area is not None:
        yield Problem.area == wanted.area
    if wanted.kind is Kind.PREDICTIONS:
        yield Problem.takes_predictions.is_(True)
    if wanted.kind is Kind.CODE:
        yield Problem.takes_code.is_(True)
    if wanted.state is not None:
        yield state_clause(wanted.state, now)
    if wanted.difficulty is not None:
        yield Problem.difficulty == wanted.difficulty
    if wanted.min_prize > 0:
        yield Problem.prize_yuan >= wanted.min_prize
    for word in wanted.text.lower().split()[:_MOST_WORDS]:
        yield Problem.search_text.contains(word, autoescape=True)


def state_clause(state: StageState, now: datetime) -> ColumnElement[bool]:
    """Return `problem_state` as a clause."""
    opened = and_(Stage.opens_at.is_not(None), Stage.opens_at <= now)
    running = and_(opened, or_(Stage.closes_at.is_(None), Stage.closes_at > now))
    is_open = exists().where(Stage.problem_id == Problem.id, running)
    has_opened = exists().where(Stage.problem_id == Problem.id, opened)
    return {
        StageState.OPEN: is_open,
        StageState.UPCOMING: not_(has_opened),
        StageState.CLOSED: and_(has_opened, not_(is_open)),
    }[state]


def problem_state(problem: Problem, now: datetime) -> StageState:
    """Return where a problem as a whole is.

    Open while any stage is open, upcoming before any has opened, closed otherwise.
    """
    states = {stage.state(now) for stage in problem.stages}
    if StageState.OPEN in states:
        return StageState.OPEN
    return StageState.CLOSED if StageState.CLOSED in states else StageState.UPCOMING


def list_all_problems(session: Session) -> Sequence[Problem]:
    """Return every problem by slug, withdrawn ones too: for staff and commands."""
    return session.scalars(
        select(Problem).options(selectinload(Problem.stages)).order_by(Problem.slug)
    ).all()


def list_scheduled_problems(session: Session, contest: str, page: PageRequest) -> Page[Problem]:
    """Return a page of the problems that are not archived, of a contest or (empty) of all.

    By contest and title.
    """
    wanted = select(Problem).where(Problem.archived_at.is_(None))
    if contest:
        wanted = wanted.join(Problem.contest).where(Contest.slug == contest)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = session.scalars(
        wanted.options(selectinload(Problem.stages))
        .order_by(Problem.contest_id, Problem.title_pinyin, Problem.id)
        .offset(page.offset)
        .limit(page.per_page)
    ).all()
    return Page(rows, total, page)


def list_data_files(
    session: Session, problem: Problem, revision: Revision, actor: User | None, now: datetime
) -> list[StoredFile]:
    """Return what the actor may download: the public files, then the inputs of opened stages.

    Inputs are listed where boards have inputs of their own; where rows are split, the public
    files hold what has to be answered.
    """
    public = session.scalars(
        select(PublicFile)
        .where(PublicFile.revision_id == revision.id)
        .order_by(PublicFile.path)
        .options(defer(PublicFile.preview))
    )
    files = [StoredFile(file.path, file.size, file.digest) for file in public]
    if revision.spec["scoring"]["partition"] == Partition.ROWS:
        return files
    boards = session.scalars(
        select(BoardData).where(BoardData.revision_id == revision.id).order_by(BoardData.board)
    )
    return files + [
        StoredFile(f"input-{data.board}.zip", data.input_size or 0, data.input_blob)
        for data in boards
        if data.input_blob is not None and can_download_input(actor, problem, data.board, now)
    ]


def map_previews(session: Session, revision: Revision) -> dict[str, dict[str, Any]]:
    """Return the previews of a revision's public files, by path."""
    rows = session.execute(
        select(PublicFile.path, PublicFile.preview).where(
            PublicFile.revision_id == revision.id, PublicFile.preview.is_not(None)
        )
    )
    return {path: preview for path, preview in rows if preview}


def get_data_file(files: Iterable[StoredFile], path: str) -> StoredFile:
    """Return one of the files somebody may download.

    Raises:
        FileNotFoundInProblemError: none of them has that path.
    """
    for file in files:
        if file.path == path:
            return file
    raise FileNotFoundInProblemError(path=path)


def list_twins(session: Session, revision: Revision) -> Sequence[Problem]:
    """Return the other problems whose hidden data was made from a revision's seed: its clones."""
    twin = exists().where(
        Revision.problem_id == Problem.id,
        Revision.seed_commitment == revision.seed_commitment,
    )
    return session.scalars(
        select(Problem)
        .where(Problem.id != revision.problem_id, twin)
        .options(selectinload(Problem.stages))
    ).all()


def has_staged_revision(session: Session, problem: Problem) -> bool:
    """Say whether a re-score of a problem is being prepared."""
    staged = select(Revision.id).where(Revision.problem_id == problem.id, Revision.is_staged)
    return session.scalar(staged.limit(1)) is not None


def find_board_data(session: Session, revision: Revision, board: Board) -> BoardData | None:
    """Return what a board's runs and scorer see, or None where there is no such board."""
    return session.scalar(
        select(BoardData).where(BoardData.revision_id == revision.id, BoardData.board == board)
    )


def has_accepted_rules(session: Session, user: User, problem: Problem) -> bool:
    """Say whether somebody accepted the rules of the revision in force."""
    found = session.scalar(
        select(RulesAcceptance.id).where(
            RulesAcceptance.user_id == user.id,
            RulesAcceptance.problem_id == problem.id,
            RulesAcceptance.revision_number == problem.revision_number,
        )
    )
    return found is not None


def list_publications(session: Session, page: PageRequest) -> Page[Publication]:
    """Return uploaded packs, newest first."""
    total = session.scalar(select(func.count(Publication.id))) or 0
    rows = session.scalars(
        select(Publication).order_by(Publication.id.desc()).offset(page.offset).limit(page.per_page)
    ).all()
    return Page(rows, total, page)


def get_publication(session: Session, publication_id: int) -> Publication:
    """Return one uploaded pack.

    Raises:
        PublicationNotFoundError: there is none of that number.
    """
    publication = session.get(Publication, publication_id)
    if publication is None:
        raise PublicationNotFoundError(number=publication_id)
    return publication
