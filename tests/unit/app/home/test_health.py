from dataclasses import replace

from sqlalchemy.orm import Session
from typing_extensions import override

from app.compute.models import Worker
from app.core.db import Database
from app.core.platform import Platform
from app.home.health import find_faults
from app.home.metrics import render_metrics
from app.home.staff_queries import get_load
from tests.factories import make_problem, make_submission, make_team
from tests.fakes.ports import FrozenClock, MemoryQueue


class BrokenQueue(MemoryQueue):
    @override
    def waiting(self, pool: str) -> int:
        raise ConnectionError(pool)


def add_worker(session: Session, clock: FrozenClock) -> None:
    now = clock.now()
    session.add(
        Worker(
            name="host:1:cpu",
            pool="cpu",
            sandbox="docker",
            sandbox_reason="it answers",
            started_at=now,
            seen_at=now,
        )
    )


def test_nothing_is_missing_once_a_worker_is_seen(
    platform: Platform, database: Database, clock: FrozenClock
) -> None:
    assert find_faults(platform) == ["no worker seen lately"]
    with database.transaction() as session:
        add_worker(session, clock)
    assert find_faults(platform) == []


def test_each_fault_is_named(platform: Platform) -> None:
    unreachable = Database.connect("sqlite:////nowhere/at/all.db")
    faults = find_faults(replace(platform, database=unreachable, queue=BrokenQueue()))
    assert faults == ["database unreachable", "redis unreachable"]


def test_the_load_is_counted(session: Session, clock: FrozenClock) -> None:
    problem = make_problem(session)
    team = make_team(session, problem=problem)
    make_submission(session, problem=problem, team=team, at=clock.now())
    make_submission(session, problem=problem, baseline=True, scores={"A": {"macro_f1": 0.5}})
    add_worker(session, clock)
    load = get_load(session, now=clock.now())
    assert (load.by_state["queued"], load.by_state["scored"], load.by_state["failed"]) == (1, 1, 0)
    assert (load.waiting, load.workers) == ({"cpu": 1, "gpu": 0}, {"cpu": 1, "gpu": 0})
    assert (load.problems, load.teams, load.submissions) == (1, 1, 1)


def test_metrics_are_prometheus_text(
    platform: Platform, database: Database, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        add_worker(session, clock)
    text, kind = render_metrics(replace(platform, queue=BrokenQueue()))
    assert kind.startswith("text/plain")
    lines = text.splitlines()
    assert 'baijing_workers_alive{pool="cpu"} 1.0' in lines
    assert 'baijing_evaluations{state="queued"} 0.0' in lines
    assert "baijing_redis_up 0.0" in lines
