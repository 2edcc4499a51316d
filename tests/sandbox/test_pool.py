"""Containers that wait come when they are wanted and go when nobody is there for them."""

import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.docker import DockerSandbox, Engine, ImageStore
from sandbox.docker.slots import State
from sandbox.processes import identity, is_running
from sandbox.types import Run
from tests.sandbox.conftest import IMAGE, STATE, containers_of

pytestmark = pytest.mark.docker

HOLDER = """
import sys, time
from pathlib import Path
from sandbox.docker import DockerSandbox, Engine, ImageStore
from sandbox.types import Limits, Run
from tests.sandbox.conftest import IMAGE, STATE
what, installation, folder = sys.argv[1:]
folder = Path(folder)
run = Run(IMAGE, ("python", "main.py"), folder / "code", folder / "output",
          Limits(wall_s=20.0, memory_bytes=256 << 20, processes=128), input=folder / "input",
          owner="tests/7/1")
sandbox = DockerSandbox(
    installation, runtime=None, images=ImageStore(Engine(), STATE), warm=1)
sandbox.prepare(IMAGE, print)
sandbox.warm_up(run)
if what == "run":
    sandbox.execute(run, log=lambda chunk: print("ready", flush=True))
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def installation(engine: Engine) -> Iterator[str]:
    name = f"tests-pool-{uuid.uuid4().hex[:8]}"
    yield name
    sandbox = open_pool(engine, name)
    sandbox.reap(lambda _owner: False)
    sandbox.close()
    assert containers_of(name) == []
    assert mounts_of(STATE) == []


def open_pool(engine: Engine, installation: str) -> DockerSandbox:
    images = ImageStore(engine, STATE)
    sandbox = DockerSandbox(installation, runtime=None, images=images, warm=2)
    sandbox.prepare(IMAGE, print)
    return sandbox


def mounts_of(folder: Path) -> list[str]:
    """What is mounted below a folder by processes that are gone; others' tests mount there too."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    places = [Path(line.split()[1]) for line in lines if str(folder.resolve()) in line]
    return [str(place) for place in places if not is_running(owner_of(place.parent))]


def owner_of(folder: Path) -> str:
    try:
        return (folder / "owner").read_text()
    except OSError:  # another test's: it went meanwhile
        return identity()


def eventually(condition: Callable[[], bool], within_s: float = 60.0) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_one_waits_after_one_was_wanted(engine: Engine, installation: str, run: Run) -> None:
    sandbox = open_pool(engine, installation)
    sandbox.tend()
    assert not sandbox.execute(run).warm
    assert eventually(lambda: len(sandbox.waiting()) >= 1)
    assert sandbox.execute(run).warm
    assert eventually(lambda: len(sandbox.waiting()) >= 1)
    sandbox.close()
    assert sandbox.waiting() == []
    assert containers_of(installation) == []


def hold(what: str, installation: str, run: Run) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, what, installation, str(run.code.parent)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    while process.stdout.readline() not in {b"ready\n", b""}:
        pass
    return process


@pytest.mark.parametrize("what", ["wait", "run"])
def test_what_a_killed_process_left_is_removed(
    engine: Engine, installation: str, run: Run, what: str
) -> None:
    (run.code / "main.py").write_text("import time\nprint('x', flush=True)\ntime.sleep(60)\n")
    process = hold(what, installation, run)
    with process:
        sandbox = open_pool(engine, installation)
        sandbox.reap(lambda _owner: True)  # all of it lives: nothing happens
        assert len(containers_of(installation)) == 1
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert sandbox.reap(lambda _owner: True) == (1 if what == "run" else 0)
    assert containers_of(installation) == []
    assert sandbox.waiting() == []


def test_a_disowned_run_in_a_container_that_waited_is_killed(
    engine: Engine, installation: str, run: Run
) -> None:
    (run.code / "main.py").write_text("import time\nprint('x', flush=True)\ntime.sleep(60)\n")
    with hold("run", installation, run) as process:
        sandbox = open_pool(engine, installation)
        assert sandbox.reap(lambda owner: owner != "tests/7/1") == 1
        assert containers_of(installation) == []
        process.kill()


def test_a_living_process_keeps_what_it_made_but_anybody_may_use_it(
    engine: Engine, installation: str, run: Run
) -> None:
    with hold("wait", installation, run) as process:
        sandbox = open_pool(engine, installation)
        sandbox.close()  # it is another's: it stays
        [slot] = sandbox.waiting()
        assert slot.state is State.READY
        assert sandbox.execute(replace(run, owner="tests/8/1")).warm
        process.kill()


def test_a_container_nobody_knows_of_is_removed(
    engine: Engine, installation: str, run: Run
) -> None:
    sandbox = open_pool(engine, installation)
    sandbox.warm_up(run)
    [slot] = sandbox.waiting()
    slot.path.unlink()  # as if who asked for it had died before the engine had made it
    assert len(containers_of(installation)) == 1
    sandbox.reap(lambda _owner: True)
    assert containers_of(installation) == []
