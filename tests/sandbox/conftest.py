"""Real backends, each prepared once: the attacks run against every one of them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.bubblewrap import BubblewrapSandbox
from sandbox.docker import DockerSandbox, Engine, ImageStore
from sandbox.types import Limits, Run, Sandbox

STATE = Path(__file__).parents[2] / "build" / "sandbox"
IMAGE = "python-cpu"
FULL = bool(os.environ.get("BAIJING_TEST_FULL"))
DOCKER = pytest.param("docker", marks=pytest.mark.docker)
BUBBLEWRAP = pytest.param("bubblewrap", marks=pytest.mark.bubblewrap)
GVISOR = pytest.param("runsc", marks=[pytest.mark.docker, pytest.mark.slow])
BACKENDS = (DOCKER, BUBBLEWRAP, *((GVISOR,) if FULL else ()))


@pytest.fixture(scope="session")
def installation(worker_id: str) -> str:
    """A name of this test process's own, so that its reaper touches nobody else's runs."""
    return f"tests-{os.getpid()}-{worker_id}"


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    found: dict[str, str] = getattr(request.config, "workerinput", {})
    return found.get("workerid", "main")


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def backends() -> dict[str, Sandbox]:
    return {}


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sandbox(
    backend: str, backends: dict[str, Sandbox], engine: Engine, installation: str
) -> Sandbox:
    if backend == "runsc" and not shutil.which("runsc"):
        pytest.skip("gVisor (runsc) is not installed")
    if backend not in backends:
        backends[backend] = make_sandbox(backend, engine, installation)
        backends[backend].prepare(IMAGE, print)
    return backends[backend]


def make_sandbox(backend: str, engine: Engine, installation: str) -> Sandbox:
    if backend == "bubblewrap":
        return BubblewrapSandbox(STATE, installation)
    runtime = "runsc" if backend == "runsc" else None
    return DockerSandbox(installation, runtime=runtime, images=ImageStore(engine, STATE))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of `print('ready')` with small limits, to be replaced in parts."""
    for name in ("code", "input", "output"):
        (tmp_path / name).mkdir()
    (tmp_path / "code" / "main.py").write_text("print('ready', flush=True)\n")
    (tmp_path / "input" / "data.csv").write_text("id\n1\n")
    return Run(
        image=IMAGE,
        command=("python", "main.py"),
        code=tmp_path / "code",
        input=tmp_path / "input",
        output=tmp_path / "output",
        limits=Limits(wall_s=20.0, memory_bytes=256 << 20, processes=128),
    )


def with_program(run: Run, program: str) -> Run:
    (run.code / "main.py").write_text(program)
    return replace(run)


def containers_of(installation: str) -> list[str]:
    """The engine's own word on what is left of an installation's runs."""
    label = f"label=org.baijing.sandbox.installation={installation}"
    found = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        for command in (
            ["docker", "ps", "-aq", "--filter", label],
            ["docker", "volume", "ls", "-q", "--filter", label],
        )
    ]
    return [name for names in found for name in names]
