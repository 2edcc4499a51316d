"""Is a device clean again after a run? What is not must not be given to the next one.

Memory on a card is the driver's to hand back, a moment after the process is gone. Where it does not
(a hung kernel, a process that outlived its container), the next run would find less than it was
promised, or somebody's data.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sandbox.gpu.nvml import Nvml, find_nvml, opened
from sandbox.types import MIB

TOLERANCE_BYTES = 64 * MIB
"""What a driver may hold more than before without anything being wrong: page tables, a context of
its own; the smallest context of a program is several times as large."""

PATIENCE_S = 5.0
_LOOK_EVERY_S = 0.2


class Fault(StrEnum):
    """Why a device is not fit for the next run."""

    MEMORY_HELD = "memory_held"
    PROCESSES_LEFT = "processes_left"
    NOT_ANSWERING = "not_answering"


@dataclass(frozen=True, slots=True)
class DeviceState:
    """One look at a device: bytes in use, who computes on it; `error` when it did not answer."""

    uuid: str
    used_bytes: int = 0
    processes: tuple[int, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. `fault` None: clean. `held_bytes` are those not given back."""

    uuid: str
    fault: Fault | None = None
    detail: str = ""
    held_bytes: int = 0

    @property
    def is_clean(self) -> bool:
        """Tell whether the next run may have the device."""
        return self.fault is None


def look_at(uuids: Iterable[str], nvml: Nvml | None = None) -> tuple[DeviceState, ...]:
    """Return the state of each device now. Never raises: one that does not answer says so."""
    library = nvml or find_nvml()
    wanted = tuple(uuids)
    try:
        with opened(library):
            return tuple(_state(library, uuid) for uuid in wanted)
    except library.NVMLError as error:
        return tuple(DeviceState(uuid, error=str(error)) for uuid in wanted)


def judge(before: DeviceState, after: DeviceState) -> Finding:
    """Compare a device after a run with what it was before."""
    error = after.error or before.error
    if error:
        return Finding(after.uuid, Fault.NOT_ANSWERING, error)
    if after.processes:
        pids = ", ".join(str(pid) for pid in after.processes)
        return Finding(after.uuid, Fault.PROCESSES_LEFT, f"processes {pids}")
    held = after.used_bytes - before.used_bytes
    if held > TOLERANCE_BYTES:
        detail = f"{held / MIB:.0f} MiB more in use than before"
        return Finding(after.uuid, Fault.MEMORY_HELD, detail, held)
    return Finding(after.uuid)


def check_free(
    before: DeviceState, nvml: Nvml | None = None, *, patience_s: float = PATIENCE_S
) -> Finding:
    """Return whether a device is what it was `before` a run, at the latest after `patience_s`.

    Never raises. A device that does not answer is not asked again.
    """
    deadline = time.monotonic() + patience_s
    while True:
        (after,) = look_at([before.uuid], nvml)
        finding = judge(before, after)
        settled = finding.is_clean or finding.fault is Fault.NOT_ANSWERING
        if settled or time.monotonic() >= deadline:
            return finding
        time.sleep(_LOOK_EVERY_S)


def _state(nvml: Nvml, uuid: str) -> DeviceState:
    try:
        handle = nvml.nvmlDeviceGetHandleByUUID(uuid)
        used = nvml.nvmlDeviceGetMemoryInfo(handle).used
        processes = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
    except nvml.NVMLError as error:
        return DeviceState(uuid, error=str(error))
    return DeviceState(uuid, used, tuple(sorted(each.pid for each in processes)))
