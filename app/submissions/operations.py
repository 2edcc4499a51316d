"""Writes: accept a submission, give a quota slot back, take a submission off the boards."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.audit import record_audit
from app.core.blobs import Blob
from app.core.clock import beijing_day, next_beijing_midnight
from app.core.db import hold
from app.core.errors import ConflictError
from app.core.i18n import N_
from app.problems.models import Board, Partition, Problem, Revision, StageState
from app.problems.operations import require_unsigned
from app.submissions.errors import (
    DebugLimitError,
    KindNotAcceptedError,
    QuotaExceededError,
    StaffCannotSubmitError,
    StageClosedError,
)
from app.submissions.models import Kind, QuotaSlot, Submission
from app.submissions.policy import can_submit
from app.submissions.queries import Quota, find_repeated_submission
from app.teams.errors import TeamNotApprovedError
from app.teams.models import Team
from app.teams.operations import ensure_team
from app.teams.policy import is_approved

NOTE_LENGTH: Final = 500
FILENAME_LENGTH: Final = 255
DEBUG_WINDOW: Final = timedelta(hours=1)
_NAMELESS: Final = "submission"
_TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Upload:
    """What was handed in and how it was described; the blob is stored and checked already."""

    blob: Blob
    filename: str
    kind: Kind
    board: Board = Board.A
    note: str = ""
    idempotency_key: str | None = None


class AlreadyRetractedError(ConflictError):
    """It was retracted before."""

    code = "already_retracted"
    message = N_("This submission has already been retracted.")


def check_may_submit(problem: Problem, user: User, board: Board, *, now: datetime) -> None:
    """Refuse early, before an upload is read.

    Raises:
        StaffCannotSubmitError: the person works for the contest.
        StageClosedError: the board's stage takes nothing now.
        KindNotAcceptedError: board B of a problem whose one answer covers both.
    """
    if not can_submit(user):
        raise StaffCannotSubmitError
    stage = problem.stage(board)
    if problem.archived_at is not None or stage is None or stage.state(now) is not StageState.OPEN:
        raise StageClosedError(stage=board.value)


def check_approval(problem: Problem, team: Team | None) -> None:
    """Refuse early a team (None: somebody in none yet) that its contest has not approved.

    Raises:
        TeamNotApprovedError: an organiser has to approve it first.
    """
    if not is_approved(problem, team):
        raise TeamNotApprovedError


def check_quota(quota: Quota, *, now: datetime) -> None:
    """Refuse early a team that has used its day up; whether there is a slot `submit` decides.

    Raises:
        QuotaExceededError: today's submissions are used up.
    """
    if quota.left == 0:
        raise _exceeded(quota.limit, now)


def submit(
    session: Session, revision: Revision, user: User, upload: Upload, *, now: datetime
) -> tuple[Submission, bool]:
    """Accept one submission; return it and whether it is new (an idempotent repeat is not).

    Raises:
        StaffCannotSubmitError, StageClosedError: see `check_may_submit`.
        KindNotAcceptedError: B takes predictions only: code is run on B by the platform.
        TeamNotApprovedError: see `check_approval`.
        QuotaExceededError: today's submissions are used up.
    """
    if upload.idempotency_key is not None:
        earlier = find_repeated_submission(session, user, upload.idempotency_key)
        if earlier is not None:
            return earlier, False
    problem = revision.problem
    check_may_submit(problem, user, upload.board, now=now)
    if upload.board is Board.B and (upload.kind is Kind.CODE or not _has_sets(revision)):
        raise KindNotAcceptedError(kind=upload.kind)
    team = ensure_team(session, problem, user, now)
    check_approval(problem, team)
    submission = _build(revision, upload, now=now)
    submission.team, submission.user = team, user
    session.add(submission)
    session.flush()
    _claim_slot(session, problem, team, submission, now=now)
    return submission, True


def check_may_debug(problem: Problem, user: User, *, now: datetime) -> None:
    """Refuse early, before an upload is read.

    Raises:
        StaffCannotSubmitError: the person works for the contest.
        StageClosedError: no stage takes anything now.
    """
    if not can_submit(user):
        raise StaffCannotSubmitError
    if not any(stage.state(now) is StageState.OPEN for stage in problem.stages):
        raise StageClosedError(stage=Board.A.value)


def submit_debug(
    session: Session, revision: Revision, user: User, upload: Upload, *, now: datetime, limit: int
) -> tuple[Submission, bool]:
    """Accept one try run, of at most `limit` of a team in an hour; it takes no quota slot.

    Returns it and whether it is new (an idempotent repeat is not).

    Raises:
        StaffCannotSubmitError, StageClosedError: see `check_may_debug`.
        TeamNotApprovedError: see `check_approval`.
        DebugLimitError: this hour's try runs are used up.
    """
    if upload.idempotency_key is not None:
        earlier = find_repeated_submission(session, user, upload.idempotency_key)
        if earlier is not None:
            return earlier, False
    problem = revision.problem
    check_may_debug(problem, user, now=now)
    team = ensure_team(session, problem, user, now)
    check_approval(problem, team)
    hold(session, team)  # of two team mates at once the second counts the first
    check_debug_limit(count_debug_runs(session, problem, team.id, now=now), limit, now=now)
    submission = _build(revision, upload, now=now)
    submission.team, submission.user, submission.is_debug = team, user, True
    session.add(submission)
    session.flush()
    return submission, True


@dataclass(frozen=True, slots=True)
class DebugRuns:
    """A team's try runs of the last hour, and when the first of them was."""

    used: int
    first_at: datetime | None


