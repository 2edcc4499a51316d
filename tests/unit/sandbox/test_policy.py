import json
from pathlib import Path

import pytest

from sandbox import policy
from sandbox.environment import environment
from sandbox.types import Limits, Run

LIMITS = Limits(wall_s=30.0, memory_bytes=1 << 30, cpus=1.5, output_bytes=1 << 20, tmp_bytes=1)


def allowed() -> set[str]:
    rules = json.loads(policy.seccomp_profile())["syscalls"]
    return {
        name
        for rule in rules
        if rule["action"] == "SCMP_ACT_ALLOW" and "args" not in rule
        for name in rule["names"]
    }


def test_what_is_not_asked_for_is_refused() -> None:
    profile = json.loads(policy.seccomp_profile())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert all(machine["subArchitectures"] == [] for machine in profile["archMap"])


@pytest.mark.parametrize(
    "name",
    [
        *("ptrace", "process_vm_readv", "keyctl", "add_key", "request_key", "userfaultfd", "bpf"),
        *("perf_event_open", "io_uring_setup", "io_uring_enter", "mount", "umount2", "unshare"),
        *("setns", "pivot_root", "chroot", "reboot", "kexec_load", "init_module", "syslog"),
        *("clock_settime", "settimeofday", "open_by_handle_at", "name_to_handle_at", "quotactl"),
        *("socket", "socketpair", "clone", "clone3", "personality", "socketcall", "acct", "swapon"),
        *("fsopen", "fsmount", "move_mount", "open_tree", "mount_setattr", "kcmp", "vhangup"),
    ],
)
def test_dangerous_calls_are_not_allowed_as_such(name: str) -> None:
    assert name not in allowed()


@pytest.mark.parametrize(
    "name", ["read", "mmap", "futex", "execve", "fork", "epoll_wait", "getrandom", "clock_gettime"]
)
def test_ordinary_calls_are_allowed(name: str) -> None:
    assert name in allowed()


def test_sockets_open_in_four_families_alone() -> None:
    rules = json.loads(policy.seccomp_profile())["syscalls"]
    families = [rule["args"][0]["value"] for rule in rules if rule["names"] == ["socket"]]
    assert families == [1, 2, 10, 16]


def test_every_group_of_calls_says_why() -> None:
    path = Path(policy.__file__).parent / "seccomp.json"
    for group in json.loads(path.read_text(encoding="utf-8"))["allow"]:
        assert len(group["why"]) > 5
        assert len(set(group["names"])) == len(group["names"])


def test_ulimits() -> None:
    values = {limit.name: limit.value for limit in policy.ulimits(LIMITS)}
    assert values["fsize"] == (1 << 20) + policy.OUTPUT_SLACK_BYTES
    assert values["core"] == 0
    assert values["nproc"] > LIMITS.processes
    assert all(limit.reason for limit in policy.ulimits(LIMITS))


def test_uids_are_never_nobodys_or_anybodys() -> None:
    drawn = {policy.draw_uid(mapped=False) for _ in range(200)}
    assert len(drawn) == 200
    assert min(drawn) >= 1_000_000_000
    assert all(20_000 <= policy.draw_uid(mapped=True) < 60_000 for _ in range(200))


def test_environment(tmp_path: Path) -> None:
    run = Run("i", ("x",), tmp_path, tmp_path, LIMITS, env={"SEED": "7", "CPUS": "99", "A": "b"})
    found = environment(run, path="/bin")
    assert found["PATH"] == "/bin"
    assert found["SEED"] == "7"
    assert found["A"] == "b"
    assert found["CPUS"] == "1.5"
    assert found["TIME_LIMIT_S"] == "30"
    assert found["MEMORY_BYTES"] == str(1 << 30)
    assert found["OMP_NUM_THREADS"] == "2"
    assert found["NVIDIA_VISIBLE_DEVICES"] == "void"


def test_gpu_runs_are_not_told_there_is_none(tmp_path: Path) -> None:
    limits = Limits(wall_s=1, memory_bytes=1, gpus=1)
    found = environment(Run("i", ("x",), tmp_path, tmp_path, limits), path="/bin")
    assert "NVIDIA_VISIBLE_DEVICES" not in found
    assert found["GPUS"] == "1"


@pytest.mark.parametrize("field", ["wall_s", "memory_bytes", "cpus", "output_bytes", "processes"])
def test_limits_limit(field: str) -> None:
    values: dict[str, float | int] = {"wall_s": 1.0, "memory_bytes": 1, field: 0}
    with pytest.raises(ValueError, match=field):
        Limits(**values)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="gpus"):
        Limits(wall_s=1, memory_bytes=1, gpus=-1)
