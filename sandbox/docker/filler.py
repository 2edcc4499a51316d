"""Who keeps containers waiting: as many as were wanted lately, from processor time to spare."""

import contextlib
import logging
import math
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from typing_extensions import override

from sandbox.docker.runclass import RunClass
from sandbox.docker.slots import LIFETIME_S, Slots, State
from sandbox.docker.waiting import add_slot, drop
from sandbox.docker.workshop import Workshop
from sandbox.types import SandboxError

logger = logging.getLogger("baijing.sandbox")

_STOP_S: Final = 60.0
_IDLE_S: Final = 600.0
_RATE_OVER_S: Final = 30.0
_LOOK_EVERY_S: Final = 1.0
_BACK_OFF_S: Final = 120.0
_IDLE_OVER_S: Final = 0.5
_IDLE_SHARE: Final = 0.1
_PATIENCE_S: Final = 10.0
_WAITING_MEMORY: Final = 2 << 30
"""What all waiting slots together may hold, in bytes."""


@dataclass
class _Demand:
    """What is known of one class's demand: runs a second, smoothed, and how long a slot takes."""

    count: int
    at: float
    rate: float = 0.0
    make_s: float = 1.0
    not_before: float = 0.0

    def update(self, count: int, now: float) -> None:
        """Take a new count of runs."""
        passed = now - self.at
        if passed <= 0:
            return
        share = 1 - math.exp(-passed / _RATE_OVER_S)
        self.rate += share * ((count - self.count) / passed - self.rate)
        self.count, self.at = count, now

    def wanted(self, size: int, last_s: float) -> int:
        """Return how many should wait now, `last_s` seconds after the last run."""
        if last_s > _IDLE_S:
            return 0
        return min(size, max(1, math.ceil(self.rate * self.make_s)))


class _Processors:
    """Whether there is processor time that nobody wants: making a slot may not take a run's."""

    def __init__(self) -> None:
        self._looked_at = 0.0
        self._times = (0, 0)
        self._has_idle = True
        self._last_made = time.monotonic()

    def spare_some(self) -> bool:
        """Tell whether to make a slot now: there is idle time, or none was made for a while."""
        now = time.monotonic()
        if now - self._looked_at > _IDLE_OVER_S:
            idle, total = _processor_times()
            passed = total - self._times[1]
            self._has_idle = idle - self._times[0] >= _IDLE_SHARE * passed
            self._times, self._looked_at = (idle, total), now
        if self._has_idle or now - self._last_made > _PATIENCE_S:
            self._last_made = now
            return True
        return False


def _processor_times() -> tuple[int, int]:
    """Return the machine's idle and total processor time, in ticks."""
    try:
        line = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
        ticks = [int(word) for word in line.split()[1:9]]
    except (OSError, ValueError, IndexError):
        return 0, 0
    return ticks[3] + ticks[4], sum(ticks)


class Filler(threading.Thread):
    """Makes and drops slots until it is stopped; an engine that fails is left alone for a while."""

    def __init__(self, workshop: Workshop, slots: Slots, size: int) -> None:
        super().__init__(name="sandbox-pool", daemon=True)
        self._workshop = workshop
        self._slots = slots
        self._size = size
        self._stopping = threading.Event()
        self._demands: dict[str, _Demand] = {}
        self._processors = _Processors()

    def stop(self) -> None:
        """Stop, after the slot that is being made just now."""
        self._stopping.set()
        self._slots.ring()
        self.join(_STOP_S)

    @override
    def run(self) -> None:
        with contextlib.suppress(OSError), self._slots.listening() as bell:
            while not self._stopping.is_set():
                for key, runs in self._slots.classes().items():
                    if not self._stopping.is_set():
                        self._look_after(key, runs)
                bell.wait(_LOOK_EVERY_S)

    def _look_after(self, key: str, runs: RunClass) -> None:
        count, last = self._slots.demanded(key)
        now = time.monotonic()
        demand = self._demands.setdefault(key, _Demand(max(0, count - 1), now - 1.0))
        demand.update(count, now)
        wanted = demand.wanted(self._size, time.time() - last)
        waiting = [slot for slot in self._slots.of_class(key) if slot.state is State.READY]
        fresh = [slot for slot in waiting if time.time() - slot.made_at < LIFETIME_S / 2]
        for slot in [slot for slot in waiting if slot not in fresh] + fresh[wanted:]:
            drop(self._workshop, self._slots, slot)
        if len(fresh) < wanted and now >= demand.not_before and self._may_make():
            self._make(runs, demand)
            self._slots.ring()  # there may be more to make
        elif not wanted and not waiting:
            self._slots.forget_class(key)
            self._demands.pop(key, None)

    def _may_make(self) -> bool:
        held = sum(slot.made.memory_bytes for slot in self._slots.all())
        return held < _WAITING_MEMORY and self._processors.spare_some()

    def _make(self, runs: RunClass, demand: _Demand) -> None:
        started = time.monotonic()
        try:
            add_slot(self._workshop, self._slots, runs)
        except (SandboxError, OSError) as error:
            logger.warning("no container waits for %s: %s", runs.image, error)
            demand.not_before = time.monotonic() + _BACK_OFF_S
            return
        demand.make_s += 0.3 * (time.monotonic() - started - demand.make_s)
