"""A control group for one run, where this process may make one (root, outside containers)."""

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from sandbox.types import Limits
from sandbox.usage import CGROUP_ROOT, Cgroup, is_unified

PARENT = "baijing"
_CONTROLLERS = ("cpu", "memory", "pids")
_V1_CONTROLLERS = ("cpu", "cpuacct", "memory", "pids")
_PERIOD_US = 100_000
_REMOVE_S = 2.0


@dataclass(frozen=True, slots=True)
class RunCgroup:
    """The group's directories (one, or one per controller) and how to read what it used."""

    directories: tuple[Path, ...]
    group: Cgroup

    @property
    def procs(self) -> tuple[Path, ...]:
        """Return the files a process writes its id to, to join."""
        return tuple(directory / "cgroup.procs" for directory in self.directories)

    def remove(self) -> None:
        """Remove the emptied group; the kernel may need a moment to let go of the dead."""
        _remove(self.directories)


def remove_cgroup(run_id: str, root: Path = CGROUP_ROOT) -> None:
    """Remove the group of a run whose worker is dead, where there is one."""
    unified = is_unified(root)
    parents = [root] if unified else [root / name for name in _V1_CONTROLLERS]
    _remove(tuple(parent / PARENT / run_id for parent in parents))


def _remove(directories: tuple[Path, ...]) -> None:
    deadline = time.monotonic() + _REMOVE_S
    for directory in directories:
        while directory.is_dir() and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                directory.rmdir()
                break
            time.sleep(0.01)


def create_cgroup(run_id: str, limits: Limits, root: Path = CGROUP_ROOT) -> RunCgroup | None:
    """Return a new group with the run's limits, or None where this process may not make one."""
    if os.geteuid() != 0:
        return None
    create = _create_v2 if is_unified(root) else _create_v1
    try:
        return create(run_id, limits, root)
    except OSError:
        remove_cgroup(run_id, root)
        return None


def _create_v2(run_id: str, limits: Limits, root: Path) -> RunCgroup:
    enable = " ".join(f"+{name}" for name in _CONTROLLERS)
    (root / "cgroup.subtree_control").write_text(enable, encoding="ascii")
    parent = root / PARENT
    parent.mkdir(exist_ok=True)
    (parent / "cgroup.subtree_control").write_text(enable, encoding="ascii")
    made = parent / run_id
    made.mkdir()
    _set(made / "memory.max", limits.memory_bytes)
    with contextlib.suppress(OSError):  # a kernel without swap accounting has no such file
        _set(made / "memory.swap.max", 0)
    _set(made / "pids.max", _pids(limits))
    (made / "cpu.max").write_text(f"{_quota(limits)} {_PERIOD_US}", encoding="ascii")
    return RunCgroup((made,), Cgroup(made, made, made, unified=True))


def _create_v1(run_id: str, limits: Limits, root: Path) -> RunCgroup:
    made = {name: root / name / PARENT / run_id for name in _V1_CONTROLLERS}
    for directory in made.values():
        directory.mkdir(parents=True)
    _set(made["memory"] / "memory.limit_in_bytes", limits.memory_bytes)
    with contextlib.suppress(OSError):
        _set(made["memory"] / "memory.memsw.limit_in_bytes", limits.memory_bytes)
    _set(made["pids"] / "pids.max", _pids(limits))
    _set(made["cpu"] / "cpu.cfs_period_us", _PERIOD_US)
    _set(made["cpu"] / "cpu.cfs_quota_us", _quota(limits))
    group = Cgroup(made["cpuacct"], made["memory"], made["pids"], unified=False)
    return RunCgroup(tuple(made.values()), group)


def _pids(limits: Limits) -> int:
    """The program's processes and the four of bubblewrap's two stages."""
    return limits.processes + 4


def _quota(limits: Limits) -> int:
    return int(limits.cpus * _PERIOD_US)


def _set(path: Path, value: int) -> None:
    path.write_text(str(value), encoding="ascii")
