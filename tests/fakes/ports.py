"""A clock that stands still, a queue in a list, a sandbox that does as it is told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event

from app.core.jobs import Job, P
from sandbox import (
    ImageMissingError,
    LogSink,
    Run,
    RunResult,
    SandboxError,
    SandboxUnavailableError,
)
from sandbox.probe import SMALLEST


@dataclass
class FrozenClock:
    instant: datetime = datetime(2030, 1, 1, 4, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def tick(self, step: timedelta) -> None:
        self.instant += step


@dataclass
class MemoryQueue:
    jobs: list[tuple[str, str, tuple[object, ...]]] = field(default_factory=list)

    def put(self, pool: str, declared: Job[P], *args: P.args, **kwargs: P.kwargs) -> None:
        assert not kwargs
        self.jobs.append((pool, declared.path, args))

    def waiting(self, pool: str) -> int:
        return sum(queued == pool for queued, _, _ in self.jobs)


def finished(**changes: object) -> RunResult:
    """A run that ended well, with some fields changed."""
    plain: dict[str, object] = {
        "verdict": None,
        "message": "",
        "exit_code": 0,
        "wall_s": 0.5,
        "cpu_s": 0.25,
        "peak_memory_bytes": 32 << 20,
        "output_bytes": 10,
        "log": "",
        "log_truncated": False,
        "backend": "scripted",
        "image_digest": "sha256:0",
        "cancelled": False,
        "phases": {},
    }
    return RunResult(**(plain | changes))  # type: ignore[arg-type]


def _is_probe(run: Run) -> bool:
    program = run.code / "main.py"
    return program.is_file() and program.read_text(encoding="utf-8") == SMALLEST


@dataclass
class ScriptedSandbox:
    """Runs a Python function instead of code: it may write answers into `run.output`."""

    act: Callable[[Run], RunResult] = lambda _run: finished()
    broken: bool = False
    """Fails every run, but for the probe that asks whether the sandbox itself is well."""
    sick: bool = False
    """Its engine says nothing at all."""
    missing_images: set[str] = field(default_factory=set)
    runs: list[Run] = field(default_factory=list)
    name: str = "scripted"

    def execute(
        self, run: Run, *, log: LogSink | None = None, cancel: Event | None = None
    ) -> RunResult:
        del cancel
        if run.image in self.missing_images:
            raise ImageMissingError(run.image)
        self.runs.append(run)
        if self.sick:
            message = "engine silent"
            raise SandboxUnavailableError(message)
        if self.broken:
            if _is_probe(run):
                return finished(log="alive\n")
            message = "engine unreachable"
            raise SandboxError(message)
        result = self.act(run)
        if log is not None and result.log:
            log(result.log.encode())
        return result

    def reap(self, is_alive: Callable[[str], bool]) -> int:
        del is_alive
        return 0

    def tend(self) -> None:
        pass

    def close(self) -> None:
        pass

    def prepare(self, image: str, progress: Callable[[str], None]) -> str:
        progress(f"{image} is ready")
        self.missing_images.discard(image)
        return "sha256:0"
