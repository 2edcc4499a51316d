"""Claiming work: which queued evaluation is next, fairly, and exactly one worker per evaluation.

A claim is a lease. It is renewed by the worker's heartbeat; when it runs out, the sweep puts the
evaluation back. `attempt` counts claims, and every later write names it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from app.evaluations.errors import IllegalTransitionError
from app.evaluations.models import CLAIMED, Evaluation, State
from app.evaluations.states import Step, advance
from app.problems.models import Board, BoardData, Partition, Revision
from app.submissions.models import Kind, Submission
from problems.spec import ProblemSpec


@dataclass(frozen=True, slots=True)
class Assignment:
    """All a worker needs to evaluate without the database."""

    evaluation_id: int
    submission_id: int
    attempt: int
    worker: str
    board: Board
    kind: Kind
    spec: ProblemSpec
    submission_blob: str
    pack_blob: str
    keys_blob: str | None
    input_blob: str | None
    truths: dict[Board, str]
    """The truth of every board this evaluation is scored on."""

    @property
    def first_state(self) -> State:
        """A predictions file has nothing to run."""
        return State.RUNNING if self.kind is Kind.CODE else State.SCORING

    def owner(self, installation: str) -> str:
        """Return what marks this claim's containers."""
        return f"{installation}/{self.evaluation_id}/{self.attempt}"


class UnreadableEvaluationError(Exception):
    """What an evaluation needs cannot be put together; the cause says what is missing."""

    def __init__(self, evaluation_id: int) -> None:
        self.evaluation_id = evaluation_id
        super().__init__(f"evaluation {evaluation_id} cannot be read")


def claim_next(
    session: Session, pool: str, worker: str, *, now: datetime, lease: timedelta
) -> Assignment | None:
    """Claim the fairest waiting evaluation of a pool, or return None when none waits.

    Raises:
        UnreadableEvaluationError: whose turn it is cannot be evaluated at all, by our fault.
    """
    while (candidate := _next_waiting(session, pool, now=now)) is not None:
        try:
            assignment = _assignment(session, candidate, worker)
        except (LookupError, ValueError, NoResultFound) as error:
            raise UnreadableEvaluationError(candidate.id) from error
        step = Step(assignment.first_state, now, worker, "claimed", candidate.attempt)
        try:
            advance(
                session,
                candidate.id,
                step,
                attempt=assignment.attempt,
                worker=worker,
                started_at=now,
                scoring_at=now if assignment.first_state is State.SCORING else None,
                lease_expires_at=now + lease,
            )
        except IllegalTransitionError:
            session.expire(candidate)  # another worker was faster
            continue
        return assignment
    return None


def _next_waiting(session: Session, pool: str, *, now: datetime) -> Evaluation | None:
    """Return whose turn it is: fewest running first, then who waited longest for a turn.

    A team with fifty waiting gets one turn between any two of a team with one. Baselines share one
    turn. Predictions go before code within a team: they take a second. Re-runs wait behind
    everything that is new.
    """
    share = func.coalesce(Submission.team_id, 0)
    standing = (
        select(
            share.label("team"),
            func.sum(case((Evaluation.state.in_(CLAIMED), 1), else_=0)).label("running"),
            func.max(Evaluation.started_at).label("last_turn"),
        )
        .join(Submission, Evaluation.submission_id == Submission.id)
        .where(_recent(now))
        .group_by(share)
        .subquery()
    )
    return session.scalar(
        select(Evaluation)
        .join(Submission, Evaluation.submission_id == Submission.id)
        .outerjoin(standing, standing.c.team == share)
        .where(
            Evaluation.state == State.QUEUED,
            Evaluation.pool == pool,
            or_(Evaluation.not_before.is_(None), Evaluation.not_before <= now),
        )
        .order_by(
            case((Evaluation.number > 1, 1), else_=0),
            func.coalesce(standing.c.running, 0),
            case((standing.c.last_turn.is_(None), 0), else_=1),
            standing.c.last_turn,
            case((Submission.kind == Kind.PREDICTIONS, 0), else_=1),
            Evaluation.id,
        )
        .limit(1)
        .execution_options(populate_existing=True)
    )


def _recent(now: datetime) -> ColumnElement[bool]:
    """Bound what fairness looks at: what runs, and turns of the last day."""
    return or_(
        Evaluation.state.in_(CLAIMED),
        and_(Evaluation.started_at.is_not(None), Evaluation.started_at > now - timedelta(days=1)),
    )


def _assignment(session: Session, evaluation: Evaluation, worker: str) -> Assignment:
    submission = session.get_one(Submission, evaluation.submission_id)
    revision = session.get_one(Revision, submission.revision_id)
    data = {
        found.board: found
        for found in session.scalars(select(BoardData).where(BoardData.revision_id == revision.id))
    }
    spec = ProblemSpec.model_validate(revision.spec)
    sets = spec.scoring.partition == Partition.SETS
    scored_on = [evaluation.board] if sets else list(data)
    return Assignment(
        evaluation_id=evaluation.id,
        submission_id=submission.id,
        attempt=evaluation.attempt + 1,
        worker=worker,
        board=evaluation.board,
        kind=submission.kind,
        spec=spec,
        submission_blob=submission.blob,
        pack_blob=revision.pack_blob,
        keys_blob=revision.keys_blob if not sets else data[evaluation.board].keys_blob,
        input_blob=data[evaluation.board].input_blob,
        truths={board: data[board].truth_blob for board in scored_on},
    )


def renew(
    session: Session, assignment: Assignment, *, now: datetime, lease: timedelta
) -> "Renewal":
    """Move a lease on; say whether it was still ours and whether a cancel was asked for."""
    row = session.execute(
        update(Evaluation)
        .where(
            Evaluation.id == assignment.evaluation_id,
            Evaluation.attempt == assignment.attempt,
            Evaluation.state.in_(CLAIMED),
        )
        .values(lease_expires_at=now + lease)
        .returning(Evaluation.cancel_requested_at)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return Renewal(ours=row is not None, cancel=row is not None and row[0] is not None)


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a heartbeat learned."""

    ours: bool
    cancel: bool


def is_claim_alive(session: Session, evaluation_id: int, attempt: int, *, now: datetime) -> bool:
    """Tell whether a claim is the last one and its lease runs: its container may live."""
    return (
        session.scalar(
            select(Evaluation.id).where(
                Evaluation.id == evaluation_id,
                Evaluation.attempt == attempt,
                Evaluation.state.in_(CLAIMED),
                Evaluation.lease_expires_at > now,
            )
        )
        is not None
    )
