"""An installation of real processes in a folder: SQLite, Redis, workers, a scheduler, the site."""

import io
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from app.accounts.operations import create_user
from app.contributions import contributions
from app.core.clock import SystemClock
from app.core.redis import EmbeddedRedis, connect, embedded_url
from app.evaluations.jobs import ring
from app.evaluations.models import FINISHED, Evaluation, State
from app.evaluations.operations import queue_evaluation
from app.factory import create_app
from app.problems.hooks import attach_hooks
from app.problems.models import Board, Revision
from app.schema import upgrade
from app.settings import SandboxChoice, Settings
from app.submissions.models import Kind, QuotaSlot
from app.submissions.operations import Upload, submit
from app.wiring import build_platform

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "tests" / "packs" / "tiny"
SHARED = ROOT / ".services" / "sandbox"
EMAIL = "team@example.org"
PERFECT = "id,label\nr1,ok\nr2,bad\nr3,bad\nr4,ok\nr5,ok\nr6,ok\nr7,bad\nr8,bad\n"
ANSWER = """
import os
from pathlib import Path
import time
print("working", flush=True)
time.sleep({seconds})
Path(os.environ["OUTPUT_DIR"], "predictions.csv").write_text({answer!r})
"""


def sleeper(seconds: float) -> dict[str, str]:
    """A program that works a while and then answers everything right."""
    return {"main.py": ANSWER.format(seconds=seconds, answer=PERFECT)}


@dataclass
class Installation:
    """What a test does to an installation."""

    folder: Path
    backend: str
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        SHARED.mkdir(parents=True, exist_ok=True)
        (self.folder / "sandbox").symlink_to(SHARED)
        self.environment = {
            **os.environ,
            "BAIJING_INSTANCE": str(self.folder),
            "BAIJING_SANDBOX": self.backend,
            "BAIJING_LEASE_SECONDS": "4",
            "BAIJING_HEARTBEAT_SECONDS": "0.3",
            "BAIJING_SWEEP_SECONDS": "0.5",
            "BAIJING_SANDBOX_WARM": "0",  # what runs can then be counted
            "BAIJING_PORT": str(free_port()),
        }
        self.settings = Settings(
            instance=self.folder,
            sandbox=SandboxChoice(self.backend),
            port=int(self.environment["BAIJING_PORT"]),
        )
        self.platform = build_platform(self.settings)
        upgrade(self.platform.database)

    def publish(self) -> None:
        """Publish the tiny pack; its data is shipped, so no sandbox is needed."""
        from app.core.audit import THE_CLOCK  # noqa: PLC0415
        from app.problems.publishing import publish_directory  # noqa: PLC0415

        app = create_app(self.settings, self.platform)
        attach_hooks(app, contributions().__class__())  # no baseline: the test submits
        with app.app_context():
            publish_directory(
                self.platform,
                TINY,
                seed=None,
                contest_slug=None,
                actor=THE_CLOCK,
                progress=lambda _line: None,
            )
        with self.platform.database.transaction() as session:
            create_user(
                session,
                email=EMAIL,
                name="队员",
                password="a long password of a team",
                now=SystemClock().now(),
            )

    def start(self, *command: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Start one of our own commands as a process group, with more variables."""
        log = (self.folder / f"{command[0]}-{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "app", *command],
            cwd=ROOT,
            env={**self.environment, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()
        self.processes.append(process)
        return process

    def start_redis(self) -> "subprocess.Popen[bytes]":
        process = EmbeddedRedis(self.folder).start()
        self.processes.append(process)
        redis = connect(embedded_url(self.folder))
        wait_for(lambda: _answers(redis), "Redis answers")
        return process

    def worker(self, concurrency: int = 1) -> "subprocess.Popen[bytes]":
        return self.start("worker", "--pool", "cpu", "--concurrency", str(concurrency))

    def submit(self, content: bytes | dict[str, str], email: str = EMAIL) -> int:
        """Submit an answer (bytes) or a program (files); return the submission's id."""
        kind = Kind.PREDICTIONS if isinstance(content, bytes) else Kind.CODE
        body = content if isinstance(content, bytes) else zipped(content)
        now = SystemClock().now()
        with self.platform.database.transaction() as session:
            from app.accounts.models import User  # noqa: PLC0415

            user = session.scalars(select(User).where(User.email == email)).one()
            revision = session.scalars(select(Revision)).one()
            blob = self.platform.blobs.put(io.BytesIO(body))
            submission, _ = submit(session, revision, user, Upload(blob, "x", kind), now=now)
            evaluation = queue_evaluation(session, submission, Board.A, now=now, actor="test")
            ring(session, self.platform.queue, evaluation)
            return submission.id

    def evaluation(self, submission: int) -> Evaluation:
        with self.platform.database.reading() as session:
            return session.scalars(
                select(Evaluation).where(
                    Evaluation.submission_id == submission, Evaluation.is_current
                )
            ).one()

    def wait_until(self, submission: int, *states: State, timeout: float = 60) -> Evaluation:
        wanted = set(states or FINISHED)
        try:
            wait_for(
                lambda: self.evaluation(submission).state in wanted,
                f"submission {submission} is {wanted}",
                timeout,
            )
        except AssertionError as error:
            error.add_note(self.logs())
            raise
        return self.evaluation(submission)

    def slots(self) -> int:
        with self.platform.database.reading() as session:
            return len(session.scalars(select(QuotaSlot.id)).all())

    def logs(self) -> str:
        parts = [f"{path.name}:\n{path.read_text()[-2000:]}" for path in self.folder.glob("*.log")]
        return "\n".join(parts)

    def stop(self) -> None:
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in reversed(self.processes):
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.platform.database.engine.dispose()


def _answers(redis: object) -> bool:
    try:
        return bool(redis.ping())  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 — not yet
        return False


def zipped(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], what: str, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            message = f"not within {timeout} s: {what}"
            raise AssertionError(message)
        time.sleep(0.05)


@contextmanager
def opened(folder: Path, backend: str) -> Iterator[Installation]:
    installation = Installation(folder, backend)
    try:
        yield installation
    finally:
        installation.stop()
