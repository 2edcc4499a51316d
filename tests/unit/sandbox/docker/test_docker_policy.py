from pathlib import Path

import pytest
from docker.errors import APIError, DockerException

from sandbox.docker import labels
from sandbox.docker.engine import engine_errors
from sandbox.docker.labels import RunLabels
from sandbox.docker.options import ProgramSpec, host_options
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


def test_runtime_and_gpus_on_request() -> None:
    limits = Limits(wall_s=1, memory_bytes=1, gpus=2)
    options = host_options(spec(limits, "runsc"))
    assert options["runtime"] == "runsc"
    requests = options["device_requests"]
    assert isinstance(requests, list)
    assert requests[0]["Count"] == 2
    assert requests[0]["Capabilities"] == [["gpu", "compute", "utility"]]


def test_labels_say_whose_and_until_when(tmp_path: Path) -> None:
    run = Run("i", ("x",), tmp_path, tmp_path, LIMITS, owner="here/7/1")
    first, second = RunLabels.of(run, "here"), RunLabels.of(run, "here")
    assert first.run_id != second.run_id
    assert first.name("output") == f"baijing-{first.run_id}-output"
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
