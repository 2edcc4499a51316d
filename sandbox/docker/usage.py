"""What a container uses, sampled while it lives: afterwards nobody can tell."""

import threading
from collections.abc import Mapping
from typing import Self, cast

import requests
from docker.errors import DockerException

from sandbox import policy
from sandbox.docker.engine import Engine
from sandbox.types import Limits, SandboxError
from sandbox.usage import Usage, find_container_cgroup

_FAST_S = 0.005
_STEADY_S = 0.02
_FAST_SAMPLES = 100
_STUCK_SAMPLES = 10


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
    return Usage(cpu / 1e9, max(0, memory - cache), processes)


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
    """

    def __init__(self, engine: Engine, container_id: str, limits: Limits) -> None:
        self._engine = engine
        self._id = container_id
        self._process_limit = limits.processes
        self._stop = threading.Event()
        self.stuck_at_process_limit = threading.Event()
        self.usage = Usage()
        self._thread = threading.Thread(target=self._sample_until_stopped, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Return itself: sampling has begun."""
        return self

    def __exit__(self, *_error: object) -> None:
        """End the sampling; a call to the engine under way ends by itself."""
        self._stop.set()

    def _sample_until_stopped(self) -> None:
        group = find_container_cgroup(self._id)
        stuck = count = 0
        while not self._stop.is_set():
            sample = group.read() if group is not None else self._ask_engine()
            if sample is not None:
                stuck = stuck + 1 if self._is_full(sample) else 0
                self.usage = self.usage.joined(sample)
            if stuck >= _STUCK_SAMPLES:
                self.stuck_at_process_limit.set()
            count += 1
            self._stop.wait(_FAST_S if count < _FAST_SAMPLES else _STEADY_S)

    def _is_full(self, sample: Usage) -> bool:
        """Tell whether the program keeps bumping into its process limit, not just touching it.

        `self.usage` is that of the looks before. An engine's statistics do not count refusals.
        """
        refused_again = sample.refused_forks > self.usage.refused_forks
        return refused_again or sample.processes > self._process_limit

    def _ask_engine(self) -> Usage | None:
        """Return one sample; None while the engine has none (not yet started, just ended)."""
        try:
            api = self._engine.client(policy.KILL_TIMEOUT_S).api
            stats = api.stats(self._id, stream=False, one_shot=True)
        except (DockerException, requests.RequestException, SandboxError, ValueError):
            return None
        return read_stats(cast("Mapping[str, object]", stats))
