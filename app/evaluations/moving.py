"""Moving what waits where no worker has been for a while to a pool that can run it."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.compute.matching import Needs, least_loaded
from app.compute.queries import ALIVE_WITHIN, CPU_POOL, list_pools
from app.evaluations.models import Evaluation, EvaluationEvent, State
from app.evaluations.operations import SWEEP, count_in_hand
from app.problems.models import Revision
from app.submissions.models import Submission
from problems.spec import Resources

STRANDED_AFTER: Final = timedelta(minutes=10)
"""A worker that restarts, or a machine that does, comes back to what waited for it."""


def move_stranded(session: Session, *, now: datetime, limit: int = 500) -> int:
    """Move waiting evaluations out of pools whose workers are long gone; return how many.

    Those of problems that name their pool stay, as do those that no living pool could run.
    """
    served = {pool.name for pool in list_pools(session, now=now, within=STRANDED_AFTER)}
    waiting = session.execute(
        select(Evaluation, Revision.spec["resources"])
        .join(Submission, Evaluation.submission_id == Submission.id)
        .join(Revision, Submission.revision_id == Revision.id)
        .where(
            Evaluation.state == State.QUEUED,
            Evaluation.pool.not_in({*served, CPU_POOL}),
            Evaluation.queued_at < now - STRANDED_AFTER,
        )
        .order_by(Evaluation.id)
        .limit(limit)
        .with_for_update(of=Evaluation, skip_locked=True)
    ).all()
    if not waiting:
        return 0
    pools = list_pools(session, now=now, within=ALIVE_WITHIN)
    in_hand = count_in_hand(session)
    moved = 0
    for evaluation, stored in waiting:
        needs = _movable_needs(stored)
        able = None if needs is None else least_loaded(pools, needs, in_hand)
        if able is None:
            continue
        _move(session, evaluation, able, now)
        in_hand[able] = in_hand.get(able, 0) + 1
        moved += 1
    return moved


def _movable_needs(stored: object) -> Needs | None:
    """Return what a run needs where another pool may do; None where it must stay."""
    try:
        resources = Resources.model_validate(stored)
    except ValueError:
        return None  # whoever claims it will say what is wrong
    if resources.pool is not None or not resources.gpus:
        return None
    return Needs.of(resources)


def _move(session: Session, evaluation: Evaluation, pool: str, now: datetime) -> None:
    because = f"moved from pool {evaluation.pool}, where no worker is, to {pool}"
    evaluation.pool = pool
    session.add(
        EvaluationEvent(
            evaluation_id=evaluation.id, state=State.QUEUED, at=now, actor=SWEEP, because=because
        )
    )
    session.flush()
