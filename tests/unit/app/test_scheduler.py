"""The scheduler: sweeps again and again, survives what fails, cleans up every hour."""

import io
import logging
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask
from typing_extensions import override

from app.core.blobs import LocalBlobs
from app.core.clock import SystemClock
from app.core.db import Database
from app.core.platform import Platform
from app.scheduler import clean_up, run_scheduler
from app.settings import Settings
from tests.factories import make_problem, make_submission
from tests.fakes.ports import FrozenClock, MemoryQueue

QUICK = 0.001


@dataclass
class EndingClock(FrozenClock):
    """Moves on at every look, and sends a signal to this process at the last one."""

    looks: int = 0
    last: int = 60
    step: timedelta = timedelta(minutes=1)

    @override
    def now(self) -> datetime:
        self.looks += 1
        if self.looks == self.last:
            os.kill(os.getpid(), signal.SIGTERM)
        self.tick(self.step)
        return self.instant


class BrokenOnce(MemoryQueue):
    """A queue that cannot be asked the first time."""

    asked = 0

    @override
    def waiting(self, pool: str) -> int:
        self.asked += 1
        if self.asked == 1:
            raise ConnectionError(pool)
        return super().waiting(pool)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def _context(app: Flask) -> Iterator[None]:
    """As `flask scheduler` runs it."""
    with app.app_context():
        yield


@pytest.fixture
def quick(tmp_path: Path) -> Settings:
    return Settings(instance=tmp_path, sweep_seconds=QUICK)


def test_a_sweep_that_fails_is_followed_by_the_next(
    app: Flask,
    quick: Settings,
    platform: Platform,
    database: Database,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with database.transaction() as session:
        make_submission(session, problem=make_problem(session))
    queue = BrokenOnce()
    with caplog.at_level(logging.ERROR, "baijing.scheduler"):
        run_scheduler(app, quick, replace(platform, clock=EndingClock(last=60), queue=queue))
    assert [record.getMessage() for record in caplog.records] == ["sweep failed; trying again"]
    assert len(queue.jobs) == 1


def test_it_cleans_up_at_start_and_every_hour(
    app: Flask, quick: Settings, platform: Platform, tmp_path: Path
) -> None:
    counted: list[datetime] = []

    class CountingBlobs(LocalBlobs):
        @override
        def sweep_incoming(self, before: datetime) -> int:
            counted.append(before)
            return super().sweep_incoming(before)

    clock = EndingClock(last=30, step=timedelta(minutes=10))
    run_scheduler(
        app, quick, replace(platform, clock=clock, blobs=CountingBlobs(tmp_path / "blobs"))
    )
    gaps = [later - earlier for earlier, later in pairwise(counted)]
    assert len(counted) >= 3
    assert all(timedelta(hours=1) < gap < timedelta(hours=2) for gap in gaps)


def test_only_what_is_old_and_named_by_nothing_goes(
    platform: Platform, database: Database, blobs: LocalBlobs, clock: FrozenClock, tmp_path: Path
) -> None:
    kept, doomed = (blobs.put(io.BytesIO(text)).digest for text in (b"kept", b"doomed"))
    with database.transaction() as session:
        make_submission(session, problem=make_problem(session), blob=kept)
    clock.instant = SystemClock().now()  # files bear the real time
    assert clean_up(platform) == 0
    clock.tick(timedelta(days=1, minutes=1))
    fresh = blobs.put(io.BytesIO(b"fresh")).digest
    path = tmp_path / "blobs" / fresh[:2] / fresh[2:]
    os.utime(path, (clock.instant.timestamp(), clock.instant.timestamp()))
    assert clean_up(platform) == 1
    assert {digest for digest, _ in blobs.list()} == {kept, fresh}
    assert doomed not in {kept, fresh}
