"""What workers run. A job is a doorbell: it says that something waits, the database says what.

Ringing too often does no harm (nothing is found) and ringing too rarely is mended by the sweep.
"""

import logging
import traceback
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from app.core.current import platform, settings, worker_name
from app.core.jobs import JobQueue, enqueue, job
from app.core.platform import Platform
from app.evaluations import operations
from app.evaluations.claims import Assignment, UnreadableEvaluationError, claim_next
from app.evaluations.errors import IllegalTransitionError
from app.evaluations.execution import Surroundings, evaluate
from app.evaluations.heartbeat import Heartbeat
from app.evaluations.models import CLAIMED, Evaluation, State
from app.evaluations.outcomes import Outcome
from app.evaluations.states import Step, advance
from app.evaluations.workspace import open_workspace
from app.settings import Settings
from sandbox import RunResult

logger = logging.getLogger("baijing.worker")
_LONGEST_JOB: Final = timedelta(hours=24)
"""The run's own limit and the lease are shorter; this one only ends a job that hangs."""


@job(timeout=_LONGEST_JOB)
def evaluate_next(pool: str) -> None:
    """Evaluate whatever is next in a pool."""
    evaluate_one(platform(), settings(), pool, worker_name())


def ring(session: Session, queue: JobQueue, evaluation: Evaluation) -> None:
    """Wake a worker once the transaction commits."""
    enqueue(session, queue, evaluation.pool, evaluate_next, evaluation.pool)


def evaluate_one(port: Platform, configured: Settings, pool: str, worker: str) -> bool:
    """Claim, evaluate and record one evaluation; return whether there was one.

    Two short transactions with nothing open between them while untrusted code runs.
    """
    lease = timedelta(seconds=configured.lease_seconds)
    try:
        with port.database.transaction() as session:
            assignment = claim_next(session, pool, worker, now=port.clock.now(), lease=lease)
    except UnreadableEvaluationError as error:
        logger.exception("evaluation %s: our fault", error.evaluation_id)
        _set_aside(port, error.evaluation_id, traceback.format_exc(limit=-3)[-2000:], worker)
        return True
    if assignment is None:
        return False
    logger.info("evaluation %s: attempt %s", assignment.evaluation_id, assignment.attempt)
    beat = Heartbeat(port, assignment, every=configured.heartbeat_seconds, lease=lease)
    try:
        with beat:
            outcome = _evaluate(port, configured, assignment, beat)
            # with the lease still renewed and no transaction open: a store may be slow
            losses = operations.store_losses(port.blobs, outcome)
    except Exception:
        logger.exception("evaluation %s: our fault", assignment.evaluation_id)
        _give_back(port, assignment, traceback.format_exc(limit=-3)[-2000:])
        return True
    if beat.lost.is_set():
        logger.warning("evaluation %s: claim lost, result dropped", assignment.evaluation_id)
        return True
    _record(port, assignment, outcome, losses, beat)
    return True


def _evaluate(
    port: Platform, configured: Settings, assignment: Assignment, beat: Heartbeat
) -> Outcome:
    def announce(run: RunResult) -> None:
        with port.database.transaction() as session:
            now = port.clock.now()
            step = Step(State.SCORING, now, assignment.worker, "ran", assignment.attempt, CLAIMED)
            lease = now + timedelta(seconds=configured.lease_seconds)
            advance(
                session,
                assignment.evaluation_id,
                step,
                scoring_at=now,
                lease_expires_at=lease,
                wall_s=run.wall_s,
            )

    name = f"{assignment.evaluation_id}.{assignment.attempt}"
    with open_workspace(port.cache, name) as folder:
        around = Surroundings(
            platform=port,
            folder=folder,
            owner=assignment.owner(port.installation),
            cancel=beat.cancel,
            log=beat.logbook,
            announce_scoring=announce,
        )
        return evaluate(assignment, around)


def _record(
    port: Platform, assignment: Assignment, outcome: Outcome, losses: str | None, beat: Heartbeat
) -> None:
    try:
        with port.database.transaction() as session:
            now = port.clock.now()
            beat.logbook.close(session, outcome.run)
            state = operations.record_outcome(
                session, assignment, outcome, losses_blob=losses, now=now
            )
    except IllegalTransitionError:
        logger.warning("evaluation %s: claim lost, result dropped", assignment.evaluation_id)
        return
    logger.info("evaluation %s: %s %s", assignment.evaluation_id, state, outcome.verdict or "")


def _set_aside(port: Platform, evaluation_id: int, reason: str, worker: str) -> None:
    try:
        with port.database.transaction() as session:
            now = port.clock.now()
            operations.record_unreadable(session, evaluation_id, reason, now=now, actor=worker)
    except IllegalTransitionError:
        logger.warning("evaluation %s: somebody else has it", evaluation_id)


def _give_back(port: Platform, assignment: Assignment, reason: str) -> None:
    try:
        with port.database.transaction() as session:
            operations.record_fault(
                session,
                assignment.evaluation_id,
                assignment.attempt,
                reason,
                now=port.clock.now(),
                actor=assignment.worker,
            )
    except IllegalTransitionError:
        logger.warning("evaluation %s: claim lost", assignment.evaluation_id)
