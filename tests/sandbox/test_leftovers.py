"""Nothing is left behind, and what a dead worker leaves is found by its labels."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.types import Run, Sandbox, SandboxError
from tests.sandbox.conftest import BACKENDS, STATE, containers_of, with_program

SLEEPER = "import time\nprint('ready', flush=True)\ntime.sleep(60)\n"
OWNER = "tests/evaluation-1/1"

WORKER = """
import sys
from pathlib import Path
from sandbox.types import Limits, Run
from tests.sandbox.conftest import make_sandbox, IMAGE
from sandbox.docker import Engine
backend, installation, folder = sys.argv[1:]
folder = Path(folder)
run = Run(IMAGE, ("python", "main.py"), folder / "code", folder / "output",
          Limits(wall_s=60, memory_bytes=256 << 20), owner="tests/evaluation-1/1")
sandbox = make_sandbox(backend, Engine(), installation)
sandbox.execute(run, log=lambda chunk: print("started", flush=True))
"""


def wait_until(condition: Callable[[], bool], within_s: float = 10.0) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.docker
@pytest.mark.parametrize("backend", ["docker"], indirect=True)
def test_runs_leave_nothing_in_the_engine(sandbox: Sandbox, run: Run, installation: str) -> None:
    sandbox.execute(replace(run, owner=OWNER))
    assert containers_of(installation) == []


@pytest.mark.docker
@pytest.mark.parametrize("backend", ["docker"], indirect=True)
def test_an_engine_that_cannot_start_it_leaves_nothing(
    sandbox: Sandbox, run: Run, installation: str
) -> None:
    with pytest.raises(SandboxError, match="starting the container"):
        sandbox.execute(replace(run, devices=("GPU-none",), limits=replace(run.limits, gpus=1)))
    assert containers_of(installation) == []


@pytest.mark.parametrize("backend", BACKENDS, indirect=True)
def test_a_killed_workers_run_is_reaped(
    backend: str, sandbox: Sandbox, run: Run, installation: str
) -> None:
    with_program(run, SLEEPER)
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, backend, installation, str(run.code.parent)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    )
    assert worker.stdout is not None
    with worker, worker.stdout:
        assert worker.stdout.readline() == b"started\n"
        worker.kill()
        worker.wait()
    if backend == "bubblewrap":
        runs = STATE / "runs" / installation
        assert len(list(runs.iterdir())) == 1
        assert wait_until(lambda: sandbox.reap(lambda _owner: True) == 1)
        assert list(runs.iterdir()) == []
        return
    assert sandbox.reap(lambda owner: owner == OWNER) == 0
    assert containers_of(installation) != []
    assert sandbox.reap(lambda owner: owner != OWNER) == 1
    assert containers_of(installation) == []


@pytest.mark.parametrize("backend", BACKENDS, indirect=True)
def test_a_living_workers_run_is_killed_when_its_owner_is_gone(sandbox: Sandbox, run: Run) -> None:
    started = threading.Event()
    outcome: list[object] = []

    def execute() -> None:
        try:
            mine = replace(with_program(run, SLEEPER), owner=OWNER)
            outcome.append(sandbox.execute(mine, log=lambda _chunk: started.set()))
        except SandboxError as error:
            outcome.append(error)

    thread = threading.Thread(target=execute)
    thread.start()
    assert started.wait(20)
    assert sandbox.reap(lambda owner: owner == OWNER) == 0
    assert sandbox.reap(lambda _owner: False) >= 1
    thread.join(15)
    assert not thread.is_alive()
    assert len(outcome) == 1
