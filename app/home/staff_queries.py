"""Reads of the staff's overview: load, today, what failed lately, what is being published."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, selectinload

from app.bulk.models import Bulk
from app.compute.models import GpuDevice, Worker
from app.compute.queries import ALIVE_WITHIN, list_alive_workers
from app.core.audit import AuditEntry
from app.core.clock import next_beijing_midnight
from app.discussions.models import Post
from app.evaluations.models import Evaluation, EvaluationEvent, State, Verdict
from app.home.health import seconds_since
from app.problems.models import Problem, Publication
from app.rescoring.models import Rescore
from app.reviews.models import ReviewNote
from app.submissions.models import Submission
from app.teams.models import Team
from app.teams.queries import is_not_merged

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


@dataclass(frozen=True, slots=True)
class Today:
    """What teams handed in since midnight in Beijing, and how it fared."""

    by_state: Mapping[State, int]
    yesterday: int
    """All of the day before."""
    failures: Sequence[tuple[Verdict, int]]
    """Of today, the most frequent first."""

    @property
    def total(self) -> int:
        """All of today."""
        return sum(self.by_state.values())


def get_today(session: Session, *, now: datetime) -> Today:
    """Count what was handed in today and yesterday; one query."""
    midnight = next_beijing_midnight(now) - timedelta(days=1)
    is_today = case((Submission.created_at >= midnight, 1), else_=0)
    rows = session.execute(
        select(is_today, Evaluation.state, Evaluation.verdict, func.count(Submission.id))
        .join(
            Evaluation,
            and_(
                Evaluation.submission_id == Submission.id,
                Evaluation.board == Submission.board,
                Evaluation.is_current.is_(True),
            ),
        )
        .where(
            Submission.created_at >= midnight - timedelta(days=1),
            Submission.team_id.is_not(None),
            Submission.is_debug.is_(False),
        )
        .group_by(is_today, Evaluation.state, Evaluation.verdict)
    ).all()
    states: Counter[State] = Counter()
    verdicts: Counter[Verdict] = Counter()
    for _, state, verdict, count in (row for row in rows if row[0]):
        states[state] += count
        if verdict is not None:
            verdicts[verdict] += count
    return Today(states, sum(row[3] for row in rows if not row[0]), verdicts.most_common())


def get_version(session: Session, *, now: datetime) -> str:
    """Return what changes whenever the overview would; one query of maxima and small counts.

    Ages are shown, so it changes every minute as well.
    """
    alive = Worker.seen_at > now - ALIVE_WITHIN
    parts = (
        select(func.max(EvaluationEvent.id)),
        select(func.max(AuditEntry.id)),
        select(func.max(Post.id)),
        select(func.max(ReviewNote.id)),
        select(func.max(Publication.id)),
        select(func.max(Publication.finished_at)),
        select(func.sum(Publication.attempts)),
        select(func.max(Rescore.ready_at)),
        select(func.count(Rescore.id)),
        select(func.max(Bulk.weighed_at)),
        select(func.count(Bulk.id)),
        select(func.count(Worker.name)).where(alive),
        select(func.count(Worker.name)).where(alive, Worker.sick_since.is_not(None)),
        select(func.count(GpuDevice.uuid)).where(GpuDevice.quarantined_at.is_not(None)),
    )
    row = session.execute(select(*(part.scalar_subquery() for part in parts))).one()
    told = repr((tuple(map(str, row)), int(now.timestamp() // 60)))
    return sha256(told.encode()).hexdigest()[:16]


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
            select(func.count(Team.id)).where(is_not_merged()).scalar_subquery(),
            select(func.count(Submission.id))
            .where(Submission.team_id.is_not(None), Submission.is_debug.is_(False))
            .scalar_subquery(),
        )
    ).one()
    return (row[0], row[1], row[2])
