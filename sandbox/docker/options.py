"""What one untrusted container is made of: the policy in the engine's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docker.types import DeviceRequest, HostConfig, Mount, Ulimit

from sandbox import policy, seccomp
from sandbox.types import Limits

_ENGINE_API = "1.41"
"""What every engine since 20.10 understands."""


@dataclass(frozen=True, slots=True)
class ProgramSpec:
    """What one untrusted container is made of."""

    image_id: str
    command: tuple[str, ...]
    name: str
    labels: Mapping[str, str]
    environment: Mapping[str, str]
    mounts: list[Mount]
    limits: Limits
    uid: int
    runtime: str | None
    devices: tuple[str, ...] = ()


def host_options(spec: ProgramSpec) -> dict[str, object]:
    """Return the engine's host configuration for a run: the policy in the engine's words."""
    limits = spec.limits
    tmp = f"size={limits.tmp_bytes},nr_inodes={policy.TMP_FILES},mode=1777,nosuid,nodev,exec"
    options: dict[str, object] = {
        "mounts": spec.mounts,
        "read_only": True,
        "tmpfs": {policy.TMP_DIR: tmp},
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges", f"seccomp={seccomp.engine_profile()}"],
        "mem_limit": limits.memory_bytes,
        "memswap_limit": limits.memory_bytes,
        "nano_cpus": int(limits.cpus * 1_000_000_000),
        "pids_limit": policy.pids(limits, spec.runtime),
        "init": True,
        "ipc_mode": "private",
        "shm_size": policy.shm_bytes(limits),
        "oom_score_adj": 500,
        "log_config": {"type": "none", "config": {}},
        "ulimits": [
            Ulimit(name=each.name, soft=each.value, hard=each.value)
            for each in policy.ulimits(limits)
        ],
    }
    if spec.runtime is not None:
        options["runtime"] = spec.runtime
    if spec.devices:
        options["device_requests"] = [_gpus(spec.devices)]
    return options


def host_config(spec: ProgramSpec) -> dict[str, object]:
    """Return the same as the engine's own JSON, with what the SDK has no words for.

    No limit on disk traffic is among it: a run has nowhere on a disk to write, and what it reads
    was sent for it.
    """
    config = HostConfig(version=_ENGINE_API, **host_options(spec))  # type: ignore[arg-type]
    return {
        **config,
        "CgroupnsMode": "private",  # else a run reads its container's id and the engine's layout
        "MaskedPaths": policy.masked_paths(),
        "ReadonlyPaths": list(policy.READONLY_PATHS),
    }


def _gpus(devices: Sequence[str]) -> DeviceRequest:
    """Ask for GPUs by id: a form understood by engines with NVIDIA's hook and by those with CDI.

    `compute` and `utility` are CUDA and NVML; without them the driver's default would decide.
    """
    return DeviceRequest(device_ids=list(devices), capabilities=[["gpu", "compute", "utility"]])
