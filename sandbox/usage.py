"""What a run uses, as the kernel counts it: read from control groups, version 1 or 2."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.types import SAMPLES_KEPT, UsageSample

CGROUP_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor seconds, the highest memory sample (bytes), and what limits were felt.

    `processes` is the most seen at once; `refused_forks` and `oom_kills` count the kernel's events.
    `memory_bytes` is the memory at the last look.
    """

    cpu_s: float = 0.0
    peak_memory_bytes: int = 0
    processes: int = 0
    refused_forks: int = 0
    oom_kills: int = 0
    memory_bytes: int = field(default=0, compare=False)

    def joined(self, sample: "Usage") -> "Usage":
        """Return the maxima of both."""
        return Usage(
            max(self.cpu_s, sample.cpu_s),
            max(self.peak_memory_bytes, sample.peak_memory_bytes),
            max(self.processes, sample.processes),
            max(self.refused_forks, sample.refused_forks),
            max(self.oom_kills, sample.oom_kills),
            sample.memory_bytes,
        )


@dataclass(slots=True)
class Curve:
    """A run's use over time, thinned as it grows: at most `SAMPLES_KEPT` points, evenly spread."""

    _kept: list[UsageSample] = field(default_factory=list)
    _step_s: float = 0.02
    _due_s: float = 0.0

    def add(self, at_s: float, usage: Usage) -> None:
        """Take one look, `at_s` seconds after the start; most are not kept."""
        if at_s < self._due_s:
            return
        self._kept.append(UsageSample(round(at_s, 3), round(usage.cpu_s, 4), usage.memory_bytes))
        self._due_s = at_s + self._step_s
        if len(self._kept) >= SAMPLES_KEPT:
            del self._kept[1::2]
            self._step_s *= 2

    def points(self) -> tuple[UsageSample, ...]:
        """Return what was kept, in order."""
        return tuple(self._kept)


@dataclass(frozen=True, slots=True)
class Cgroup:
    """One control group: a directory (version 2), or one directory per controller (version 1).

    Memory is what is charged less the file cache the kernel could drop: the figure that the limit
    is about. The kernel's own high-water mark covers what happens between two looks; the cache at
    the time of the look is taken off it. Reading never raises; a group that is gone has no usage.
    """

    cpu: Path
    memory: Path
    pids: Path
    unified: bool

    def read(self) -> Usage | None:
        """Return one sample, or None when the group is not there (any more)."""
        try:
            return self._read()
        except (OSError, ValueError, KeyError):
            return None

    def processes(self) -> tuple[int, ...]:
        """Return the ids of the group's processes, as this machine counts them."""
        try:
            return tuple(map(int, (self.pids / "cgroup.procs").read_text("ascii").split()))
        except (OSError, ValueError):
            return ()

    def _read(self) -> Usage:
        if self.unified:
            cpu_s = _table(self.cpu / "cpu.stat")["usage_usec"] / 1e6
            now, peak = self.memory / "memory.current", self.memory / "memory.peak"
            oom_kills = _table(self.memory / "memory.events").get("oom_kill", 0)
            prefix = ""
        else:
            cpu_s = _number(self.cpu / "cpuacct.usage") / 1e9
            now = self.memory / "memory.usage_in_bytes"
            peak = self.memory / "memory.max_usage_in_bytes"
            oom_kills = _table(self.memory / "memory.oom_control").get("oom_kill", 0)
            prefix = "total_"
        cache = _table(self.memory / "memory.stat")
        inactive = cache[f"{prefix}inactive_file"]
        memory = current = _number(now) - inactive
        if peak.is_file():  # kernels before 5.19 have none in version 2
            memory = max(memory, _number(peak) - inactive - cache[f"{prefix}active_file"])
        return Usage(
            cpu_s,
            max(0, memory),
            _number(self.pids / "pids.current"),
            _table(self.pids / "pids.events").get("max", 0),
            oom_kills,
            max(0, current),
        )


def is_unified(root: Path = CGROUP_ROOT) -> bool:
    """Tell whether this machine has the one hierarchy of version 2."""
    return (root / "cgroup.controllers").is_file()


def find_container_cgroup(container_id: str, root: Path = CGROUP_ROOT) -> Cgroup | None:
    """Return the group of an engine's container where this process can see it, else None.

    A worker on the engine's own machine can; one inside a container can when the machine's
    hierarchy is mounted there. The two names are those of the cgroupfs and the systemd driver.
    """
    for name in (f"docker/{container_id}", f"system.slice/docker-{container_id}.scope"):
        if is_unified(root):
            group = Cgroup(root / name, root / name, root / name, unified=True)
        else:
            cpu, memory, pids = (root / part / name for part in ("cpuacct", "memory", "pids"))
            group = Cgroup(cpu, memory, pids, unified=False)
        if group.read() is not None:
            return group
    return None


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))


def _table(path: Path) -> Mapping[str, int]:
    lines = path.read_text(encoding="ascii").splitlines()
    return {key: int(value) for key, value in (line.split() for line in lines) if value.isdigit()}
