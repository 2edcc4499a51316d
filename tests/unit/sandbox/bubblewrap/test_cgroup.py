"""Control groups of both versions, on a tree of plain files that stands for the kernel's."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.bubblewrap.cgroup import create_cgroup, remove_cgroup
from sandbox.types import Limits
from sandbox.usage import find_container_cgroup

LIMITS = Limits(wall_s=1, memory_bytes=64 << 20, cpus=1.5, processes=10)
V1 = ("cpu", "cpuacct", "memory", "pids")


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def unified(root: Path) -> Path:
    root.mkdir()
    (root / "cgroup.controllers").write_text("cpu memory pids\n")
    (root / "cgroup.subtree_control").write_text("")
    return root


def separate(root: Path) -> Path:
    for name in V1:
        (root / name).mkdir(parents=True)
    return root


def read(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()


@pytest.mark.usefixtures("as_root")
def test_version_2(tmp_path: Path) -> None:
    root = unified(tmp_path / "cgroup")
    made = create_cgroup("run1", LIMITS, root)
    assert made is not None
    (group,) = made.directories
    assert group == root / "baijing" / "run1"
    # controllers must be handed down before a group below can have limits
    assert read(root / "cgroup.subtree_control") == "+cpu +memory +pids"
    assert read(root / "baijing" / "cgroup.subtree_control") == "+cpu +memory +pids"
    assert read(group / "memory.max") == str(64 << 20)
    assert read(group / "memory.swap.max") == "0"
    assert read(group / "pids.max") == "14"
    assert read(group / "cpu.max") == "150000 100000"
    assert made.procs == (group / "cgroup.procs",)


@pytest.mark.usefixtures("as_root")
def test_version_1(tmp_path: Path) -> None:
    root = separate(tmp_path / "cgroup")
    made = create_cgroup("run1", LIMITS, root)
    assert made is not None
    groups = {name: root / name / "baijing" / "run1" for name in V1}
    assert made.directories == tuple(groups.values())
    assert read(groups["memory"] / "memory.limit_in_bytes") == str(64 << 20)
    assert read(groups["memory"] / "memory.memsw.limit_in_bytes") == str(64 << 20)
    assert read(groups["pids"] / "pids.max") == "14"
    assert read(groups["cpu"] / "cpu.cfs_quota_us") == "150000"


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize("make", [unified, separate])
def test_a_group_goes_with_its_run(make: Callable[[Path], Path], tmp_path: Path) -> None:
    root = make(tmp_path / "cgroup")
    made = create_cgroup("run1", LIMITS, root)
    assert made is not None
    for directory in made.directories:  # the kernel's files go with their folder
        for file in directory.iterdir():
            file.unlink()
    remove_cgroup("run1", root)
    assert not any(directory.exists() for directory in made.directories)


@pytest.mark.usefixtures("as_root")
def test_a_hierarchy_that_is_not_ours_to_change_gives_none(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    root.mkdir()
    (root / "cgroup.controllers").write_text("cpu memory pids\n")
    (root / "cgroup.subtree_control").mkdir()  # writing to it fails, as without permission
    assert create_cgroup("run1", LIMITS, root) is None


def test_an_ordinary_user_makes_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert create_cgroup("run1", LIMITS, unified(tmp_path / "cgroup")) is None


@pytest.mark.parametrize("name", ["docker/abc", "system.slice/docker-abc.scope"])
def test_an_engines_container_is_found_in_version_2(name: str, tmp_path: Path) -> None:
    """Under both of the engine's drivers; the numbers are those of the kernel's own files."""
    root = unified(tmp_path / "cgroup")
    group = root / name
    group.mkdir(parents=True)
    files = {
        "cpu.stat": "usage_usec 1500000\nuser_usec 1\n",
        "memory.current": "5000\n",
        "memory.peak": "9000\n",
        "memory.stat": "anon 4000\ninactive_file 1000\nactive_file 500\n",
        "memory.events": "low 0\noom_kill 2\n",
        "pids.current": "3\n",
        "pids.events": "max 7\n",
    }
    for file, text in files.items():
        (group / file).write_text(text)
    found = find_container_cgroup("abc", root)
    assert found is not None
    usage = found.read()
    assert usage is not None
    assert usage.cpu_s == pytest.approx(1.5)
    assert usage.peak_memory_bytes >= 4000
    assert (usage.processes, usage.refused_forks, usage.oom_kills) == (3, 7, 2)
