from pathlib import Path

import pytest

from sandbox import policy
from sandbox.environment import environment
from sandbox.types import Limits, Run

LIMITS = Limits(wall_s=30.0, memory_bytes=1 << 30, cpus=1.5, output_bytes=1 << 20, tmp_bytes=1)


def test_ulimits() -> None:
    values = {limit.name: limit.value for limit in policy.ulimits(LIMITS)}
    assert values["fsize"] == (1 << 20) + policy.OUTPUT_SLACK_BYTES
    assert [values[name] for name in ("core", "msgqueue", "nice", "rtprio")] == [0, 0, 0, 0]
    assert values["memlock"] == 64 << 10
    assert values["nproc"] > LIMITS.processes
    assert all(limit.reason for limit in policy.ulimits(LIMITS))


def test_everything_masked_says_why() -> None:
    assert all(
        path.startswith(("/proc/", "/sys/")) and reason
        for path, reason in policy.MASKED_PATHS.items()
    )


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
