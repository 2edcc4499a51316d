"""What one untrusted container is made of: the policy in the engine's words."""

from collections.abc import Mapping
from dataclasses import dataclass

from docker.types import DeviceRequest, Mount, Ulimit

from sandbox import policy
from sandbox.types import Limits


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


def host_options(spec: ProgramSpec) -> dict[str, object]:
    """Return the engine's host configuration for a run: the policy in the engine's words."""
    limits = spec.limits
    tmp = f"size={limits.tmp_bytes},nr_inodes={policy.TMP_FILES},mode=1777,nosuid,nodev,exec"
    options: dict[str, object] = {
        "mounts": spec.mounts,
        "read_only": True,
        "tmpfs": {policy.TMP_DIR: tmp},
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges", f"seccomp={policy.seccomp_profile()}"],
        "mem_limit": limits.memory_bytes,
        "memswap_limit": limits.memory_bytes,
        "nano_cpus": int(limits.cpus * 1_000_000_000),
        "pids_limit": limits.processes + 1,  # the init is one of them
        "init": True,
        "ipc_mode": "private",
        "shm_size": policy.SHM_BYTES,
        "oom_score_adj": 500,
        "log_config": {"type": "none", "config": {}},
        "ulimits": [
            Ulimit(name=each.name, soft=each.value, hard=each.value)
            for each in policy.ulimits(limits)
        ],
    }
    if spec.runtime is not None:
        options["runtime"] = spec.runtime
    if limits.gpus:
        # this form is understood by engines with the NVIDIA hook and by those with CDI
        capabilities = [["gpu", "compute", "utility"]]
        options["device_requests"] = [DeviceRequest(count=limits.gpus, capabilities=capabilities)]
    return options
