"""A problem's way onto the site and into the archive. Callers own the transaction."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.core.audit import Actor, record_audit
from app.core.db import hold
from app.problems.errors import ProblemArchivedError
from app.problems.models import Problem, StageState
from app.problems.operations import set_settings, subject


def publish_problem(session: Session, problem: Problem, *, actor: Actor, now: datetime) -> None:
    """Put a problem on the site; again changes nothing."""
    set_settings(session, problem, {"withdrawn": "false"}, actor=actor, now=now)


def unpublish_problem(session: Session, problem: Problem, *, actor: Actor, now: datetime) -> None:
    """Take a problem off the site; what was handed in stays. Again changes nothing."""
    set_settings(session, problem, {"withdrawn": "true"}, actor=actor, now=now)


def archive_problem(session: Session, problem: Problem, *, actor: Actor, now: datetime) -> None:
    """End a problem for good: it is read, and nothing is handed in. Again changes nothing.

    Stages that are open close now; those that have not opened never will.
    """
    hold(session, problem)
    if problem.archived_at is not None:
        return
    ended = {}
    for stage in problem.stages:
        hold(session, stage)
        state = stage.state(now)
        if state is StageState.OPEN and stage.opens_at != now:
            stage.closes_at = now
            ended[stage.key.value] = "closed"
        elif state is not StageState.CLOSED:
            stage.opens_at = stage.closes_at = None
            ended[stage.key.value] = "never opened"
    problem.archived_at = now
    record_audit(session, actor, "problem.archive", subject(problem), {"stages": ended}, now=now)
    session.flush()


def reopen_problem(session: Session, problem: Problem, *, actor: Actor, now: datetime) -> None:
    """Take a problem out of the archive; its stages stay as they are. Again changes nothing.

    Raises:
        ProblemArchivedError: its contest is archived.
    """
    hold(session, problem)
    if problem.archived_at is None:
        return
    if problem.contest.archived_at is not None:
        raise ProblemArchivedError(slug=problem.slug)
    problem.archived_at = None
    record_audit(session, actor, "problem.reopen", subject(problem), {}, now=now)
    session.flush()
