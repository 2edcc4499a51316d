"""Reads of submissions and quotas."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, selectinload

from app.accounts.models import User
from app.core.clock import beijing_day, next_beijing_midnight
from app.core.pagination import Page, PageRequest
from app.problems.models import Board, Partition, Problem, Revision
from app.problems.queries import find_board_data
from app.submissions.errors import SubmissionNotFoundError
from app.submissions.models import QuotaSlot, Submission
from app.submissions.policy import can_read_submission
from app.teams.models import Membership


@dataclass(frozen=True, slots=True)
class Quota:
    """A team's submissions of today: how many it may make, has made, and when that restarts."""

    limit: int
    used: int
    resets_at: datetime

    @property
    def left(self) -> int:
        """How many may still be made."""
        return max(0, self.limit - self.used)


def list_team_ids(session: Session, user: User) -> frozenset[int]:
    """Return the ids of the teams a person is in."""
    return frozenset(
        session.scalars(select(Membership.team_id).where(Membership.user_id == user.id))
    )


def is_baseline() -> ColumnElement[bool]:
    """Return the condition for baselines so that an index finds them among a million others.

    Whoever has no team is a baseline: the index begins with problem and team.
    """
    return and_(Submission.team_id.is_(None), Submission.is_baseline)


def find_team_id(session: Session, problem: Problem, user: User) -> int | None:
    """Return the id of a person's team in a problem, or None."""
    return session.scalar(
        select(Membership.team_id).where(
            Membership.problem_id == problem.id, Membership.user_id == user.id
        )
    )


def get_quota(session: Session, problem: Problem, team_id: int | None, *, now: datetime) -> Quota:
    """Return a team's quota in a problem; somebody without a team has used nothing."""
    used = 0
    if team_id is not None:
        used = session.scalars(
            select(func.count(QuotaSlot.id)).where(
                QuotaSlot.problem_id == problem.id,
                QuotaSlot.team_id == team_id,
                QuotaSlot.day == beijing_day(now),
            )
        ).one()
    return Quota(problem.submissions_per_day, used, next_beijing_midnight(now))


def get_submission(session: Session, submission_id: int, *, actor: User) -> Submission:
    """Return a submission with its problem, revision and team.

    Raises:
        SubmissionNotFoundError: there is none, or the actor may not know that there is.
    """
    submission = session.scalar(
        select(Submission)
        .where(Submission.id == submission_id)
        .options(
            selectinload(Submission.problem),
            selectinload(Submission.revision),
            selectinload(Submission.team),
            selectinload(Submission.user),
        )
    )
    if submission is None:
        raise SubmissionNotFoundError
    if not can_read_submission(actor, submission, list_team_ids(session, actor)):
        raise SubmissionNotFoundError
    return submission


def find_repeated_submission(session: Session, user: User, key: str) -> Submission | None:
    """Return what an earlier request with the same idempotency key made, or None."""
    return session.scalar(
        select(Submission).where(Submission.user_id == user.id, Submission.idempotency_key == key)
    )


def find_keys_blob(session: Session, revision: Revision, board: Board) -> str | None:
    """Return the keys an answer for a board must hold: the union where one answer covers both."""
    if revision.spec["scoring"]["partition"] == Partition.ROWS:
        return revision.keys_blob
    data = find_board_data(session, revision, board)
    return None if data is None else data.keys_blob


def readable_by(actor: User) -> ColumnElement[bool]:
    """Return `can_read_submission` as SQL, for lists."""
    if actor.is_staff:
        return Submission.id.is_not(None)
    return Submission.team_id.in_(select(Membership.team_id).where(Membership.user_id == actor.id))


def list_submissions(
    session: Session,
    actor: User,
    request: PageRequest,
    *,
    problem: Problem | None = None,
    debug: bool = False,
    condition: ColumnElement[bool] | None = None,
) -> Page[Submission]:
    """Return what an actor may read, newest first: what counts, or with `debug` the try runs."""
    wanted = [readable_by(actor), Submission.is_debug.is_(debug)]
    if problem is not None:
        wanted.append(Submission.problem_id == problem.id)
    if condition is not None:
        wanted.append(condition)
    total = session.scalars(select(func.count(Submission.id)).where(*wanted)).one()
    found = session.scalars(
        select(Submission)
        .where(*wanted)
        .order_by(Submission.id.desc())
        .offset(request.offset)
        .limit(request.per_page)
        .options(
            selectinload(Submission.problem),
            selectinload(Submission.team),
            selectinload(Submission.user),
        )
    )
    return Page(found.all(), total, request)
