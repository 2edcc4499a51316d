from pathlib import Path

from sandbox.bubblewrap.cgroup import create_cgroup, remove_cgroup
from sandbox.docker.usage import read_stats
from sandbox.types import Limits
from sandbox.usage import Cgroup, Usage, find_container_cgroup, is_unified

ID = "0123456789abcdef"


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def unified(root: Path, name: str) -> None:
    write(root, cgroup__controllers="cpu memory pids")
    write(
        root / name,
        cpu__stat="usage_usec 1500000\nuser_usec 1\n",
        memory__current="1000\n",
        memory__peak="5000\n",
        memory__stat="inactive_file 300\nactive_file 200\n",
        memory__events="low 0\noom_kill 2\n",
        pids__current="7\n",
        pids__events="max 3\n",
    )


def test_version_2(tmp_path: Path) -> None:
    unified(tmp_path, f"system.slice/docker-{ID}.scope")
    assert is_unified(tmp_path)
    group = find_container_cgroup(ID, tmp_path)
    assert group is not None
    assert group.read() == Usage(1.5, 4500, 7, 3, 2)


def test_version_2_without_a_high_water_mark(tmp_path: Path) -> None:
    unified(tmp_path, f"docker/{ID}")
    (tmp_path / "docker" / ID / "memory.peak").unlink()
    group = find_container_cgroup(ID, tmp_path)
    assert group is not None
    assert group.read() == Usage(1.5, 700, 7, 3, 2)


def test_version_1(tmp_path: Path) -> None:
    write(tmp_path / "cpuacct" / "docker" / ID, cpuacct__usage="2000000000\n")
    write(
        tmp_path / "memory" / "docker" / ID,
        memory__usage_in_bytes="1000\n",
        memory__max_usage_in_bytes="900\n",
        memory__stat="total_inactive_file 300\ntotal_active_file 0\n",
        memory__oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
    )
    write(tmp_path / "pids" / "docker" / ID, pids__current="4\n", pids__events="max 0\n")
    group = find_container_cgroup(ID, tmp_path)
    assert group is not None
    assert group.read() == Usage(2.0, 700, 4, 0, 1)


def test_what_cannot_be_seen_has_no_usage(tmp_path: Path) -> None:
    assert find_container_cgroup(ID, tmp_path) is None
    assert Cgroup(tmp_path, tmp_path, tmp_path, unified=True).read() is None


def test_joining_keeps_the_highest() -> None:
    assert Usage(1.0, 5, 2, 0, 1).joined(Usage(2.0, 3, 4, 1, 0)) == Usage(2.0, 5, 4, 1, 1)


def test_statistics_of_an_engine() -> None:
    document = {
        "cpu_stats": {"cpu_usage": {"total_usage": 1_500_000_000}},
        "memory_stats": {"usage": 1000, "stats": {"inactive_file": 100}},
        "pids_stats": {"current": 3},
    }
    assert read_stats(document) == Usage(1.5, 900, 3)
    assert read_stats({"memory_stats": {}, "cpu_stats": {"cpu_usage": {"total_usage": 1}}}) is None


def test_no_group_where_none_may_be_made(tmp_path: Path) -> None:
    limits = Limits(wall_s=1, memory_bytes=1)
    (tmp_path / "file").touch()
    assert create_cgroup("run", limits, tmp_path / "file") is None
    remove_cgroup("run", tmp_path)
