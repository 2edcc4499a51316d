"""What looks for remains finds them: a checker that never complains would prove nothing."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest

from sandbox.docker import Engine
from sandbox.docker.labels import INSTALLATION, RUN
from tests.sandbox import remains
from tests.sandbox.conftest import STATE
from tests.sandbox.remains import Remains


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remains, "SETTLE_S", 0.0)


@pytest.mark.bubblewrap
def test_a_process_and_a_folder_are_found(installation: str) -> None:
    token = uuid.uuid4().hex
    looking = Remains.before("bubblewrap", installation, token)
    assert looking.found() == []
    folder = STATE / "runs" / installation / "left"
    folder.mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-c", "input()"],
        stdin=subprocess.PIPE,
        env={**os.environ, "CASE_TOKEN": token},
    ) as left:
        found = looking.found()
        left.communicate(b"\n")
    folder.rmdir()
    assert str(folder) in found
    assert f"process {left.pid} of the run" in found
    assert looking.found() == []


@pytest.fixture
def container(engine: Engine, installation: str) -> Iterator[str]:
    api = engine.client().api
    image = api.images(quiet=True)[0]
    labels = {INSTALLATION: installation, RUN: "0123456789abcdef"}
    made = api.create_container(str(image), ["true"], labels=labels)
    yield str(made["Id"])
    api.remove_container(made["Id"], force=True)


@pytest.mark.docker
def test_a_container_is_found(
    installation: str, engine: Engine, request: pytest.FixtureRequest
) -> None:
    looking = Remains.before("docker", installation, uuid.uuid4().hex)
    assert looking.found() == []
    identity = request.getfixturevalue("container")
    assert looking.found() == [f"container {identity[:12]}"]
    assert (identity, "0123456789abcdef") in remains.containers_since(looking.began, installation)
