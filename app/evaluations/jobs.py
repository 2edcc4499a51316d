"""What workers run. A job is a doorbell: it says that something waits, the database says what.

Ringing too often does no harm (nothing is found) and ringing too rarely is mended by the sweep.
"""

import logging
import traceback
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from app.compute.health import find_sickness, mark_sick
from app.compute.naming import worker_of
from app.core.current import platform, settings, worker_name
from app.core.jobs import JobQueue, enqueue, job
from app.core.platform import Platform
from app.evaluations import operations
from app.evaluations.claims import Assignment, UnreadableEvaluationError, claim_next
from app.evaluations.climbing import climb_team
from app.evaluations.devices import DevicesLostError, device_leases
from app.evaluations.errors import IllegalTransitionError
from app.evaluations.execution import Surroundings, evaluate
from app.evaluations.heartbeat import Heartbeat
from app.evaluations.ladder import is_due
from app.evaluations.losses import store_losses
from app.evaluations.models import CLAIMED, Evaluation, State
from app.evaluations.outcomes import Outcome
from app.evaluations.recovery import Claim, Why, put_back
from app.evaluations.sickness import find_cause
from app.evaluations.states import Step, advance
from app.evaluations.workspace import open_workspace
from app.settings import Settings
from sandbox import RunResult
from sandbox import Verdict as RunVerdict

