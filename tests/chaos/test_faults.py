"""What a host depends on goes away and comes back: it is named, nobody is charged, all ends."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.compute.models import Worker
from app.evaluations.models import Evaluation, State
from tests.chaos.rig import FULL, Rig, image_name, put_image
from tests.recovery.installation import wait_for

pytestmark = [pytest.mark.docker, pytest.mark.redis, pytest.mark.slow, pytest.mark.timeout(600)]

only_in_full = pytest.mark.skipif(not FULL, reason="takes long (BAIJING_TEST_FULL)")


def sickness(rig: Rig) -> str | None:
    """Why the host is sick; None while it is well."""
    with rig.installation.platform.database.reading() as session:
        sick = select(Worker.sick_reason).where(Worker.sick_since.is_not(None))
        return session.scalar(sick)


def await_sick(rig: Rig, *words: str, timeout: float = 60) -> None:
    wait_for(lambda: sickness(rig) is not None, "the host is sick", timeout)
    reason = sickness(rig) or ""
    assert any(word in reason for word in words), reason


def finish(rig: Rig) -> None:
    rig.await_end(120)
    assert sickness(rig) is None
    rig.stop()
    rig.check_results()
    with rig.installation.platform.database.reading() as session:
        faults = session.scalars(select(Evaluation.system_faults)).all()
    assert set(faults) == {0}, "none of it was the evaluation's doing"
    rig.await_clean()


def test_an_engine_restarted_in_mid_run(rig: Rig) -> None:
    rig.begin(docker=1, bubblewrap=0)
    submission = rig.submit(3, code=True)
    rig.installation.wait_until(submission, State.RUNNING)
    wait_for(lambda: bool(rig.engine.shims()), "its container runs", 60)
    rig.engine.kill()
    await_sick(rig, "container engine")
    rig.installation.wait_until(submission, State.QUEUED)
    rig.engine.start()
    finish(rig)


@only_in_full
def test_an_image_deleted_under_a_worker(rig: Rig) -> None:
    # nothing can be downloaded, so that it cannot be rebuilt either: the operator has to help
    rig.installation.environment |= {"PIP_INDEX_URL": "http://127.0.0.1:9", "PIP_RETRIES": "0"}
    rig.begin(docker=1, bubblewrap=0)
    rig.submit(0.1, code=True)
    rig.await_end(60)
    rig.engine.cli("rmi", "-f", image_name())
    submission = rig.submit(0.1, code=True)
    await_sick(rig, "image", "No such")
    rig.installation.wait_until(submission, State.QUEUED)
    put_image(rig.engine)
    finish(rig)


@pytest.fixture
def small_disk(rig: Rig) -> Iterator[Path]:
    """The worker's folder for runs, on a disk of 16 MB."""
    cache = rig.installation.folder / "cache"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "disk", cache], check=True)
    yield cache
    subprocess.run(["umount", "-l", cache], check=True)


def test_a_full_disk(rig: Rig, small_disk: Path) -> None:
    rig.begin(docker=1, bubblewrap=0)
    rig.submit(0.1, code=True)
    rig.await_end(60)
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        except OSError:
            pass
    submission = rig.submit(0.1, code=True)
    await_sick(rig, "disk", "space")
    rig.installation.wait_until(submission, State.QUEUED)
    filler.unlink()
    finish(rig)


@only_in_full
def test_a_redis_restarted_in_mid_run(rig: Rig) -> None:
    rig.begin(docker=1, bubblewrap=0)
    submission = rig.submit(6, code=True)
    rig.installation.wait_until(submission, State.RUNNING)
    redis = rig.installation.processes[0]
    redis.kill()
    redis.wait()
    waiting = rig.submit(0.1, code=False)
    rig.installation.start_redis()
    rig.installation.wait_until(waiting)
    assert rig.installation.wait_until(submission).attempt == 1, "the run went on without it"
    finish(rig)


@only_in_full
def test_an_engine_that_says_nothing(rig: Rig) -> None:
    rig.begin(docker=1, bubblewrap=0)
    submission = rig.submit(3, code=True)
    rig.installation.wait_until(submission, State.RUNNING)
    rig.engine.freeze()
    await_sick(rig, "container engine", timeout=240)
    rig.engine.thaw()
    finish(rig)
