"""What waits for somebody of the staff: one query for each kind of thing, however much there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from app.accounts.models import STAFF, User
from app.bulk.models import Bulk, BulkState
from app.discussions.models import Post, Thread
from app.evaluations.models import Evaluation, State, Verdict
from app.problems.models import Problem, Publication, PublicationState, Stage
from app.rescoring.models import Rescore, RescoreState
from app.reviews.queries import map_flagged
from app.submissions.models import Submission

SOON: Final = timedelta(days=3)
"""A stage that ends within this time is told of."""
_REFUSED_WITHIN: Final = timedelta(days=14)
_MOST: Final = 6
"""So many of a kind are listed one by one; the rest is a number."""
_OURS: Final = (Verdict.SYSTEM_ERROR, Verdict.SCORER_ERROR, Verdict.INVALID_SCORES)


@dataclass(frozen=True, slots=True)
class Faults:
    """Evaluations of one problem that failed through no fault of a team."""

    problem: Problem
    verdict: Verdict
    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Everything that waits, as it was found."""

    faults: Sequence[Faults]
    questions: Sequence[Thread]
    """Threads in which nobody of the staff has written and no answer is marked: the oldest."""
    questions_count: int
    packs: Sequence[Publication]
    """Refused, and not followed by another try."""
    ending: Sequence[Stage]
    unsigned: Sequence[Stage]
    """Closed with scores on it, and not signed off."""
    unrevealed: Sequence[Problem]
    """All stages closed and B hidden."""
    flagged: Sequence[tuple[Problem, int, datetime]]
    rescores: Sequence[Rescore]
    bulks: Sequence[Bulk]


def read_waiting(session: Session, *, now: datetime) -> Waiting:
    """Read everything that waits; a constant number of queries."""
    questions, count = _list_questions(session)
    stages = _list_stages(session, now)
    closed = [one for one in stages if one.closes_at is not None and one.closes_at <= now]
    return Waiting(
        faults=_list_faults(session),
        questions=questions,
        questions_count=count,
        packs=_list_refused(session, now),
        ending=[one for one in stages if one not in closed],
        unsigned=[one for one in closed if one.signed_off_at is None],
        unrevealed=_unrevealed(closed),
        flagged=_list_flagged(session),
        rescores=_list_rescores(session),
        bulks=_list_bulks(session),
    )


def _list_faults(session: Session) -> list[Faults]:
    rows = session.execute(
        select(
            Problem,
            Evaluation.verdict,
            func.count(Evaluation.id),
            func.min(Evaluation.finished_at),
        )
        .join(Submission, Submission.problem_id == Problem.id)
        .join(Evaluation, Evaluation.submission_id == Submission.id)
        .where(
            Evaluation.state == State.FAILED,
            Evaluation.is_current.is_(True),
            Evaluation.verdict.in_(_OURS),
            Submission.is_debug.is_(False),
            Submission.retracted_at.is_(None),
        )
        .group_by(Problem.id, Evaluation.verdict)
        .order_by(func.min(Evaluation.finished_at))
    )
    return [
        Faults(problem, verdict, count, since)
        for problem, verdict, count, since in rows
        if verdict is not None and since is not None
    ]


def _list_questions(session: Session) -> tuple[list[Thread], int]:
    said = (
        select(Post.id)
        .join(User, User.id == Post.author_id)
        .where(Post.thread_id == Thread.id, User.role.in_(STAFF), Post.hidden_at.is_(None))
        .exists()
    )
    rows = session.execute(
        select(Thread, func.count().over())
        .join(Problem, Problem.id == Thread.problem_id)
        .where(~said, Thread.answer_id.is_(None), Problem.withdrawn_at.is_(None))
        .order_by(Thread.created_at, Thread.id)
        .limit(_MOST)
        .options(joinedload(Thread.problem))
    ).all()
    return [row[0] for row in rows], rows[0][1] if rows else 0


def _list_refused(session: Session, now: datetime) -> Sequence[Publication]:
    later = aliased(Publication)
    tried_again = (
        select(later.id)
        .where(
            later.id > Publication.id,
            or_(
                later.filename == Publication.filename,
                later.problem_slug == Publication.problem_slug,
            ),
        )
        .exists()
    )
    return session.scalars(
        select(Publication)
        .where(
            Publication.state == PublicationState.REFUSED,
            Publication.finished_at > now - _REFUSED_WITHIN,
            ~tried_again,
        )
        .order_by(Publication.finished_at)
        .limit(_MOST)
    ).all()


def _list_stages(session: Session, now: datetime) -> Sequence[Stage]:
    """Return the stages that end soon, and the closed ones of problems where a team has a score."""
    scored = (
        select(Evaluation.id)
        .join(Submission, Submission.id == Evaluation.submission_id)
        .where(
            Submission.problem_id == Stage.problem_id,
            Submission.team_id.is_not(None),
            Submission.is_debug.is_(False),
            Evaluation.is_current.is_(True),
            Evaluation.state == State.SCORED,
        )
        .exists()
    )
    undecided = or_(Stage.signed_off_at.is_(None), Problem.b_revealed_at.is_(None))
    closed = and_(Stage.closes_at <= now, undecided, scored)
    ends = and_(Stage.closes_at > now, Stage.closes_at <= now + SOON, Stage.opens_at <= now)
    return session.scalars(
        select(Stage)
        .join(Problem, Problem.id == Stage.problem_id)
        .where(Problem.withdrawn_at.is_(None), or_(closed, ends))
        .order_by(Stage.closes_at, Stage.id)
        .options(joinedload(Stage.problem).selectinload(Problem.stages))
    ).all()


def _unrevealed(closed: Sequence[Stage]) -> list[Problem]:
    problems = {one.problem_id: one.problem for one in closed}
    return [
        one
        for one in problems.values()
        if one.b_revealed_at is None
        and len(one.stages) > 1
        and all(stage in closed for stage in one.stages)
    ]


def _list_flagged(session: Session) -> list[tuple[Problem, int, datetime]]:
    found = map_flagged(session)
    problems = session.scalars(select(Problem).where(Problem.id.in_(found))).all()
    return [(one, *found[one.id]) for one in problems]


def _list_rescores(session: Session) -> Sequence[Rescore]:
    return session.scalars(
        select(Rescore)
        .where(Rescore.state != RescoreState.PUBLISHED)
        .order_by(Rescore.id)
        .options(joinedload(Rescore.problem))
    ).all()


def _list_bulks(session: Session) -> Sequence[Bulk]:
    over = (BulkState.DONE, BulkState.STOPPED)
    return session.scalars(
        select(Bulk)
        .where(Bulk.state.not_in(over))
        .order_by(Bulk.id)
        .options(joinedload(Bulk.problem))
    ).all()
