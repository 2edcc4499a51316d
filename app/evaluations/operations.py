"""Writes: queue, finish, put back, cancel and re-run evaluations. Callers own the transaction."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.compute.queries import CPU_POOL, choose_pool
from app.core.audit import record_audit
from app.core.db import hold
from app.evaluations.claims import Assignment
from app.evaluations.errors import (
    IllegalTransitionError,
    NotRunningError,
    StillRunningError,
)
from app.evaluations.ladder import note_end
from app.evaluations.models import CLAIMED, FINISHED, Evaluation, EvaluationEvent, Score, State
from app.evaluations.models import Verdict as FailedBecause
from app.evaluations.outcomes import Outcome, is_free_of_charge
from app.evaluations.run_details import pack_details
from app.evaluations.shadow_places import scoring_revision
from app.evaluations.shadows import (
    is_overtaken,
    keep_answer,
    put_back_overtaken,
    share_scoring,
)
from app.evaluations.standings import refresh_submission
from app.evaluations.states import Step, advance
from app.evaluations.telling import tell_end
from app.problems.models import Board, BoardData, Partition, Problem, Revision, Stage
from app.problems.operations import require_unsigned
from app.submissions.models import Kind, Submission
from app.submissions.operations import refund
from problems.spec import ProblemSpec
from trial.verdict_messages import SYSTEM_FAULT

MOST_FAULTS: Final = 3
RETRY_AFTER: Final = timedelta(seconds=5)
SWEEP: Final = "sweep"
_WAITING: Final = frozenset({State.QUEUED})


def pool_of(session: Session, submission: Submission, *, now: datetime) -> str:
    """Return the pool of workers that can evaluate a submission; an answer file needs no GPU."""
    if submission.kind is not Kind.CODE:
        return CPU_POOL
    resources = ProblemSpec.model_validate(submission.revision.spec).resources
    in_hand = count_in_hand(session) if resources.gpus and not resources.pool else {}
    return choose_pool(session, resources, in_hand, now=now)


def count_in_hand(session: Session) -> dict[str, int]:
    """Count what waits and what runs, by pool."""
    rows = session.execute(
        select(Evaluation.pool, func.count(Evaluation.id))
        .where(Evaluation.state.not_in(FINISHED), Evaluation.is_shadow.is_(False))
        .group_by(Evaluation.pool)
    )
    return {row[0]: row[1] for row in rows}


def queue_evaluation(
    session: Session, submission: Submission, board: Board, *, now: datetime, actor: str
) -> Evaluation:
    """Queue a submission; an earlier evaluation on the board stays as history."""
    earlier = list(
        session.scalars(
            select(Evaluation).where(
                Evaluation.submission_id == submission.id, Evaluation.board == board
            )
        )
    )
    for evaluation in earlier:
        evaluation.is_current = False
    evaluation = Evaluation(
        submission_id=submission.id,
        board=board,
        number=max((one.number for one in earlier), default=0) + 1,
        pool=pool_of(session, submission, now=now),
        state=State.QUEUED,
        messages=[],
        queued_at=now,
    )
    session.add(evaluation)
    session.flush()
    session.add(
        EvaluationEvent(
            evaluation_id=evaluation.id, state=State.QUEUED, at=now, actor=actor, because="queued"
        )
    )
    if any(one.state is State.SCORED for one in earlier):
        refresh_submission(session, submission, now=now)
    return evaluation


def record_outcome(
    session: Session,
    assignment: Assignment,
    outcome: Outcome,
    *,
    losses_blob: str | None = None,
    now: datetime,
) -> State:
    """Record how an attempt ended, once: a worker that lost its lease records nothing.

    A cancel that was accepted before is kept: the result that came after it counts for nothing.
    What a re-score has overtaken meanwhile goes back into the queue, to be scored by the new rules.
    Returns the state that was recorded.

    Raises:
        IllegalTransitionError: the claim is not the last one any more, or its shadow was discarded.
    """
    evaluation = get_claimed(session, assignment.evaluation_id)
    share_scoring(session, evaluation.submission.problem_id)
    hold(session, evaluation)
    if evaluation.cancel_requested_at is not None:
        outcome, losses_blob = Outcome(State.CANCELLED, run=outcome.run), None
    elif is_overtaken(session, assignment, evaluation.submission, outcome):
        return put_back_overtaken(session, assignment, now=now)
    why, worker = _because(outcome), assignment.worker
    step = Step(outcome.state, now, worker, why, assignment.attempt, CLAIMED)
    advance(
        session,
        assignment.evaluation_id,
        step,
        verdict=outcome.verdict,
        messages=outcome.rendered(),
        staff_message=outcome.detail,
        losses_blob=losses_blob,
        cases=outcome.cases(),
        pictures=outcome.pictures(),
        **_measurements(assignment, outcome),
    )
    for board, result in outcome.results.items():
        for key, value in result.scores.items():
            session.add(
                Score(evaluation_id=assignment.evaluation_id, board=board, key=key, value=value)
            )
    if outcome.results and not assignment.is_shadow:
        _refresh(session, assignment.evaluation_id, now)
    note_end(session, evaluation)
    if is_free_of_charge(outcome, assignment.kind):
        give_slot_back(session, evaluation)
    tell_end(session, evaluation, now=now)
    return outcome.state


def get_claimed(session: Session, evaluation_id: int) -> Evaluation:
    """Return what a worker works on.

    Raises:
        IllegalTransitionError: it was a shadow, and its re-score was discarded meanwhile.
    """
    evaluation = session.get(Evaluation, evaluation_id)
    if evaluation is None:
        raise IllegalTransitionError
    return evaluation


def record_fault(
    session: Session, evaluation_id: int, attempt: int, reason: str, *, now: datetime, actor: str
) -> State:
    """Record that our side broke: back into the queue, or the end after the third time.

    Raises:
        IllegalTransitionError: the claim is not the last one any more.
    """
    evaluation = get_claimed(session, evaluation_id)
    hold(session, evaluation)
    faults = evaluation.system_faults + 1
    counted: dict[str, object] = {"system_faults": faults}
    if evaluation.cancel_requested_at is None and faults >= MOST_FAULTS:
        step = Step(State.FAILED, now, actor, reason, attempt, CLAIMED)
        end_as_system_error(session, evaluation, step, **counted)
        return State.FAILED
    counted["staff_message"] = reason
    to = State.CANCELLED
    if evaluation.cancel_requested_at is None:
        to = State.QUEUED
        counted |= {"not_before": now + RETRY_AFTER * faults, "worker": None}
    step = Step(to, now, actor, reason, attempt, CLAIMED)
    advance(session, evaluation_id, step, **counted)
    if to in FINISHED:
        note_end(session, evaluation)
        give_slot_back(session, evaluation)
    return to


def end_as_system_error(
    session: Session, evaluation: Evaluation, step: Step, **fields: object
) -> None:
    """Fail an evaluation by our fault, free of charge.

    Raises:
        IllegalTransitionError: the step's claim is not the last one any more.
    """
    rendered = Outcome(step.to, FailedBecause.SYSTEM_ERROR, (SYSTEM_FAULT,)).rendered()
    advance(
        session,
        evaluation.id,
        step,
        verdict=FailedBecause.SYSTEM_ERROR,
        messages=rendered,
        staff_message=step.because,
        **fields,
    )
    note_end(session, evaluation)
    give_slot_back(session, evaluation)
    tell_end(session, evaluation, now=step.now)


def record_unreadable(
    session: Session, evaluation_id: int, reason: str, *, now: datetime, actor: str
) -> State:
    """Count a fault of ours on a waiting evaluation whose claim cannot even be put together.

    Otherwise it would stay at the head of the queue and every worker would stumble over it.

    Raises:
        IllegalTransitionError: somebody else has claimed it meanwhile.
    """
    evaluation = session.get_one(Evaluation, evaluation_id)
    hold(session, evaluation)
    attempt = evaluation.attempt + 1
    step = Step(State.SCORING, now, actor, "claimed", evaluation.attempt, _WAITING)
    advance(session, evaluation_id, step, attempt=attempt, lease_expires_at=now)
    return record_fault(session, evaluation_id, attempt, reason, now=now, actor=actor)


def cancel(session: Session, evaluation: Evaluation, actor: User, *, now: datetime) -> None:
    """Cancel what waits at once, and ask the worker of what runs; either way nothing is charged.

    Raises:
        NotRunningError: it has finished.
    """
    hold(session, evaluation)
    if evaluation.state in FINISHED:
        raise NotRunningError
    if evaluation.state is not State.QUEUED:
        evaluation.cancel_requested_at = now
        return
    step = Step(State.CANCELLED, now, actor.name, "cancelled", sources=_WAITING)
    advance(session, evaluation.id, step, cancel_requested_at=now)
    note_end(session, evaluation)
    give_slot_back(session, evaluation)


def rerun(
    session: Session,
    submission: Submission,
    actor: User,
    *,
    now: datetime,
    keep_answers: bool = False,
) -> list[Evaluation]:
    """Evaluate a submission again on every board it was evaluated on, and say so in the audit log.

    With `keep_answers` code does not run whose answer was kept: it is scored as it is.

    Raises:
        BoardSignedOffError: a board of the problem is signed off.
        StillRunningError: an evaluation has not finished.
    """
    share_scoring(session, submission.problem_id)  # a re-score must not overtake this one
    hold(session, submission)
    require_unsigned(session, submission.problem)
    current = list(
        session.scalars(
            select(Evaluation).where(
                Evaluation.submission_id == submission.id, Evaluation.is_current
            )
        )
    )
    if any(evaluation.state not in FINISHED for evaluation in current):
        raise StillRunningError
    fresh = []
    for before in current:
        made = queue_evaluation(session, submission, before.board, now=now, actor=actor.name)
        if keep_answers:
            keep_answer(session, made, before, scoring_revision(session, made, submission))
        fresh.append(made)
    record_audit(
        session,
        actor.as_actor(),
        "submission.rescore" if keep_answers else "submission.rerun",
        f"submission:{submission.id}",
        {"problem": submission.problem.slug, "boards": [one.board.value for one in current]},
        now=now,
    )
    return fresh


def queue_due_b_runs(session: Session, *, now: datetime, limit: int = 100) -> list[Evaluation]:
    """Queue the B runs of code scored on A, where B of a `sets` problem is open or revealed."""
    on_b = select(Evaluation.submission_id).where(Evaluation.board == Board.B)
    due = session.scalars(
        select(Submission)
        .join(Problem, Submission.problem_id == Problem.id)
        .join(Stage, (Stage.problem_id == Problem.id) & (Stage.key == Board.B))
        .join(Revision, Submission.revision_id == Revision.id)
        .join(BoardData, (BoardData.revision_id == Revision.id) & (BoardData.board == Board.B))
        .join(Evaluation, Evaluation.submission_id == Submission.id)
        .where(
            Submission.kind == Kind.CODE,
            Submission.retracted_at.is_(None),
            Submission.is_debug.is_(False),
            Evaluation.board == Board.A,
            Evaluation.is_current,
            Evaluation.state == State.SCORED,
            Revision.spec["scoring"]["partition"].as_string() == Partition.SETS.value,
            (Problem.b_revealed_at.is_not(None)) | (Stage.opens_at <= now),
            Submission.id.not_in(on_b),
        )
        .order_by(Submission.id)
        .limit(limit)
    )
    return [queue_evaluation(session, one, Board.B, now=now, actor=SWEEP) for one in due.all()]


def count_queued(session: Session, *, now: datetime, shadows: bool = False) -> dict[str, int]:
    """Count what waits and may start now, by pool: all but shadows, or shadows alone."""
    rows = session.execute(
        select(Evaluation.pool, func.count(Evaluation.id))
        .where(
            Evaluation.state == State.QUEUED,
            Evaluation.is_shadow.is_(shadows),
            (Evaluation.not_before.is_(None)) | (Evaluation.not_before <= now),
        )
        .group_by(Evaluation.pool)
    )
    return {row[0]: row[1] for row in rows}


def give_slot_back(session: Session, evaluation: Evaluation) -> None:
    """Free the quota slot of an evaluation that ended free of charge.

    The slot paid for the submission's own board: a later run on B changes nothing about it, nor
    does cancelling a re-run of what was charged before, nor what a re-score finds.
    """
    if evaluation.is_shadow:
        return
    submission = session.get_one(Submission, evaluation.submission_id)
    if evaluation.board is not submission.board:
        return
    if evaluation.state is State.CANCELLED and evaluation.number > 1:
        return
    refund(session, submission.id)


def _refresh(session: Session, evaluation_id: int, now: datetime) -> None:
    evaluation = session.get_one(Evaluation, evaluation_id)
    refresh_submission(session, evaluation.submission, now=now)


def _because(outcome: Outcome) -> str:
    return outcome.verdict.value if outcome.verdict is not None else outcome.state.value


def _measurements(assignment: Assignment, outcome: Outcome) -> dict[str, object]:
    run = outcome.run
    if not assignment.has_run:
        return {}
    measured: dict[str, object] = {
        "answer_blob": outcome.answer_blob,
        "log_blob": None if outcome.log is None else outcome.log.blob,
        "log_bytes": None if outcome.log is None else outcome.log.size,
    }
    if run is None:
        return measured
    return measured | {
        "exit_code": run.exit_code,
        "wall_s": run.wall_s,
        "cpu_s": run.cpu_s,
        "peak_memory_bytes": run.peak_memory_bytes,
        "output_bytes": run.output_bytes,
        "gpus": assignment.spec.resources.gpus,
        "gpu_uses": [asdict(use) for use in run.gpus] or None,
        "backend": run.backend,
        "image_digest": run.image_digest[:128],
        "run_details": pack_details(run, outcome.excerpt, outcome.tokens),
    }
