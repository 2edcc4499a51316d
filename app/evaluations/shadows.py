"""Shadows: evaluations that a re-score makes beside those in force. Callers own the transaction.

A shadow is claimed, leased, swept and recorded like any evaluation, and it counts nowhere. When the
re-score is published it takes the place of the one it was made for; discarded, it is deleted.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from app.compute.queries import CPU_POOL
from app.evaluations.claims import Assignment
from app.evaluations.models import (
    CLAIMED,
    Evaluation,
    EvaluationEvent,
    LogChunk,
    Score,
    State,
    ToldScore,
    Verdict,
)
from app.evaluations.outcomes import Outcome
from app.evaluations.shadow_places import least_revision
from app.evaluations.states import Step, advance
from app.problems.models import BoardData, Problem, Revision
from app.submissions.models import Submission

JUDGED: Final = frozenset({Verdict.INVALID_OUTPUT, Verdict.INVALID_SCORES, Verdict.SCORER_ERROR})
"""Failures that the truth, a metric or the scorer decides; what failed in its run stays failed."""
_SCORING: Final = 0x73636F7265
"""The PostgreSQL advisory lock of a problem's scoring: the letters of "score"."""
_RUN: Final = (
    "exit_code",
    "wall_s",
    "cpu_s",
    "peak_memory_bytes",
    "output_bytes",
    "gpus",
    "gpu_uses",
    "backend",
    "image_digest",
    "run_details",
    "log_blob",
    "log_bytes",
    "answer_blob",
)
"""What is known of the run that made an answer, and stays true when it is scored again."""


def share_scoring(session: Session, problem_id: int) -> None:
    """Keep re-scores of a problem from being published until the transaction ends."""
    _lock(session, func.pg_advisory_xact_lock_shared, problem_id)


def hold_scoring(session: Session, problem_id: int) -> None:
    """Keep results of a problem from being recorded until the transaction ends."""
    _lock(session, func.pg_advisory_xact_lock, problem_id)


def _lock(session: Session, take: Any, problem_id: int) -> None:  # noqa: ANN401 — a SQL function
    session.flush()
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        session.execute(select(take(_SCORING << 24 | problem_id)))


def is_overtaken(
    session: Session, assignment: Assignment, submission: Submission, outcome: Outcome
) -> bool:
    """Tell whether a result was found by rules that a re-score has replaced meanwhile."""
    if assignment.is_shadow or assignment.is_debug:
        return False
    if outcome.state is not State.SCORED and outcome.verdict not in JUDGED:
        return False
    least = least_revision(session, submission.problem_id)
    return least is not None and assignment.revision_number < least


def put_back_overtaken(session: Session, assignment: Assignment, *, now: datetime) -> State:
    """Put what a re-score has overtaken back into the queue, uncounted.

    Raises:
        IllegalTransitionError: the claim is not the last one any more.
    """
    because = "a re-score was published meanwhile"
    step = Step(State.QUEUED, now, assignment.worker, because, assignment.attempt, CLAIMED)
    advance(session, assignment.evaluation_id, step, worker=None, devices=None)
    return State.QUEUED


def may_change() -> ColumnElement[bool]:
    """Say of an evaluation in force whether a re-score scores it again."""
    return and_(
        Evaluation.is_current,
        Evaluation.is_shadow.is_(False),
        or_(Evaluation.state == State.SCORED, Evaluation.verdict.in_(JUDGED)),
    )


def of_problem(problem_id: int) -> Select[Evaluation]:
    """Return what a re-score of a problem scores again, try runs apart."""
    return (
        select(Evaluation)
        .join(Submission, Evaluation.submission_id == Submission.id)
        .where(Submission.problem_id == problem_id, Submission.is_debug.is_(False), may_change())
    )


def queue_shadow(
    session: Session, original: Evaluation, revision: Revision, *, now: datetime, actor: str
) -> Evaluation:
    """Queue the scoring of a submission by another revision.

    The answer of a code run is scored again as it is, where it was kept and the input is the same;
    otherwise the code runs again.
    """
    shadow = Evaluation(
        submission_id=original.submission_id,
        board=original.board,
        number=_next_number(session, original),
        is_current=False,
        is_shadow=True,
        revision_number=revision.number,
        pool=original.pool,
        state=State.QUEUED,
        messages=[],
        queued_at=now,
    )
    keep_answer(session, shadow, original, revision)
    session.add(shadow)
    session.flush()
    session.add(
        EvaluationEvent(
            evaluation_id=shadow.id,
            state=State.QUEUED,
            at=now,
            actor=actor,
            because=f"re-score by revision {revision.number}",
        )
    )
    return shadow


def keep_answer(
    session: Session, fresh: Evaluation, original: Evaluation, revision: Revision
) -> None:
    """Let a new evaluation score the answer of an earlier run, where it was kept and still holds.

    It holds where the code would find the same input under the revision it is scored by.
    """
    if original.answer_blob is None or not _is_input_same(session, original, revision):
        return
    for name in _RUN:
        setattr(fresh, name, getattr(original, name))
    fresh.reuses_id = original.reuses_id or original.id
    fresh.pool = CPU_POOL


def swap_in(session: Session, pairs: Select[int, int]) -> None:
    """Let shadows take the places of those they were made for.

    `pairs` selects the ids of an evaluation and its shadow. What was in force stays as history. A
    board that is frozen shows what was scored by then: to it the answer was scored when it was
    scored first, so a shadow takes the times over; its own events keep its own.
    """
    links = pairs.subquery()
    originals, shadows = links.c[0], links.c[1]
    quietly = {"synchronize_session": False}
    session.execute(
        update(Evaluation)
        .where(Evaluation.id.in_(select(originals)))
        .values(is_current=False)
        .execution_options(**quietly)
    )
    times = Evaluation.__table__.alias()
    taken = {
        name: select(times.c[name])
        .where(times.c.id == originals, shadows == Evaluation.id)
        .scalar_subquery()
        for name in ("queued_at", "started_at", "scoring_at", "finished_at")
    }
    session.execute(
        update(Evaluation)
        .where(Evaluation.id.in_(select(shadows)))
        .values(is_current=True, is_shadow=False, **taken)
        .execution_options(**quietly)
    )


def drop_shadows(session: Session, ids: Sequence[int]) -> None:
    """Delete shadows with all that belongs to them; a worker that has one records nothing."""
    for part in (Score, ToldScore, EvaluationEvent, LogChunk):
        session.execute(delete(part).where(part.evaluation_id.in_(ids)))
    session.execute(delete(Evaluation).where(Evaluation.id.in_(ids), Evaluation.is_shadow))


def _next_number(session: Session, original: Evaluation) -> int:
    last = session.scalar(
        select(func.max(Evaluation.number)).where(
            Evaluation.submission_id == original.submission_id, Evaluation.board == original.board
        )
    )
    return (last or 0) + 1


def _is_input_same(session: Session, original: Evaluation, revision: Revision) -> bool:
    """Tell whether the code would find the same input under another revision."""
    submission = original.submission
    number = original.revision_number or submission.revision.number
    inputs = session.scalars(
        select(BoardData.input_blob)
        .join(Revision, BoardData.revision_id == Revision.id)
        .join(Problem, Revision.problem_id == Problem.id)
        .where(
            Problem.id == submission.problem_id,
            Revision.number.in_({number, revision.number}),
            BoardData.board == original.board,
        )
    ).all()
    return len(set(inputs)) == 1
