"""What every backend does before and after a run: check the request, put the result together."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from sandbox import policy
from sandbox.collect import Caps, Collection, is_plain_name
from sandbox.explain import find_error, find_stack
from sandbox.logs import LogCapture
from sandbox.types import GpuUse, ProgramError, Run, RunResult, SandboxError, UsageSample, Verdict
from sandbox.usage import Usage
from sandbox.verdicts import Ending, Felt, decide, measure_excess, name_signal

_STARVED_OF_PROCESSES = ("Resource temporarily unavailable", "can't start new thread")


def check_run(run: Run) -> None:
    """Raise SandboxError when a request cannot be run as it stands, saying which part of it."""
    folders = {"code": run.code, "input": run.input, **run.shared, **run.mounts}
    for name, directory in folders.items():
        if directory is not None and not directory.is_dir():
            _refuse(f"{name}: {directory} is not a directory")
    if not run.output.is_dir() or any(run.output.iterdir()):
        _refuse(f"output: {run.output} is not an empty directory")
    if not run.command:
        _refuse("there is no command")
    _check_names(run)
    _check_devices(run)


def _check_names(run: Run) -> None:
    for target in (*run.shared, *run.mounts, *(() if run.output_at is None else (run.output_at,))):
        plain = PurePosixPath(target).is_absolute() and ".." not in PurePosixPath(target).parts
        if not plain or target.rstrip("/") in policy.RESERVED_MOUNTS or target == "/":
            _refuse(f"nothing can be mounted at {target}")
    for name in run.collect or ():
        if not is_plain_name(name, Caps.of(run.limits)):
            _refuse(f"{name!r} is not a plain relative name")


def _check_devices(run: Run) -> None:
    """Refuse GPUs that nobody leased: a count alone would be answered with somebody else's."""
    if len(set(run.devices)) != run.limits.gpus or len(run.devices) != run.limits.gpus:
        leased = ", ".join(run.devices) or "none"
        _refuse(f"GPUs must be leased: {run.limits.gpus} wanted, leased: {leased}")


def _refuse(reason: str) -> None:
    raise SandboxError(reason)


@dataclass(frozen=True, slots=True)
class Observation:
    """What a backend saw of a program: how it ended, how long it took, what it used."""

    ending: Ending
    wall_s: float = 0.0
    usage: Usage = field(default_factory=Usage)
    gpus: tuple[GpuUse, ...] = ()
    samples: tuple[UsageSample, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a result comes from."""

    backend: str
    image_digest: str


class Stopwatch:
    """The seconds each phase of a run took."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self.phases: dict[str, float] = {}

    def lap(self, phase: str) -> None:
        """End one phase and begin the next."""
        now = time.monotonic()
        self.phases[phase] = now - self._since
        self._since = now


def build_result(
    run: Run,
    observation: Observation,
    collection: Collection,
    capture: LogCapture,
    origin: Origin,
    phases: Mapping[str, float],
) -> RunResult:
    """Return the result of a run that has ended."""
    ending, usage = observation.ending, observation.usage
    capture.close()
    log, truncated = capture.text()
    verdict, message = decide(ending, run.limits, collection, run.collect)
    if verdict is Verdict.RUNTIME_ERROR and _starved(log):
        verdict, message = Verdict.PROCESS_LIMIT, f"{run.limits.processes} processes"
    errors = capture.errors()
    felt = Felt(usage, observation.wall_s, capture.total, find_stack(errors) or find_stack(log))
    return RunResult(
        verdict=verdict,
        message=message,
        exit_code=ending.exit_code,
        wall_s=round(observation.wall_s, 6),
        cpu_s=round(usage.cpu_s, 6),
        peak_memory_bytes=usage.peak_memory_bytes,
        output_bytes=sum(collection.kept.values()) if verdict is None else collection.bytes,
        log=log,
        log_truncated=truncated,
        backend=origin.backend,
        image_digest=origin.image_digest,
        cancelled=ending.cancelled,
        phases=phases,
        signal=name_signal(ending),
        excess=measure_excess(verdict, ending, run.limits, collection, felt),
        error=_find_error(verdict, errors, log),
        files=collection.files,
        files_more=collection.files_more,
        samples=observation.samples,
        gpus=observation.gpus,
    )


def _find_error(verdict: Verdict | None, errors: str, log: str) -> ProgramError | None:
    """Return the exception behind a failure; what a program got over is its own business.

    The error stream tells it best; a program that sent that elsewhere tells it in the log.
    """
    if verdict in {None, Verdict.TIME_LIMIT}:
        return None
    return find_error(errors) or find_error(log)


def _starved(log: str) -> bool:
    """Tell whether a failed program's last words are of a refused fork.

    A bomb of short-lived processes can end between two samples of the process count; its own error
    is then the only witness. Believing it costs nobody anything: the run has failed either way.
    """
    return any(phrase in log[-4000:] for phrase in _STARVED_OF_PROCESSES)
