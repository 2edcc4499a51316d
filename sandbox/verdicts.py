"""Turn what was observed of a run into its verdict: one order of precedence for all backends."""

import signal
from dataclasses import dataclass

from sandbox.collect import Collection
from sandbox.types import Limits, Verdict


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
