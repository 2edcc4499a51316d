"""The order in which waiting evaluations of a pool get their turns."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from app.evaluations.models import CLAIMED, Evaluation, State
from app.evaluations.shadow_places import may_start
from app.problems.models import Revision
from app.submissions.models import Kind, Submission

_DEBUG_PATIENCE: Final = timedelta(minutes=2)


def list_in_turn(
    session: Session, pool: str, *, now: datetime
) -> Select[int, bool, Any, datetime, int, int]:
    """Return who waits in a pool in the order of `_in_turn`, as it is at this instant.

    Columns: evaluation, whether code runs, resources, waiting since, team (0: baselines), and a
    class: try runs and re-runs are in classes of their own.
    """
    share = func.coalesce(Submission.team_id, 0)
    standing = (
        select(
            share.label("team"),
            Submission.is_debug.label("is_debug"),
            func.sum(case((Evaluation.state.in_(CLAIMED), 1), else_=0)).label("running"),
            func.max(Evaluation.started_at).label("last_turn"),
        )
        .join(Submission, Evaluation.submission_id == Submission.id)
        .where(_recent(now), Evaluation.is_shadow.is_(False))
        .group_by(share, Submission.is_debug)
        .subquery()
    )
    again = case((Evaluation.number > 1, 1), else_=0)
    debugging = _turn_of_debugging(session, pool, now=now)
    waiting = (
        select(
            Evaluation.id,
            and_(Submission.kind == Kind.CODE, Evaluation.answer_blob.is_(None)),
            Revision.spec["resources"],
            Evaluation.queued_at,
            share,
            2 * debugging + again,
        )
        .join(Submission, Evaluation.submission_id == Submission.id)
        .join(Revision, Submission.revision_id == Revision.id)
        .outerjoin(
            standing,
            and_(standing.c.team == share, standing.c.is_debug == Submission.is_debug),
        )
        .where(
            Evaluation.state == State.QUEUED,
            Evaluation.pool == pool,
            or_(Evaluation.not_before.is_(None), Evaluation.not_before <= now),
        )
        .order_by(
            Evaluation.is_shadow,
            debugging,
            again,
            func.coalesce(standing.c.running, 0),
            case((standing.c.last_turn.is_(None), 0), else_=1),
            standing.c.last_turn,
            case((Submission.kind == Kind.PREDICTIONS, 0), else_=1),
            Evaluation.id,
        )
    )
    if may_start(session, pool, now=now):
        return waiting
    return waiting.where(Evaluation.is_shadow.is_(False))


def _turn_of_debugging(session: Session, pool: str, *, now: datetime) -> ColumnElement[int]:
    """Put try runs last; one at a time, those that have waited long enough, first.

    They take a minute at most, so a crowded pool still gives them a small share.
    """
    runs = session.scalar(
        select(Evaluation.id)
        .join(Submission, Evaluation.submission_id == Submission.id)
        .where(Evaluation.state.in_(CLAIMED), Evaluation.pool == pool, Submission.is_debug)
        .limit(1)
    )
    last = case((Submission.is_debug, 1), else_=0)
    if runs is not None:
        return last
    impatient = and_(Submission.is_debug, Evaluation.queued_at <= now - _DEBUG_PATIENCE)
    return case((impatient, -1), else_=last)


def _recent(now: datetime) -> ColumnElement[bool]:
    """Bound what fairness looks at: what runs, and turns of the last day."""
    return or_(
        Evaluation.state.in_(CLAIMED),
        and_(Evaluation.started_at.is_not(None), Evaluation.started_at > now - timedelta(days=1)),
    )
