"""Real processes are killed in the middle of things: everything still ends, once, and uncharged."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.accounts.models import User
from app.compute.naming import process_of
from app.core.redis import connect, embedded_url
from app.evaluations.models import EvaluationEvent, State
from app.evaluations.operations import cancel
from app.scheduler import clean_up
from app.submissions.models import Submission
from tests.recovery.installation import PERFECT, Installation, sleeper, wait_for

pytestmark = [pytest.mark.redis, pytest.mark.slow]
FOUR = PERFECT.encode()


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in tasks.read_text().split()] if tasks.exists() else []


def descendants(pid: int) -> list[int]:
    found = children_of(pid)
    return found + [deeper for child in found for deeper in descendants(child)]


def running_programs(installation: Installation) -> int:
    """How many submissions of an installation run: containers, or sandboxed processes."""
    name = installation.platform.installation
    if installation.backend == "docker":
        label = f"label=org.baijing.sandbox.installation={name}"
        listed = subprocess.run(
            ["docker", "ps", "-q", "--filter", label], capture_output=True, text=True, check=True
        )
        return len(listed.stdout.split())
    commands = (_command(path) for path in Path("/proc").glob("[0-9]*/cmdline"))
    return sum(b"bwrap" in command and name.encode() in command for command in commands)


def _command(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_killed_worker_costs_a_retry_and_nothing_else(
    installation: Installation, backend: str
) -> None:
    worker = installation.worker()
    scheduler = installation.start("scheduler")
    submission = installation.submit(sleeper(4))
    installation.wait_until(submission, State.RUNNING)
    time.sleep(1)
    orphans = descendants(worker.pid)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans), "no orphan", 10)
    installation.worker()
    ended = installation.wait_until(submission)
    assert ended.state is State.SCORED, ended.staff_message
    assert (ended.attempt, ended.system_faults) == (2, 0)
    assert installation.slots() == 1
    wait_for(lambda: running_programs(installation) == 0, "every run is gone", 20)
    assert scheduler.poll() is None


def test_a_killed_job_process_is_retried(installation: Installation, backend: str) -> None:
    worker = installation.worker()
    installation.start("scheduler")
    submission = installation.submit(sleeper(4))
    installation.wait_until(submission, State.RUNNING)
    horse = process_of(installation.evaluation(submission).worker or "")
    assert horse in descendants(worker.pid)
    os.kill(horse, signal.SIGKILL)
    ended = installation.wait_until(submission)
    assert (ended.state, ended.attempt, ended.system_faults) == (State.SCORED, 2, 0)
    wait_for(lambda: running_programs(installation) == 0, "every run is gone", 20)


def test_a_cancel_ends_the_run_within_five_seconds(
    installation: Installation, backend: str
) -> None:
    installation.worker()
    submission = installation.submit(sleeper(60))
    running = installation.wait_until(submission, State.RUNNING)
    wait_for(lambda: running_programs(installation) > 0, "the program runs", 30)
    asked = time.monotonic()
    with installation.platform.database.transaction() as session:
        user = session.scalars(select(User)).one()
        cancel(session, session.merge(running), user, now=installation.platform.clock.now())
    wait_for(lambda: running_programs(installation) == 0, "the run is gone", 5)
    installation.wait_until(submission, State.CANCELLED, timeout=5)
    assert time.monotonic() - asked < 6
    assert installation.slots() == 0


def test_a_worker_told_to_stop_puts_its_work_back(installation: Installation, backend: str) -> None:
    worker = installation.worker()
    submission = installation.submit(sleeper(30))
    installation.wait_until(submission, State.RUNNING)
    worker.send_signal(signal.SIGTERM)
    worker.wait(20)
    evaluation = installation.evaluation(submission)
    assert (evaluation.state, evaluation.system_faults) == (State.QUEUED, 0), installation.logs()
    assert running_programs(installation) == 0


@pytest.mark.bubblewrap
def test_a_flushed_redis_loses_nothing(light: Installation) -> None:
    waiting = [light.submit(FOUR) for _ in range(6)]
    connect(embedded_url(light.folder)).flushall()
    light.worker(2)
    light.start("scheduler")
    for submission in waiting:
        assert light.wait_until(submission).state is State.SCORED


@pytest.mark.bubblewrap
def test_two_workers_share_and_never_repeat(light: Installation) -> None:
    light.worker(2)
    light.worker(2)
    light.start("scheduler")
    submissions = [light.submit(FOUR) for _ in range(20)]
    for submission in submissions:
        ended = light.wait_until(submission)
        assert (ended.state, ended.attempt) == (State.SCORED, 1)
    with light.platform.database.reading() as session:
        claims = session.scalars(
            select(func.count(EvaluationEvent.id)).where(EvaluationEvent.because == "claimed")
        ).one()
    assert claims == 20


@pytest.mark.bubblewrap
def test_a_site_killed_in_mid_upload_leaves_no_trace(light: Installation) -> None:
    import socket  # noqa: PLC0415 — a half request needs a bare connection

    web = light.start("web")
    port = light.settings.port

    def connects() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return False
        return True

    wait_for(connects, "the site answers", 60)
    with socket.create_connection(("127.0.0.1", port)) as half:
        head = (
            "POST /api/v1/problems/tiny/submissions HTTP/1.1\r\nHost: x\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n"
            '--b\r\nContent-Disposition: form-data; name="file"; filename="p.csv"\r\n\r\nid,label\n'
        )
        half.sendall(head.encode() + b"r1,ok\n" * 1000)
        time.sleep(0.5)
        os.killpg(web.pid, signal.SIGKILL)
        web.wait()
    before = len(list(light.platform.blobs.list()))
    with light.platform.database.reading() as session:
        assert session.scalars(select(func.count(Submission.id))).one() == 0
    clean_up(light.platform)
    assert len(list(light.platform.blobs.list())) == before
