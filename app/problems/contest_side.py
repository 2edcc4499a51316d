"""What problems contribute to the pages of contests: see `app/contests/hooks.py`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.contests.hooks import ContestHooks, ContestProblem
from app.contests.models import Contest
from app.core.audit import Actor
from app.core.times import wall_clock
from app.problems.lifecycle import archive_problem
from app.problems.models import Problem
from app.problems.operations import set_settings
from app.problems.queries import problem_state


def contest_contributions() -> ContestHooks:
    """Return what problems contribute."""
    return ContestHooks(
        problems_of=problems_of, archive_problems=archive_problems, set_stages=set_stages
    )


def problems_of(session: Session, contest: Contest, now: datetime) -> Sequence[ContestProblem]:
    """Return the problems of a contest by title, in two queries."""
    return [
        ContestProblem(
            slug=problem.slug,
            title=problem.title,
            area=problem.area.value,
            state=problem_state(problem, now).value,
            is_public=problem.withdrawn_at is None,
            is_archived=problem.archived_at is not None,
            is_signed_off=any(stage.signed_off_at for stage in problem.stages),
        )
        for problem in _problems(session, contest)
    ]


def archive_problems(session: Session, contest: Contest, actor: Actor, now: datetime) -> int:
    """Archive every problem of a contest that is not archived; return how many."""
    running = [one for one in _problems(session, contest) if one.archived_at is None]
    for problem in running:
        archive_problem(session, problem, actor=actor, now=now)
    return len(running)


def set_stages(session: Session, contest: Contest, actor: Actor, now: datetime) -> int:
    """Give every problem that is not archived the contest's stages; return how many.

    Raises:
        BoardSignedOffError: a board of one of them is signed off, and a time of it would change.
    """
    running = [one for one in _problems(session, contest) if one.archived_at is None]
    for problem in running:
        wanted = {}
        for stage in problem.stages:
            opens_at, closes_at = contest.stage_times(stage.key.value)
            wanted[f"{stage.key.lower()}.opens_at"] = wall_clock(opens_at)
            wanted[f"{stage.key.lower()}.closes_at"] = wall_clock(closes_at)
        set_settings(session, problem, wanted, actor=actor, now=now)
    return len(running)


def _problems(session: Session, contest: Contest) -> Sequence[Problem]:
    return session.scalars(
        select(Problem)
        .where(Problem.contest_id == contest.id)
        .options(selectinload(Problem.stages))
        .order_by(Problem.title_pinyin, Problem.id)
    ).all()
