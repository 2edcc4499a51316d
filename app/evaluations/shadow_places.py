"""Where shadows of re-scores may run, so that nothing else waits for them; and by what they score.

A shadow starts only while nothing else waits in its pool, and never in more than half of the
pool's places. One that runs gives way to what has waited for a moment, and begins again later.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.compute.models import Worker
from app.compute.queries import ALIVE_WITHIN
from app.evaluations.models import CLAIMED, Evaluation, State
from app.evaluations.run_details import read_details
from app.problems.models import Problem, Revision
from app.submissions.models import Submission
from scoring import RunFacts

_MOMENT: Final = timedelta(seconds=2)
"""So long another worker has to take what waits before a shadow makes room for it."""


def may_start(session: Session, pool: str, *, now: datetime) -> bool:
    """Tell whether a pool has a place for one more shadow."""
    if has_others_waiting(session, pool, now=now):
        return False
    running = session.scalars(
        select(func.count(Evaluation.id)).where(
            Evaluation.is_shadow, Evaluation.state.in_(CLAIMED), Evaluation.pool == pool
        )
    ).one()
    if not running:
        return True
    places = session.scalar(
        select(func.sum(Worker.concurrency)).where(
            Worker.pool == pool, Worker.seen_at > now - ALIVE_WITHIN
        )
    )
    return running < (places or 1) // 2


def has_others_waiting(session: Session, pool: str, *, now: datetime) -> bool:
    """Tell whether anything but shadows has waited in a pool for longer than a moment."""
    found = session.scalar(
        select(Evaluation.id)
        .where(
            Evaluation.state == State.QUEUED,
            Evaluation.pool == pool,
            Evaluation.is_shadow.is_(False),
            Evaluation.queued_at <= now - _MOMENT,
            or_(Evaluation.not_before.is_(None), Evaluation.not_before <= now - _MOMENT),
        )
        .limit(1)
    )
    return found is not None


def scoring_revision(session: Session, evaluation: Evaluation, submission: Submission) -> Revision:
    """Return what an evaluation is scored by: its submission's revision, or a re-score's.

    Raises:
        NoResultFound: the revision is not there.
    """
    own = session.get_one(Revision, submission.revision_id)
    if submission.is_debug:
        return own
    if evaluation.is_shadow:
        wanted = evaluation.revision_number
    else:
        least = least_revision(session, submission.problem_id)
        wanted = least if least is not None and least > own.number else own.number
    if wanted == own.number:
        return own
    return session.scalars(
        select(Revision).where(
            Revision.problem_id == submission.problem_id, Revision.number == wanted
        )
    ).one()


def least_revision(session: Session, problem_id: int) -> int | None:
    """Return the revision of the last published re-score as the database has it now, or None."""
    return session.scalar(select(Problem.least_revision).where(Problem.id == problem_id))


def measured_facts(evaluation: Evaluation) -> RunFacts | None:
    """Return what the run used whose answer is to be scored again; None where there is none."""
    if evaluation.answer_blob is None or evaluation.wall_s is None:
        return None
    uses, details = evaluation.gpu_uses or [], read_details(evaluation)
    return RunFacts(
        wall_s=evaluation.wall_s,
        cpu_s=evaluation.cpu_s or 0.0,
        peak_memory_bytes=evaluation.peak_memory_bytes or 0,
        code_bytes=0,
        gpu_s=evaluation.wall_s * len(uses),
        peak_gpu_memory_bytes=max((use["peak_memory_bytes"] for use in uses), default=0),
        tokens=(None if details is None else details.tokens) or 0,
    )
