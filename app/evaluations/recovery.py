"""Giving back what was claimed and cannot be finished: who is gone, who is ill, who is leaving.

None of it accuses the evaluation, so none of it counts as one of its system faults; but whoever
takes down worker after worker must end some time, so the number of claims is bounded.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.compute.naming import prefix_of
from app.core.db import hold
from app.evaluations.claims import is_claim_in
from app.evaluations.errors import IllegalTransitionError
from app.evaluations.ladder import note_end
from app.evaluations.models import CLAIMED, Evaluation, State
from app.evaluations.operations import SWEEP, end_as_system_error, get_claimed, give_slot_back
from app.evaluations.states import Step, advance

MOST_ATTEMPTS: Final = 12
"""So many claims an evaluation may take: losing that many workers is no coincidence."""

_PAUSE: Final = timedelta(seconds=1)
_LONGEST_PAUSE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim, and who gives it back."""

    evaluation_id: int
    attempt: int
    actor: str


class Why(Enum):
    """Why a claim is given back."""

    LOST = auto()
    """Its process is gone: again in a moment, a bounded number of times."""
    SICK = auto()
    """Its host can run nothing: at once, elsewhere, a bounded number of times."""
    LEAVING = auto()
    """Its worker was told to stop: at once, as often as it takes."""


def list_claims(session: Session, worker: str) -> list[Evaluation]:
    """Return what a worker and its job processes have claimed and not ended."""
    mine = or_(
        Evaluation.worker == worker,
        Evaluation.worker.startswith(prefix_of(worker), autoescape=True),
    )
    return list(session.scalars(select(Evaluation).where(Evaluation.state.in_(CLAIMED), mine)))


def is_claimed(session: Session, evaluation_id: int, attempt: int) -> bool:
    """Tell whether a claim is the last one and has not ended: its run may live.

    The lease is not looked at. Whether it has run out is the sweep's to say, who also knows when
    the clock has jumped.
    """
    return is_claim_in(session, evaluation_id, attempt, CLAIMED)


def put_back(session: Session, claim: Claim, why: Why, because: str, *, now: datetime) -> State:
    """Give one claim away, uncharged and without a system fault; return the state it has then.

    Raises:
        IllegalTransitionError: the claim is not the last one any more, or has ended.
    """
    evaluation = get_claimed(session, claim.evaluation_id)
    hold(session, evaluation)
    if evaluation.cancel_requested_at is not None:
        to = State.CANCELLED
    elif why is not Why.LEAVING and claim.attempt >= MOST_ATTEMPTS:
        to = State.FAILED
    else:
        to = State.QUEUED
    step = Step(to, now, claim.actor, because, claim.attempt, CLAIMED)
    if to is State.FAILED:
        end_as_system_error(session, evaluation, step)
        return to
    again = why is Why.LOST and claim.attempt > 1
    later = now + _PAUSE * (claim.attempt - 1) if again else None
    advance(session, claim.evaluation_id, step, worker=None, not_before=later)
    if to is State.CANCELLED:
        note_end(session, evaluation)
        give_slot_back(session, evaluation)
    return to


def put_back_expired(session: Session, *, now: datetime) -> int:
    """Give away the claims whose workers fell silent; return how many."""
    expired = list(
        session.scalars(
            select(Evaluation)
            .where(Evaluation.state.in_(CLAIMED), Evaluation.lease_expires_at < now)
            # who is being recorded or renewed in this moment is not silent
            .with_for_update(skip_locked=True)
        )
    )
    count = 0
    for evaluation in expired:
        because = f"worker {evaluation.worker} fell silent"
        try:
            put_back(session, _claim(evaluation, SWEEP), Why.LOST, because, now=now)
        except IllegalTransitionError:
            continue  # it finished, or was put back, in this moment
        count += 1
    return count


def put_back_worker(session: Session, worker: str, *, now: datetime) -> int:
    """Give away the claims of a worker that is leaving in good order; return how many."""
    count = 0
    for evaluation in list_claims(session, worker):
        try:
            put_back(session, _claim(evaluation, worker), Why.LEAVING, "worker stopped", now=now)
        except IllegalTransitionError:
            continue
        count += 1
    return count


def mend_times(session: Session, *, now: datetime, lease: timedelta) -> None:
    """Shorten what lies further ahead than anything was set: the clock was put back meanwhile.

    A dead worker's claim would otherwise hold until the clock has caught up. A living worker moves
    its lease on with the next beat.
    """
    session.execute(
        update(Evaluation)
        .where(Evaluation.state.in_(CLAIMED), Evaluation.lease_expires_at > now + 2 * lease)
        .values(lease_expires_at=now + lease)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Evaluation)
        .where(Evaluation.state == State.QUEUED, Evaluation.not_before > now + _LONGEST_PAUSE)
        .values(not_before=now)
        .execution_options(synchronize_session=False)
    )


def _claim(evaluation: Evaluation, actor: str) -> Claim:
    return Claim(evaluation.id, evaluation.attempt, actor)
