"""Turn what was observed of a run into its verdict: one order of precedence for all backends."""

import signal
from dataclasses import dataclass

from sandbox.collect import Collection
from sandbox.types import Excess, LimitKind, Limits, Verdict
from sandbox.usage import Usage


@dataclass(frozen=True, slots=True)
class Ending:
    """What a backend saw: how the program ended, and which limit (if any) ended it."""

    exit_code: int | None
    cancelled: bool = False
    timed_out: bool = False
    flooded: bool = False
    out_of_memory: bool = False
    out_of_processes: bool = False
    out_of_output: bool = False


def decide(
    ending: Ending, limits: Limits, collection: Collection, wanted: tuple[str, ...] | None
) -> tuple[Verdict | None, str]:
    """Return the verdict and its one-line fact; (None, "") for a clean end with its answers.

    A limit outranks the exit status it caused, and the status outranks what it left behind.
    """
    if ending.cancelled:
        return None, "cancelled"
    return _limit_hit(ending, limits, collection) or _own_fault(ending, collection, wanted)


def _limit_hit(
    ending: Ending, limits: Limits, collection: Collection
) -> tuple[Verdict, str] | None:
    too_big = ending.exit_code in {128 + signal.SIGXFSZ, -signal.SIGXFSZ}
    over = collection.over or ("a file larger than allowed" if too_big else "")
    checks = (
        (ending.out_of_memory, Verdict.MEMORY_LIMIT, f"more than {limits.memory_bytes} bytes"),
        (ending.flooded, Verdict.OUTPUT_LIMIT, f"log above {limits.log_kill_bytes} bytes"),
        (ending.out_of_processes, Verdict.PROCESS_LIMIT, f"{limits.processes} processes"),
        (ending.out_of_output, Verdict.OUTPUT_LIMIT, f"more than {limits.output_bytes} bytes"),
        (ending.timed_out, Verdict.TIME_LIMIT, f"more than {limits.wall_s:g} s"),
        (bool(over), Verdict.OUTPUT_LIMIT, over),
    )
    return next(((verdict, fact) for hit, verdict, fact in checks if hit), None)


def _own_fault(
    ending: Ending, collection: Collection, wanted: tuple[str, ...] | None
) -> tuple[Verdict | None, str]:
    if ending.exit_code != 0:
        return Verdict.RUNTIME_ERROR, f"exit status {ending.exit_code}"
    for name in wanted or ():
        if name in collection.refused:
            return Verdict.INVALID_OUTPUT, f"{name} {collection.refused[name]}"
    missing = [name for name in wanted or () if name not in collection.kept]
    if missing:
        return Verdict.MISSING_OUTPUT, f"{missing[0]} was not written"
    return None, ""


@dataclass(frozen=True, slots=True)
class Felt:
    """What a run was measured to have used, and where it stood last (see `Excess.where`)."""

    usage: Usage
    wall_s: float
    log_bytes: int
    where: str


def measure_excess(
    verdict: Verdict | None, ending: Ending, limits: Limits, collection: Collection, felt: Felt
) -> Excess | None:
    """Return by how much the limit behind a verdict was exceeded; None where it is none's doing.

    What the kernel refused was never used, so a limit it kept counts as used up.
    """
    found: tuple[LimitKind, float, float] | None = None
    if verdict is Verdict.MEMORY_LIMIT:
        peak = max(felt.usage.peak_memory_bytes, limits.memory_bytes)
        found = LimitKind.MEMORY, peak, limits.memory_bytes
    elif verdict is Verdict.TIME_LIMIT:
        found = LimitKind.TIME, max(felt.wall_s, limits.wall_s), limits.wall_s
    elif verdict is Verdict.PROCESS_LIMIT:
        most = max(felt.usage.processes, limits.processes)
        found = LimitKind.PROCESSES, most, limits.processes
    elif verdict is Verdict.OUTPUT_LIMIT:
        found = _output_excess(ending, limits, collection, felt)
    if found is None:
        return None
    kind, used, allowed = found
    return Excess(kind, used, allowed, round(felt.wall_s, 3), felt.where)


def _output_excess(
    ending: Ending, limits: Limits, collection: Collection, felt: Felt
) -> tuple[LimitKind, float, float]:
    if ending.flooded:
        return LimitKind.LOG_BYTES, felt.log_bytes, limits.log_kill_bytes
    if collection.entries > limits.output_files:
        return LimitKind.OUTPUT_FILES, collection.entries, limits.output_files
    used = max(collection.bytes, limits.output_bytes)
    return LimitKind.OUTPUT_BYTES, used, limits.output_bytes


def name_signal(ending: Ending) -> str | None:
    """Return the name of the signal that ended a program ("SIGSEGV"), however it is reported.

    A shell, like an engine, adds 128 to it. What we killed is told by the limit, not by our signal.
    """
    code = ending.exit_code
    ours = ending.timed_out or ending.cancelled or ending.flooded
    if code is None or ours or ending.out_of_processes or ending.out_of_output:
        return None
    number = -code if code < 0 else code - 128
    try:
        return signal.Signals(number).name
    except ValueError:
        return None