def count_debug_runs(
    session: Session, problem: Problem, team_id: int | None, *, now: datetime
) -> DebugRuns:
    """Count the try runs of the last hour."""
    row = session.execute(
        select(func.count(Submission.id), func.min(Submission.created_at)).where(
            Submission.problem_id == problem.id,
            Submission.team_id == team_id,
            Submission.is_debug,
            Submission.created_at > now - DEBUG_WINDOW,
        )
    ).one()
    return DebugRuns(row[0], row[1])


def check_debug_limit(runs: DebugRuns, limit: int, *, now: datetime) -> None:
    """Refuse one more try run than allowed.

    Raises:
        DebugLimitError: with the seconds until the next one is.
    """
    if runs.used >= limit:
        free_at = (runs.first_at or now) + DEBUG_WINDOW
        raise DebugLimitError(retry_after=max(1, int((free_at - now).total_seconds())), limit=limit)


def submit_baseline(
    session: Session, revision: Revision, blob: Blob, *, now: datetime
) -> Submission:
    """Enter a pack's baseline: no team, no quota, marked as what it is."""
    submission = _build(revision, Upload(blob, "baseline.zip", Kind.CODE), now=now)
    submission.is_baseline = True
    session.add(submission)
    session.flush()
    return submission


def refund(session: Session, submission_id: int) -> None:
    """Give the quota slot back; a submission that holds none is no error."""
    session.execute(delete(QuotaSlot).where(QuotaSlot.submission_id == submission_id))


def retract(
    session: Session, submission: Submission, actor: User, reason: str, *, now: datetime
) -> None:
    """Take a submission off every board; its history stays.

    Raises:
        BoardSignedOffError: a board of the problem is signed off.
        AlreadyRetractedError: it is off already.
    """
    hold(session, submission)
    if submission.retracted_at is not None:
        raise AlreadyRetractedError
    require_unsigned(session, submission.problem)
    submission.retracted_at = now
    record_audit(
        session,
        actor.as_actor(),
        "submission.retract",
        f"submission:{submission.id}",
        {"reason": reason, "problem": submission.problem.slug, "team": submission.team_id},
        now=now,
    )


def change_note(session: Session, submission: Submission, note: str) -> None:
    """Write the team's note anew: the one thing about a submission that may change."""
    submission.note = note.strip()[:NOTE_LENGTH]
    session.flush()


def clean_filename(text: str) -> str:
    """Return the name an upload is shown and given back under: no folder, nothing invisible."""
    name = re.split(r"[/\\]", text)[-1]
    plain = "".join(letter for letter in name if letter.isprintable() and letter != '"').strip()
    return plain[-FILENAME_LENGTH:] or _NAMELESS


def _has_sets(revision: Revision) -> bool:
    return bool(revision.spec["scoring"].get("partition") == Partition.SETS)


def _build(revision: Revision, upload: Upload, *, now: datetime) -> Submission:
    return Submission(
        problem_id=revision.problem_id,
        revision=revision,
        kind=upload.kind,
        board=upload.board,
        blob=upload.blob.digest,
        size=upload.blob.size,
        filename=clean_filename(upload.filename),
        note=upload.note[:NOTE_LENGTH],
        idempotency_key=upload.idempotency_key,
        created_at=now,
    )


def _claim_slot(
    session: Session, problem: Problem, team: Team, submission: Submission, *, now: datetime
) -> None:
    """Insert the day's lowest free ordinal; losing a race to a team mate means trying the next."""
    day, limit = beijing_day(now), problem.submissions_per_day
    for _ in range(_TRIES):
        taken = set(
            session.scalars(
                select(QuotaSlot.ordinal).where(
                    QuotaSlot.problem_id == problem.id,
                    QuotaSlot.team_id == team.id,
                    QuotaSlot.day == day,
                )
            )
        )
        free = next((number for number in range(1, limit + 1) if number not in taken), None)
        if free is None:
            break
        slot = QuotaSlot(
            problem_id=problem.id,
            team_id=team.id,
            day=day,
            ordinal=free,
            submission_id=submission.id,
        )
        try:
            with session.begin_nested():
                session.add(slot)
        except IntegrityError:
            continue
        return
    raise _exceeded(limit, now)


def _exceeded(limit: int, now: datetime) -> QuotaExceededError:
    wait = (next_beijing_midnight(now) - now).total_seconds()
    return QuotaExceededError(retry_after=max(1, int(wait)), limit=limit)
