from dataclasses import replace
from pathlib import Path

import pytest
from docker.errors import APIError, DockerException

from sandbox import policy
from sandbox.docker import labels
from sandbox.docker.engine import engine_errors
from sandbox.docker.labels import RunLabels
from sandbox.docker.options import ProgramSpec, host_config, host_options
from sandbox.docker.workspace import tmpfs_options
from sandbox.types import Limits, Run, SandboxError


def spec(limits: Limits, runtime: str | None = None) -> ProgramSpec:
    return ProgramSpec("image", ("python",), "name", {}, {}, [], limits, 1_000_000_001, runtime)


LIMITS = Limits(wall_s=1, memory_bytes=1 << 30, cpus=1.5, processes=10)


def test_the_untrusted_container() -> None:
    options = host_options(spec(LIMITS))
    assert options["read_only"] is True
    assert options["cap_drop"] == ["ALL"]
    assert options["mem_limit"] == options["memswap_limit"] == 1 << 30
    assert options["nano_cpus"] == 1_500_000_000
    assert options["pids_limit"] == 11
    assert options["init"] is True
    assert options["ipc_mode"] == "private"
    assert options["log_config"] == {"type": "none", "config": {}}
    security = options["security_opt"]
    assert isinstance(security, list)
    assert "no-new-privileges" in security
    assert any(option.startswith("seccomp={") for option in security)
    assert "runtime" not in options
    assert "device_requests" not in options
    assert options["shm_size"] == 64 << 20


def test_the_engine_is_told_what_the_sdk_has_no_words_for() -> None:
    config = host_config(spec(LIMITS))
    assert config["CgroupnsMode"] == "private"
    masked = config["MaskedPaths"]
    assert isinstance(masked, list)
    # giving a list replaces the engine's own, so all of that is in it
    assert {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug"} < set(masked)
    assert {"/proc/acpi", "/proc/scsi", "/sys/firmware", "/proc/asound"} < set(masked)
    assert config["ReadonlyPaths"] == list(policy.READONLY_PATHS)
    assert config["Memory"] == config["MemorySwap"] == 1 << 30
    assert config["ReadonlyRootfs"] is True


def test_the_output_belongs_to_the_run_alone() -> None:
    limits = replace(LIMITS, output_bytes=1 << 20, output_files=10)
    size = (1 << 20) + policy.OUTPUT_SLACK_BYTES
    sized = f"size={size},nr_inodes={10 + policy.OUTPUT_SLACK_FILES},"
    assert tmpfs_options(limits, 1_000_000_007) == f"{sized}uid=1000000007,gid=1000000007,mode=0700"
    # the kernel takes the number for the machine's, where the engine maps user ids
    assert tmpfs_options(limits, 20_007) == f"{sized}mode=0777"


def test_a_rootless_engine_can_grant_every_limit() -> None:
    """It may not raise a limit above its user's own, so ours are no higher than any default."""
    values = {limit.name: limit.value for limit in policy.ulimits(LIMITS)}
    assert values["memlock"] <= 64 << 10
    assert values["nofile"] <= 1024
    assert values["msgqueue"] == values["nice"] == values["rtprio"] == values["core"] == 0
    assert max(policy.MAPPED_UIDS) < 65_536
    assert policy.HOLDER_UID not in policy.MAPPED_UIDS


def test_gvisors_own_threads_do_not_eat_the_runs() -> None:
    options = host_options(spec(LIMITS, "runsc-kvm"))
    assert options["pids_limit"] == LIMITS.processes + 1 + policy.GVISOR_THREADS
    assert host_options(spec(LIMITS, "crun"))["pids_limit"] == LIMITS.processes + 1


def test_runtime_and_gpus_on_request() -> None:
    limits = Limits(wall_s=1, memory_bytes=8 << 30, gpus=2)
    wanted = replace(spec(limits, "runsc"), devices=("GPU-a", "MIG-b"))
    options = host_options(wanted)
    assert options["runtime"] == "runsc"
    requests = options["device_requests"]
    assert isinstance(requests, list)
    assert options["shm_size"] == 4 << 30, "data loaders hand batches over in it"
    assert requests[0]["DeviceIDs"] == ["GPU-a", "MIG-b"]
    assert not requests[0]["Count"], "an engine refuses a count beside ids"
    assert requests[0]["Capabilities"] == [["gpu", "compute", "utility"]]


def test_labels_say_whose_and_until_when(tmp_path: Path) -> None:
    run = Run("i", ("x",), tmp_path, tmp_path, LIMITS, owner="here/7/1")
    first, second = RunLabels.of(run, "here"), RunLabels.of(run, "here")
    assert first.run_id != second.run_id
    assert first.values[labels.OWNER] == "here/7/1"
    assert first.values[labels.INSTALLATION] == "here"
    assert not labels.has_expired(first.values)
    assert labels.has_expired({labels.EXPIRES: "1"})
    assert not labels.has_expired({})


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (APIError("x", explanation="no such image\nmore"), "no such image"),
        (DockerException("gone"), "gone"),
        (DockerException(), "DockerException"),
    ],
)
def test_engine_failures_are_ours(error: Exception, text: str) -> None:
    with (
        pytest.raises(SandboxError, match=f"container engine, trying: {text}$"),
        engine_errors("trying"),
    ):
        raise error


def test_other_failures_are_not_hidden() -> None:
    with pytest.raises(KeyError), engine_errors("trying"):
        raise KeyError
