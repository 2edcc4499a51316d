"""The vocabulary of running untrusted code: values in, values out, nothing that acts."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

MIB = 1 << 20
FILES_LISTED = 100
SAMPLES_KEPT = 120

NOTHING: Mapping[str, str] = MappingProxyType({})
NO_MOUNTS: Mapping[str, Path] = MappingProxyType({})
NO_PHASES: Mapping[str, float] = MappingProxyType({})


class SandboxError(Exception):
    """The platform failed, not the submission: safe to retry, never charged to a team."""


class SandboxUnavailableError(SandboxError):
    """This host's engine does not answer: no run here will end well until it does again."""


class ImageMissingError(SandboxError):
    """The image is not on this host: `Sandbox.prepare` may bring it."""


class Verdict(StrEnum):
    """Why a run failed. Every one of these is an expected value, the program's own doing."""

    INVALID_OUTPUT = "invalid_output"
    MISSING_OUTPUT = "missing_output"
    RUNTIME_ERROR = "runtime_error"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    PROCESS_LIMIT = "process_limit"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may consume. Bytes are bytes, times are seconds, `cpus` are whole-core shares.

    `log_bytes` is what is kept of the log (head and tail); a run that writes more than
    `log_kill_bytes` is killed as `output_limit`.
    """

    wall_s: float
    memory_bytes: int
    cpus: float = 1.0
    gpus: int = 0
    output_bytes: int = 256 * MIB
    output_files: int = 4096
    tmp_bytes: int = 512 * MIB
    processes: int = 256
    log_bytes: int = 1 * MIB
    log_kill_bytes: int = 16 * MIB

    def __post_init__(self) -> None:
        """Refuse limits that limit nothing; raise ValueError naming the field."""
        for name in ("wall_s", "memory_bytes", "cpus", "output_bytes", "output_files", "processes"):
            if getattr(self, name) <= 0:
                message = f"{name} must be positive"
                raise ValueError(message)
        if self.gpus < 0:
            message = "gpus must not be negative"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Run:
    """Everything needed to run one program once: the whole interface of this package.

    `image` is a recipe's name ("python-cpu"); `command` is argv inside, started in /code.
    `code`, `input`, `shared` and `mounts` are host directories, read-only inside at /code, /input
    and the mappings' absolute paths. `input` and `shared` are the same for many runs and do not
    change while any of them runs, so they are never copied for one; `code` and `mounts` are this
    run's own. `output` is an existing, empty host directory; what the program leaves in /output is
    copied there by the trusted collector, after its death.
    `collect` names the answers expected (relative names; each must be there); None takes every
    plain file with a plain name. `env` adds to the contract's variables. `owner` is
    "installation/evaluation/attempt", by which `Sandbox.reap` tells the living from the dead.
    `devices` are the ids of the GPUs leased for this run, as many as `limits.gpus`. `log_file` is
    where all that is printed is kept, raw, up to `limits.log_kill_bytes`; None keeps the excerpt
    in the result alone. `output_at` is a second absolute path inside where /output is found too,
    for programs that were written for another layout.
    """

    image: str
    command: tuple[str, ...]
    code: Path
    output: Path
    limits: Limits
    input: Path | None = None
    collect: tuple[str, ...] | None = None
    shared: Mapping[str, Path] = field(default_factory=lambda: NO_MOUNTS)
    mounts: Mapping[str, Path] = field(default_factory=lambda: NO_MOUNTS)
    output_at: str | None = None
    devices: tuple[str, ...] = ()
    log_file: Path | None = None
    env: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    owner: str = ""


class LimitKind(StrEnum):
    """What ran out."""

    TIME = "time"
    MEMORY = "memory"
    OUTPUT_BYTES = "output_bytes"
    OUTPUT_FILES = "output_files"
    LOG_BYTES = "log_bytes"
    PROCESSES = "processes"


@dataclass(frozen=True, slots=True)
class Excess:
    """Which limit a run hit: how much it had `used` of what was `allowed`, `after_s` seconds.

    Seconds, bytes or counts, as the kind says. `where` is the function of the program that ran
    then ("predict() in model.py, line 31"), where that could be seen; else empty.
    """

    kind: LimitKind
    used: float
    allowed: float
    after_s: float
    where: str = ""


@dataclass(frozen=True, slots=True)
class ProgramError:
    """The last uncaught exception, located in the submission's own code (relative path)."""

    type: str
    message: str
    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One thing found in /output; `reason` says in English why it was not collected."""

    name: str
    bytes: int
    kept: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GpuUse:
    """What one device did during a run; utilisation is the mean, from 0 to 1."""

    uuid: str
    model: str
    peak_memory_bytes: int
    utilisation: float
    energy_j: float


@dataclass(frozen=True, slots=True)
class UsageSample:
    """One point of a run's resource curve: processor seconds so far, memory at the moment."""

    at_s: float
    cpu_s: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended. `verdict` None means it finished by itself, with status 0 and its answers.

    `message` is one short English fact ("answer.csv is a symbolic link"). `log` is repaired UTF-8
    without control sequences. `phases` are the seconds of each phase; `warm` says that the
    container was waiting. `signal` names what ended the program ("SIGSEGV"). `files` lists at most
    `FILES_LISTED` things found in /output, `files_more` counts the rest. `samples` are at most
    `SAMPLES_KEPT`, evenly spread.
    """

    verdict: Verdict | None
    message: str
    exit_code: int | None
    wall_s: float
    cpu_s: float
    peak_memory_bytes: int
    output_bytes: int
    log: str
    log_truncated: bool
    backend: str
    image_digest: str
    cancelled: bool = False
    phases: Mapping[str, float] = field(default_factory=lambda: NO_PHASES)
    warm: bool = False
    signal: str | None = None
    excess: Excess | None = None
    error: ProgramError | None = None
    files: tuple[OutputFile, ...] = ()
    files_more: int = 0
    gpus: tuple[GpuUse, ...] = ()
    samples: tuple[UsageSample, ...] = ()


class LogSink(Protocol):
    """Receives the log while it is written, from the thread that drains it: it must not block."""

    def __call__(self, chunk: bytes, /) -> None:
        """Take one raw chunk; what it raises is swallowed, the drain goes on."""


Progress = Callable[[str], None]


class Sandbox(Protocol):
    """Anything that can execute a `Run`."""

    @property
    def name(self) -> str:
        """Return "docker" or "bubblewrap"."""

    def execute(
        self, run: Run, *, log: LogSink | None = None, cancel: threading.Event | None = None
    ) -> RunResult:
        """Run to the end and report how it ended; raise `SandboxError` only if we failed."""

    def reap(self, is_alive: Callable[[str], bool]) -> int:
        """Kill and remove the runs whose owner `is_alive` denies; return how many."""

    def prepare(self, image: str, progress: Progress) -> str:
        """Make the image available, building it where needed; return its digest."""

    def tend(self) -> None:
        """Do the upkeep that is due (refill what waits warm); called every few seconds.

        By one process per host, which need not be the one that runs; raise SandboxError if we fail.
        """

    def close(self) -> None:
        """Remove what waits warm; runs under way are their owners' business."""
