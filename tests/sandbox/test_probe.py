"""The proof that a sandbox holds, given by real backends; `test_own_engines` has one that fails."""

import shutil
from pathlib import Path

import pytest

from sandbox.docker import DockerSandbox, Engine, ImageStore
from sandbox.probe import check_alive, check_limits, require_limits
from sandbox.types import Sandbox
from tests.sandbox.conftest import BACKENDS, BUBBLEWRAP, IMAGE, STATE


@pytest.mark.parametrize("backend", BACKENDS, indirect=True)
def test_real_backends_hold(sandbox: Sandbox) -> None:
    assert check_alive(sandbox, IMAGE).log == "alive\n"
    findings = check_limits(sandbox, IMAGE)
    assert [each for each in findings if not each.held] == []
    assert {each.name for each in findings} == {
        *("memory limit", "process limit", "network", "sockets", "read-only files"),
        *("user", "sizes"),
    }


@pytest.mark.docker
def test_gvisor_runs_the_smallest_program(engine: Engine, installation: str) -> None:
    """A smoke test; everything else runs under gVisor with BAIJING_TEST_FULL."""
    if shutil.which("runsc") is None:
        pytest.skip("gVisor (runsc) is not installed")
    sandbox = DockerSandbox(installation, runtime="runsc", images=ImageStore(engine, STATE))
    sandbox.prepare(IMAGE, print)
    assert check_alive(sandbox, IMAGE).exit_code == 0
    sandbox.close()


@pytest.mark.parametrize("backend", [BUBBLEWRAP], indirect=True)
def test_a_proof_is_written_down_and_found_again(sandbox: Sandbox, tmp_path: Path) -> None:
    for _ in range(2):
        require_limits(sandbox, IMAGE, state_dir=tmp_path, identity="this machine")
    (proof,) = tmp_path.glob("proof-*.json")
    assert "asked for 1 GiB of 256 MiB: memory_limit" in proof.read_text()
