"""What a container uses, sampled while it lives: afterwards nobody can tell."""

import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from sandbox.docker.engine import Engine
from sandbox.stacks import ASK, NEAR, ask_processes
from sandbox.types import Limits, SandboxError
from sandbox.usage import Curve, Usage, find_container_cgroup

if TYPE_CHECKING:
    from sandbox.usage import Cgroup

_FAST_S = 0.005
_STEADY_S = 0.02
_FAST_SAMPLES = 100
_STUCK_SAMPLES = 10
_FORGOTTEN_S = 1.0
"""On a busy machine a bomb does not get to be refused between any two looks."""
_JOIN_S = 0.5


def read_stats(stats: Mapping[str, object]) -> Usage | None:
    """Return what one statistics document of the engine says; None when it says nothing.

    Memory is what the kernel charges less the file cache it could drop at once, which is what the
    engine's own command line shows.
    """
    memory = _number(stats, "memory_stats", "usage")
    if not memory:
        return None
    cpu = _number(stats, "cpu_stats", "cpu_usage", "total_usage")
    cache = _number(stats, "memory_stats", "stats", "total_inactive_file") or _number(
        stats, "memory_stats", "stats", "inactive_file"
    )
    processes = _number(stats, "pids_stats", "current")
    used = max(0, memory - cache)
    return Usage(cpu / 1e9, used, processes, memory_bytes=used)


def _number(document: Mapping[str, object], *path: str) -> int:
    found: object = document
    for key in path:
        if not isinstance(found, Mapping):
            return 0
        found = found.get(key)
    return found if isinstance(found, int) else 0


class Sampler:
    """A thread that samples a container's use until it is stopped.

    It reads the container's control group where this process can see it (every few milliseconds,
    so that short runs have numbers too), else the engine's statistics, which change once a second.
    With `warm` the processor time the container has had by now is not the program's.
    """

    def __init__(
        self, engine: Engine, container_id: str, limits: Limits, *, warm: bool = False
    ) -> None:
        self._engine = engine
        self._id = container_id
        self._pids_limit = limits.processes + 1
        self._near_memory = NEAR * limits.memory_bytes
        self._group: Cgroup | None = None
        self._asked = False
        self._stop = threading.Event()
        self.stuck_at_process_limit = threading.Event()
        self.usage = Usage()
        self.curve = Curve()
        self._cpu_before_s = 0.0
        self._thread: threading.Thread | None = None
        if warm:
            self._group = find_container_cgroup(container_id)
            before = self._look()
            self._cpu_before_s = before.cpu_s if before is not None else 0.0

    def begin(self) -> None:
        """Begin sampling: the program runs now."""
        self._thread = threading.Thread(target=self._sample_until_stopped, daemon=True)
        self._thread.start()

    def finish(self) -> bool:
        """Take the last look at a dead program; tell whether it was still there to be looked at.

        Only then are the counts of what the kernel refused and killed complete.
        """
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_JOIN_S)
        last = self._group.read() if self._group is not None else None
        if last is None:
            return False
        self.usage = self.usage.joined(self._own(last))
        return True

    def __enter__(self) -> Self:
        """Return itself; sampling begins with `begin`."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the sampling; a call to the engine under way ends by itself."""
        self._stop.set()

    def ask_where(self) -> None:
        """Ask the program where it stands; an answer, where there is one, comes in its log."""
        if self._group is not None and ask_processes(self._group.processes()):
            return  # a signal of ours is there at once; the engine takes its time
        with contextlib.suppress(SandboxError):
            self._engine.api.kill(self._id, ASK)

    def _sample_until_stopped(self) -> None:
        started = time.monotonic()
        if self._group is None:
            self._group = find_container_cgroup(self._id)
        stuck = count = 0
        full_at = started
        while not self._stop.is_set():
            sample = self._look()
            if sample is not None:
                if self._is_full(sample):
                    stuck, full_at = stuck + 1, time.monotonic()
                elif time.monotonic() - full_at > _FORGOTTEN_S:
                    stuck = 0
                self.usage = self.usage.joined(sample)
                self.curve.add(time.monotonic() - started, sample)
                if sample.memory_bytes >= self._near_memory and not self._asked:
                    self._asked = True
                    self.ask_where()
            if stuck >= _STUCK_SAMPLES:
                self.stuck_at_process_limit.set()
            count += 1
            self._stop.wait(_FAST_S if count < _FAST_SAMPLES else _STEADY_S)

    def _is_full(self, sample: Usage) -> bool:
        """Tell whether the program keeps bumping into its process limit, not just touching it.

        `self.usage` is that of the looks before. An engine's statistics do not count refusals, and
        the processes it counts may include a runtime's own (gVisor's), as its limit does.
        """
        if self._group is not None:
            return sample.refused_forks > self.usage.refused_forks
        return sample.processes >= self._pids_limit

    def _look(self) -> Usage | None:
        sample = self._group.read() if self._group is not None else self._ask_engine()
        return self._own(sample) if sample is not None else None

    def _own(self, sample: Usage) -> Usage:
        return replace(sample, cpu_s=max(0.0, sample.cpu_s - self._cpu_before_s))

    def _ask_engine(self) -> Usage | None:
        """Return one sample; None while the engine has none (not yet started, just ended)."""
        try:
            stats = self._engine.api.stats(self._id)
        except (SandboxError, ValueError):
            return None
        self._pids_limit = _number(stats, "pids_stats", "limit") or self._pids_limit
        return read_stats(stats)
