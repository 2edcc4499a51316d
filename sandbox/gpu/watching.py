"""What GPUs do during a run: memory, utilisation and energy, sampled five times a second."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sandbox.gpu.nvml import Nvml, find_nvml, opened
from sandbox.types import GpuUse

PERIOD_S = 0.2
_PATIENCE_S = 2.0

_T = TypeVar("_T")


@dataclass(slots=True)
class Watch:
    """The sampling of some devices; `uses` is there once the block has ended.

    A value the device does not give is 0 in it (a MIG slice gives neither utilisation nor energy);
    a device that does not answer at all is missing from it.
    """

    uses: tuple[GpuUse, ...] = ()


@contextmanager
def watch(
    devices: Sequence[str], nvml: Nvml | None = None, *, period_s: float = PERIOD_S
) -> Iterator[Watch]:
    """Sample `devices` (uuids) while the block runs. What fails here never reaches the block.

    No devices: nothing is loaded and no thread starts. A driver that hangs is left behind in its
    daemon thread after two seconds.
    """
    watched = Watch()
    if not devices:
        yield watched
        return
    sampler = _Sampler(tuple(devices), nvml, period_s)
    try:
        yield watched
    finally:
        watched.uses = sampler.finish()


class _Sampler:
    """A thread that looks at devices until it is told to stop; every NVML call is made by it."""

    def __init__(self, uuids: tuple[str, ...], nvml: Nvml | None, period_s: float) -> None:
        self._uuids = uuids
        self._nvml = nvml
        self._period_s = period_s
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._tracks: tuple[_Track, ...] = ()
        self._thread = threading.Thread(target=self._work, name="sandbox-gpus", daemon=True)
        self._thread.start()
        # what is in use before the run is not the run's: look once before it begins
        self._ready.wait(_PATIENCE_S)

    def finish(self) -> tuple[GpuUse, ...]:
        self._stop.set()
        self._thread.join(_PATIENCE_S)
        return tuple(track.use() for track in self._tracks)

    def _work(self) -> None:
        # whatever a driver or its library throws, a run does not depend on being watched
        with contextlib.suppress(Exception):
            nvml = self._nvml or find_nvml()
            with opened(nvml):
                found = [_begin(nvml, uuid) for uuid in self._uuids]
                self._tracks = tuple(track for track in found if track is not None)
                self._ready.set()
                while not self._stop.wait(self._period_s):
                    self._look()
                self._look()
        self._ready.set()

    def _look(self) -> None:
        for track in self._tracks:
            track.look()


@dataclass(slots=True)
class _Track:
    """One device under watch. Energy is the counter's difference, else power over time."""

    nvml: Nvml
    handle: object
    uuid: str
    model: str
    memory_before: int
    energy_before_mj: int | None
    power_mw: int | None
    looked_at: float
    peak: int = 0
    energy_mj: float = 0.0
    rates: list[int] = field(default_factory=list)

    def look(self) -> None:
        """Take one sample; what the device does not answer is left out of it."""
        nvml, handle = self.nvml, self.handle
        used = _ask(nvml, lambda: nvml.nvmlDeviceGetMemoryInfo(handle).used)
        if used is not None:
            self.peak = max(self.peak, used - self.memory_before)
        rate = _ask(nvml, lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
        if rate is not None:
            self.rates.append(rate)
        self._count_energy()

    def _count_energy(self) -> None:
        nvml, handle, now = self.nvml, self.handle, time.monotonic()
        if self.energy_before_mj is not None:
            total = _ask(nvml, lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle))
            if total is not None:
                self.energy_mj = total - self.energy_before_mj
            return
        power = _ask(nvml, lambda: nvml.nvmlDeviceGetPowerUsage(handle))
        if power is not None and self.power_mw is not None:
            self.energy_mj += (power + self.power_mw) / 2 * (now - self.looked_at)
        self.power_mw, self.looked_at = power, now

    def use(self) -> GpuUse:
        """Return the sum of it."""
        rates = tuple(self.rates)
        return GpuUse(
            uuid=self.uuid,
            model=self.model,
            peak_memory_bytes=self.peak,
            utilisation=round(sum(rates) / len(rates) / 100, 4) if rates else 0.0,
            energy_j=round(self.energy_mj / 1000, 3),
        )


def _begin(nvml: Nvml, uuid: str) -> _Track | None:
    """Return the state before the run, or None when the device does not answer."""
    try:
        handle = nvml.nvmlDeviceGetHandleByUUID(uuid)
        model = nvml.nvmlDeviceGetName(handle)
        used = nvml.nvmlDeviceGetMemoryInfo(handle).used
    except nvml.NVMLError:
        return None
    return _Track(
        nvml=nvml,
        handle=handle,
        uuid=uuid,
        model=model,
        memory_before=used,
        energy_before_mj=_ask(nvml, lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle)),
        power_mw=_ask(nvml, lambda: nvml.nvmlDeviceGetPowerUsage(handle)),
        looked_at=time.monotonic(),
    )


def _ask(nvml: Nvml, question: Callable[[], _T]) -> _T | None:
    try:
        return question()
    except nvml.NVMLError:
        return None
