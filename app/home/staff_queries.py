"""Reads of the staff's overview: load, workers, what failed lately, what is being published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.compute.queries import list_alive_workers
from app.evaluations.models import Evaluation, State
from app.home.health import seconds_since
from app.problems.models import Problem, Publication
from app.submissions.models import Submission
from app.teams.models import Team

POOLS: Final = ("cpu", "gpu")


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the platform is. Mappings are by the word in their name."""

    by_state: Mapping[str, int]
    waiting: Mapping[str, int]
    workers: Mapping[str, int]
    sick: Mapping[str, int]
    """Workers that are alive and take no work, because nothing can run on their host."""
    publications: Mapping[str, int]
    oldest_wait_s: float
    problems: int
    teams: int
    submissions: int


def get_load(session: Session, *, now: datetime) -> Load:
    """Count everything that says how busy the platform is."""
    by_state = dict.fromkeys((state.value for state in State), 0)
    rows = session.execute(
        select(Evaluation.state, func.count(Evaluation.id)).group_by(Evaluation.state)
    )
    by_state |= {state.value: count for state, count in rows}
    queued = session.execute(
        select(Evaluation.pool, func.count(Evaluation.id), func.min(Evaluation.queued_at))
        .where(Evaluation.state == State.QUEUED, Evaluation.is_shadow.is_(False))
        .group_by(Evaluation.pool)
    ).all()
    workers, sick = dict.fromkeys(POOLS, 0), dict.fromkeys(POOLS, 0)
    for worker in list_alive_workers(session, now=now):
        workers[worker.pool] = workers.get(worker.pool, 0) + 1
        sick[worker.pool] = sick.get(worker.pool, 0) + (worker.sick_since is not None)
    publications = session.execute(
        select(Publication.state, func.count(Publication.id)).group_by(Publication.state)
    )
    problems, teams, submissions = _count_all(session)
    return Load(
        by_state=by_state,
        waiting=dict.fromkeys(POOLS, 0) | {pool: count for pool, count, _ in queued},
        workers=workers,
        sick=sick,
        publications={state.value: count for state, count in publications},
        oldest_wait_s=seconds_since(min((at for _, _, at in queued), default=None), now),
        problems=problems,
        teams=teams,
        submissions=submissions,
    )


def list_failures(session: Session, limit: int) -> Sequence[Evaluation]:
    """Return the latest failed evaluations with their submission, problem and team."""
    loaded = selectinload(Evaluation.submission)
    return session.scalars(
        select(Evaluation)
        .join(Submission, Evaluation.submission_id == Submission.id)
        .where(
            Evaluation.state == State.FAILED,
            Evaluation.is_current,
            Submission.is_debug.is_(False),
        )
        .order_by(Evaluation.finished_at.desc(), Evaluation.id.desc())
        .limit(limit)
        .options(loaded.selectinload(Submission.problem), loaded.selectinload(Submission.team))
    ).all()


def list_publications(session: Session, limit: int) -> Sequence[Publication]:
    """Return the latest uploaded packs."""
    return session.scalars(select(Publication).order_by(Publication.id.desc()).limit(limit)).all()


def _count_all(session: Session) -> tuple[int, int, int]:
    row = session.execute(
        select(
            select(func.count(Problem.id)).where(Problem.withdrawn_at.is_(None)).scalar_subquery(),
            select(func.count(Team.id)).scalar_subquery(),
            select(func.count(Submission.id))
            .where(Submission.team_id.is_not(None), Submission.is_debug.is_(False))
            .scalar_subquery(),
        )
    ).one()
    return (row[0], row[1], row[2])