logger = logging.getLogger("baijing.worker")
_KILLED: Final = frozenset({"SIGKILL", "SIGTERM"})
"""By these a kernel without memory, a runtime that dies and an engine that restarts end a run."""
_UNKNOWN_STATUS: Final = 255
"""What an engine says where nobody has seen the end."""
_UNEXPLAINED: Final = "killed, and no limit was reached: by this machine or by itself"
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

    Two short transactions with nothing open between them while untrusted code runs. On a host that
    is known to be sick nothing is claimed.
    """
    lease = timedelta(seconds=configured.lease_seconds)
    try:
        assignment = _claim(port, pool, worker, lease)
    except UnreadableEvaluationError as error:
        logger.exception("evaluation %s: our fault", error.evaluation_id)
        _set_aside(port, error.evaluation_id, traceback.format_exc(limit=-3)[-2000:], worker)
        return True
    if assignment is None:
        return False
    logger.info("evaluation %s: attempt %s", assignment.evaluation_id, assignment.attempt)
    _attempt(port, configured, assignment, lease)
    return True


def _claim(port: Platform, pool: str, worker: str, lease: timedelta) -> Assignment | None:
    with port.database.transaction() as session:
        if find_sickness(session, worker_of(worker)) is not None:
            return None
        return claim_next(
            session,
            pool,
            worker,
            now=port.clock.now(),
            lease=lease,
            leases=device_leases(port, lease),
        )


def _attempt(
    port: Platform, configured: Settings, assignment: Assignment, lease: timedelta
) -> None:
    beat = Heartbeat(port, assignment, every=configured.heartbeat_seconds, lease=lease)
    with beat:
        try:
            with beat.devices:
                outcome = _evaluate(port, configured, assignment, beat)
                beat.devices.require()
                # with the lease still renewed and no transaction open: a store may be slow
                losses = store_losses(port.blobs, outcome)
        except DevicesLostError as error:
            logger.warning("evaluation %s: %s", assignment.evaluation_id, error)
            _put_back(port, assignment, str(error))
            return
        except Exception as error:
            logger.exception("evaluation %s: our fault", assignment.evaluation_id)
            _end_faulty(port, assignment, error)
            return
    if beat.lost.is_set():
        logger.warning("evaluation %s: claim lost, result dropped", assignment.evaluation_id)
        return
    if beat.give_way.is_set() and outcome.state is State.CANCELLED:
        _put_back(port, assignment, "made room for what is not a re-score's", Why.LEAVING)
    elif not (_is_unexplained(outcome) and _try_again(port, assignment)):
        _record(port, assignment, outcome, losses, beat)
    _ring_for_devices(port, assignment)


def _is_unexplained(outcome: Outcome) -> bool:
    """Tell whether a run was killed without a limit of its own: it may have been this machine.

    Whoever did it, from here it looks like a program that kills itself.
    """
    run = outcome.run
    return (
        run is not None
        and run.verdict is RunVerdict.RUNTIME_ERROR
        and run.excess is None
        and (run.signal in _KILLED or run.exit_code == _UNKNOWN_STATUS)
    )


def _try_again(port: Platform, assignment: Assignment) -> bool:
    """Count an unexplained end as our fault and have it run again; False once that is used up.

    Whoever kills itself every time is judged for it in the end: no run is free without end.
    """
    with port.database.transaction() as session:
        evaluation = session.get_one(Evaluation, assignment.evaluation_id)
        if evaluation.system_faults >= operations.MOST_FAULTS - 1:
            return False
    logger.warning("evaluation %s: killed by nobody known; again", assignment.evaluation_id)
    _give_back(port, assignment, _UNEXPLAINED)
    return True


def _evaluate(
    port: Platform, configured: Settings, assignment: Assignment, beat: Heartbeat
) -> Outcome:
    def announce(run: RunResult) -> None:
        beat.devices.settle()
        beat.devices.require()
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
        _ring_for_devices(port, assignment)

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
            operations.get_claimed(session, assignment.evaluation_id)
            beat.logbook.close(session, outcome.run)
            state = operations.record_outcome(
                session, assignment, outcome, losses_blob=losses, now=now
            )
    except IllegalTransitionError:
        logger.warning("evaluation %s: claim lost, result dropped", assignment.evaluation_id)
        return
    logger.info("evaluation %s: %s %s", assignment.evaluation_id, state, outcome.verdict or "")
    _climb(port, assignment)


def _climb(port: Platform, assignment: Assignment) -> None:
    """Tell at once what can be told of it; where that fails the scheduler does it."""
    with port.database.reading() as session:
        evaluation = session.get_one(Evaluation, assignment.evaluation_id)
        submission = evaluation.submission
        if not is_due(session, submission.problem_id, submission.team_id):
            return
        team = (submission.problem_id, submission.team_id)
    try:
        climb_team(port, *team)
    except Exception:
        logger.exception("ladder of problem %s, team %s: left to the scheduler", *team)


def _set_aside(port: Platform, evaluation_id: int, reason: str, worker: str) -> None:
    try:
        with port.database.transaction() as session:
            now = port.clock.now()
            operations.record_unreadable(session, evaluation_id, reason, now=now, actor=worker)
    except IllegalTransitionError:
        logger.warning("evaluation %s: somebody else has it", evaluation_id)


def _put_back(port: Platform, assignment: Assignment, reason: str, why: Why = Why.SICK) -> None:
    """Give a claim away that its host could not serve: nothing is counted, nothing is charged."""
    claim = Claim(assignment.evaluation_id, assignment.attempt, assignment.worker)
    try:
        with port.database.transaction() as session:
            put_back(session, claim, why, reason, now=port.clock.now())
    except IllegalTransitionError:
        logger.warning("evaluation %s: claim lost", assignment.evaluation_id)


def _ring_for_devices(port: Platform, assignment: Assignment) -> None:
    """Wake a worker for whoever waits for the GPUs that have just become free.

    For the next shadow too: shadows are rung for a few at a time.
    """
    if assignment.devices or assignment.is_shadow:
        port.queue.put(assignment.pool, evaluate_next, assignment.pool)


def _end_faulty(port: Platform, assignment: Assignment, error: Exception) -> None:
    """Find out whose fault it was: a sick host's is not counted, and others may go on at once."""
    reason = "".join(traceback.format_exception(error, limit=-3))[-2000:]
    sickness = find_cause(port, error)
    if sickness is None:
        _give_back(port, assignment, reason)
        return
    with port.database.transaction() as session:
        mark_sick(session, worker_of(assignment.worker), sickness, now=port.clock.now())
    _put_back(port, assignment, f"host sick: {sickness}")
    port.queue.put(assignment.pool, evaluate_next, assignment.pool)


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
