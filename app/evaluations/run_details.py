"""What a run says of itself beyond numbers, as the JSON that is kept of it, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from app.evaluations.models import Evaluation
from sandbox import RunResult
from sandbox.types import Excess, GpuUse, OutputFile, ProgramError, UsageSample


@dataclass(frozen=True, slots=True)
class RunDetails:
    """What explains a run: see the fields of the same names of `sandbox.RunResult`."""

    phases: Mapping[str, float]
    warm: bool = False
    signal: str | None = None
    excess: Excess | None = None
    error: ProgramError | None = None
    files: tuple[OutputFile, ...] = ()
    files_more: int = 0
    samples: tuple[UsageSample, ...] = ()
    log_truncated: bool = False
    excerpt: tuple[tuple[int, str], ...] = ()
    """The numbered lines of code around where it failed."""
    tokens: int | None = None
    """What the program reported of itself, where a column shows that."""


_DETAILS: Final = TypeAdapter(RunDetails)
_GPUS: Final = TypeAdapter(tuple[GpuUse, ...])


def pack_details(
    run: RunResult, excerpt: Sequence[tuple[int, str]] = (), tokens: int | None = None
) -> dict[str, Any]:
    """Return a run's details as they are stored; no text holds a NUL, which PostgreSQL refuses."""
    details = RunDetails(
        phases={name: round(seconds, 4) for name, seconds in run.phases.items()},
        warm=run.warm,
        signal=run.signal,
        excess=run.excess,
        error=run.error,
        files=run.files,
        files_more=run.files_more,
        samples=run.samples,
        log_truncated=run.log_truncated,
        excerpt=tuple(excerpt),
        tokens=tokens,
    )
    packed = asdict(details)
    # points as short rows: there are a hundred of them
    packed["samples"] = [[point.at_s, point.cpu_s, point.memory_bytes] for point in details.samples]
    return packed


def read_details(evaluation: Evaluation) -> RunDetails | None:
    """Return what is kept of an evaluation's run; None where nothing is (older ones)."""
    stored = evaluation.run_details
    if stored is None:
        return None
    names = ("at_s", "cpu_s", "memory_bytes")
    points = [dict(zip(names, point, strict=True)) for point in stored.get("samples", [])]
    try:
        return _DETAILS.validate_python({**stored, "samples": points})
    except ValidationError:
        return None


def read_gpus(evaluation: Evaluation) -> tuple[GpuUse, ...]:
    """Return what the GPUs of an evaluation's run did."""
    try:
        return _GPUS.validate_python(evaluation.gpu_uses or ())
    except ValidationError:
        return ()
