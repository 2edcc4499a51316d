"""An engine that takes calls and never answers: every call ends by itself, and says who is ill."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import policy
from sandbox.docker.api import EngineApi
from sandbox.docker.transport import find_address
from sandbox.types import SandboxUnavailableError


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineApi]:
    monkeypatch.setattr(policy, "KILL_TIMEOUT_S", 0.2)
    monkeypatch.setattr(policy, "ENGINE_TIMEOUT_S", 0.2)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "engine"))
        server.listen(16)
        api = EngineApi(find_address(f"unix://{tmp_path / 'engine'}"))
        yield api
        api.close()


@pytest.mark.parametrize(
    "call",
    [
        lambda api: api.start("x"),
        lambda api: api.kill("x"),
        lambda api: api.wait("x", 0.2),
        lambda api: api.remove("x"),
        lambda api: api.has_container("x"),
    ],
    ids=["start", "kill", "wait", "remove", "inspect"],
)
def test_a_call_that_is_never_answered_ends(
    silent: EngineApi, call: Callable[[EngineApi], object]
) -> None:
    with pytest.raises(SandboxUnavailableError):
        call(silent)
