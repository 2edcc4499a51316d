"""How soon a killed run starts again, with the settings an operator gets: within 20 seconds."""

import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.compute.naming import process_of, worker_of
from app.core.redis import embedded_url
from app.evaluations.models import EvaluationEvent, State
from app.settings import secret_key
from tests.recovery.installation import Installation, sleeper, wait_for

if TYPE_CHECKING:
    import subprocess

pytestmark = [pytest.mark.redis, pytest.mark.slow]
WITHIN_S = 20.0
FULL = bool(os.environ.get("BAIJING_TEST_FULL"))
only_in_full = pytest.mark.skipif(not FULL, reason="takes long (BAIJING_TEST_FULL)")
DEFAULTS = ("BAIJING_LEASE_SECONDS", "BAIJING_HEARTBEAT_SECONDS", "BAIJING_SWEEP_SECONDS")


@pytest.fixture(
    params=[
        pytest.param("bubblewrap", marks=[pytest.mark.bubblewrap, only_in_full]),
        pytest.param("docker", marks=pytest.mark.docker),
    ]
)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def installation(installation: Installation) -> Installation:
    for name in DEFAULTS:
        del installation.environment[name]
    return installation


def running(installation: Installation) -> int:
    """Submit a run of some seconds and return once it runs."""
    submission = installation.submit(sleeper(5))
    installation.wait_until(submission, State.RUNNING)
    time.sleep(1)
    return submission


def await_restart(installation: Installation, submission: int, killed: float, what: str) -> None:
    wait_for(
        lambda: installation.evaluation(submission).attempt == 2, "it was claimed again", WITHIN_S
    )
    print(f"{what}, {installation.backend}: restarted after {time.monotonic() - killed:.1f} s")
    ended = installation.wait_until(submission)
    assert (ended.state, ended.attempt, ended.system_faults) == (State.SCORED, 2, 0)
    assert installation.slots() == 1
    with installation.platform.database.reading() as session:
        because = list(session.scalars(select(EvaluationEvent.because)))
    assert because.count("claimed") == 2


@only_in_full
def test_a_killed_job_process(installation: Installation) -> None:
    installation.worker()
    submission = running(installation)
    horse = process_of(installation.evaluation(submission).worker or "")
    assert horse is not None
    os.kill(horse, signal.SIGKILL)
    await_restart(installation, submission, time.monotonic(), "job process killed")


@only_in_full
def test_a_killed_worker_with_a_neighbour(installation: Installation) -> None:
    workers = [installation.worker() for _ in range(2)]
    for worker in workers:
        wait_for(partial(is_ready, worker), "it has started", 60)
    submission = running(installation)
    kill_claimant(installation, submission)
    await_restart(installation, submission, time.monotonic(), "worker killed, neighbour there")


def test_a_killed_worker_that_is_started_again(installation: Installation) -> None:
    worker = installation.worker()
    submission = running(installation)
    worker.kill()
    killed = time.monotonic()
    worker.wait()
    installation.worker()
    await_restart(installation, submission, killed, "worker killed and started again")


def test_a_machine_that_is_gone(installation: Installation, tmp_path: Path) -> None:
    """The other machine has folders of its own, and so learns of the death by the lease alone."""
    installation.start("scheduler")
    for worker in (installation.worker(), other_machine(installation, tmp_path / "elsewhere")):
        wait_for(partial(is_ready, worker), "it has started", 60)
    submission = running(installation)
    kill_claimant(installation, submission)
    await_restart(installation, submission, time.monotonic(), "machine gone")


def kill_claimant(installation: Installation, submission: int) -> None:
    """Kill the worker that runs it."""
    name = worker_of(installation.evaluation(submission).worker or "")
    os.kill(int(name.split(":")[1]), signal.SIGKILL)


def other_machine(installation: Installation, folder: Path) -> "subprocess.Popen[bytes]":
    folder.mkdir()
    (folder / "sandbox").symlink_to((installation.folder / "sandbox").resolve())
    settings = installation.settings
    return installation.start(
        "worker",
        BAIJING_INSTANCE=str(folder),
        BAIJING_DATABASE_URL=settings.database,
        BAIJING_BLOBS_URL=settings.blobs,
        BAIJING_REDIS_URL=embedded_url(installation.folder),
        BAIJING_SECRET_KEY=secret_key(settings),
    )


def is_ready(worker: "subprocess.Popen[bytes]") -> bool:
    """Tell whether a worker has started its children."""
    path = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
    return len(path.read_text().split()) >= 2
