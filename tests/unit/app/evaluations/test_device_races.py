"""Processes that claim GPUs of one host at once, on a real Redis that is flushed all the while."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest

from app.compute.leases import DeviceLeases
from app.core.clock import SystemClock
from app.core.db import Database
from app.core.redis import connect
from app.core.redis_leases import RedisLeases
from app.evaluations.claims import claim_next
from app.evaluations.models import CLAIMED, State
from app.evaluations.operations import count_queued, queue_evaluation
from app.evaluations.states import Step, advance
from app.problems.models import Board
from tests.factories.workers import make_worker
from tests.fakes.gpus import card
from tests.redis_server import running_redis
from tests.unit.app.evaluations.test_devices import submit

pytestmark = [pytest.mark.redis, pytest.mark.slow]
LEASE = timedelta(seconds=60)
RUNS = 30
WORKER = "host-a:1:gpu"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with running_redis(tmp_path / "redis") as url:
        yield url


def work(database_url: str, redis_url: str, marks: str) -> tuple[int, list[str]]:
    """Claim until nothing waits; each device in use is a file that only one process can make."""
    database, clock = Database.connect(database_url), SystemClock()
    redis = connect(redis_url)
    leases = DeviceLeases(RedisLeases(redis), "test", LEASE)
    done, shared, deadline = 0, [], time.monotonic() + 120
    while time.monotonic() < deadline:
        with database.transaction() as session:
            now = clock.now()
            claim = claim_next(session, "gpu", WORKER, now=now, lease=LEASE, leases=leases)
        if claim is None:
            with database.reading() as session:
                if "gpu" not in count_queued(session, now=now):
                    break
            continue
        for uuid in claim.devices:
            try:
                os.close(os.open(f"{marks}/{uuid}", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                shared.append(uuid)
        if done % 3 == 0:
            redis.flushall()
        for uuid in claim.devices:
            Path(marks, uuid).unlink(missing_ok=True)
        with database.transaction() as session:
            step = Step(State.SCORING, clock.now(), WORKER, "ran", claim.attempt, CLAIMED)
            advance(session, claim.evaluation_id, step, lease_expires_at=clock.now() + LEASE)
        done += 1
    database.engine.dispose()
    redis.close()
    return done, shared


def test_processes_never_share_a_card_while_redis_is_flushed(
    database: Database, server: str, tmp_path: Path
) -> None:
    now = SystemClock().now()
    with database.transaction() as session:
        make_worker(session, now=now, devices=[card(0), card(1), card(2)])
        for number in range(RUNS):
            submission = submit(session, gpus=1 + number % 2)
            queue_evaluation(session, submission, Board.A, now=now, actor="test")
    marks = tmp_path / "marks"
    marks.mkdir()
    url = database.engine.url.render_as_string(hide_password=False)
    with get_context("spawn").Pool(3) as pool:
        ended = pool.starmap(work, [(url, server, str(marks))] * 3)
    assert [shared for _, shared in ended] == [[]] * 3
    assert sum(done for done, _ in ended) == RUNS
