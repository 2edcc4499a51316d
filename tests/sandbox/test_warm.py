"""A run in a container that waited is a run like any other: its answers, its limits, its end."""

import os
import threading
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.docker import DockerSandbox, Engine, ImageStore
from sandbox.types import Limits, LogSink, Run, RunResult, Verdict
from tests.sandbox.cases import Case, all_cases
from tests.sandbox.conftest import FULL, IMAGE, STATE, containers_of, with_program
from tests.sandbox.test_attacks import check_output, check_result, execute

pytestmark = pytest.mark.docker

WAYS = {"as found": None, "by socket": True}
SMOKE = {"hello", "symlink_answer", "fill_output", "memory_bomb", "closed_stdout", "secrets"}


def matrix(things: Iterable[object], smoke: Container[object] = ()) -> list[object]:
    """Everything in the way the machine allows; by socket the short suite has a part of it."""
    return [
        pytest.param(way, thing, id=f"{getattr(thing, 'name', thing)}-{way}")
        for way in WAYS
        for thing in things
        if FULL or way != "by socket" or getattr(thing, "name", thing) in smoke
    ]


@pytest.fixture(scope="module", params=["as found"])
def warm(
    request: pytest.FixtureRequest, engine: Engine, worker_id: str
) -> Iterator[tuple[DockerSandbox, str]]:
    installation = f"tests-warm-{os.getpid()}-{worker_id}-{request.param[:2]}"
    images = ImageStore(engine, STATE)
    made = DockerSandbox(
        installation, runtime=None, images=images, warm=2, by_socket=WAYS[request.param]
    )
    made.prepare(IMAGE, print)
    yield made, installation
    made.close()
    assert containers_of(installation) == []


def both_ways(sandbox: DockerSandbox, run: Run, folder: Path) -> tuple[RunResult, RunResult]:
    """The same run in a new container and in one that waited."""
    results = []
    for is_warm in (False, True):
        output = folder / f"output-{is_warm}"
        output.mkdir()
        asked = replace(run, output=output)
        if is_warm:
            sandbox.warm_up(asked)
        results.append(sandbox.execute(asked))
        assert results[-1].warm is is_warm
    return results[0], results[1]


PROGRAMS = {
    "answer": "open('/output/answer.csv', 'w').write('1\\n')",
    "unclosed file": "answer = open('/output/answer.csv', 'w')\nanswer.write('1\\n')",
    "traceback": (
        "def deep():\n    return 1 / 0\n\ntry:\n    deep()\nexcept ZeroDivisionError:\n    {}['x']"
    ),
    "syntax": "print('never'\n",
    "exit 3": "import sys\nprint('leaving')\nsys.exit(3)",
    "exit text": "raise SystemExit('no data')",
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGUSR1)",
    "streams": ("import os\nfor n in range(50):\n    os.write(1 + n % 2, b'%d\\n' % n)"),
    "surroundings": (
        "import os, sys\nprint(sys.argv, sys.path[0], __name__, __file__, os.getcwd())\n"
        "print(sorted(os.environ.items()))\nprint(repr(sys.stdin.read()))"
    ),
    "threads": (
        "import atexit, threading, time\natexit.register(print, 'last')\n"
        "threading.Thread(target=lambda: (time.sleep(0.2), print('thread'))).start()\nprint('main')"
    ),
    "processes": (
        "import multiprocessing as m\n\ndef square(n):\n    return n * n\n\n"
        "if __name__ == '__main__':\n    for how in ('fork', 'spawn'):\n"
        "        with m.get_context(how).Pool(2) as pool:\n"
        "            print(pool.map(square, range(4)))"
    ),
    "shadowed": "import random\nprint(random.MINE)",
}


@pytest.mark.parametrize(
    ("warm", "program"), matrix(PROGRAMS, {"answer", "traceback"}), indirect=["warm"]
)
def test_warm_and_cold_say_the_same(
    warm: tuple[DockerSandbox, str], run: Run, tmp_path: Path, program: str
) -> None:
    if program == "shadowed":
        (run.code / "random.py").write_text("MINE = 'mine'\n")
    cold, hot = both_ways(warm[0], with_program(run, PROGRAMS[program]), tmp_path)
    for name in ("verdict", "message", "exit_code", "signal", "output_bytes", "error", "files"):
        assert getattr(cold, name) == getattr(hot, name), (name, cold.log, hot.log)
    lines = [sorted(result.log.splitlines()) for result in (cold, hot)]
    assert lines[0] == lines[1]
    answers = [
        {path.name: path.read_bytes() for path in (tmp_path / f"output-{is_warm}").iterdir()}
        for is_warm in (False, True)
    ]
    assert answers[0] == answers[1]
    assert set(hot.phases) == {"prepare", "start", "run", "collect", "remove"}


def test_a_shell_script_runs_in_a_container_that_waited(
    warm: tuple[DockerSandbox, str], run: Run, tmp_path: Path
) -> None:
    (run.code / "run.sh").write_text('set -eu\nyes | head -1\necho "in $PWD"\nexit 4\n')
    cold, hot = both_ways(warm[0], replace(run, command=("bash", "run.sh")), tmp_path)
    assert cold.log == hot.log == "y\nin /code\n"
    assert cold.exit_code == hot.exit_code == 4


def test_the_limits_are_those_of_the_run(
    warm: tuple[DockerSandbox, str], run: Run, tmp_path: Path
) -> None:
    limits = Limits(
        wall_s=15.0,
        memory_bytes=600 << 20,
        cpus=0.5,
        output_bytes=2 << 20,
        output_files=10,
        tmp_bytes=3 << 20,
        processes=40,
    )
    program = """
import os, resource
for place in ("/output", "/tmp"):
    facts = os.statvfs(place)
    print(place, facts.f_blocks * facts.f_frsize, facts.f_files)
print([resource.getrlimit(getattr(resource, name)) for name in sorted(dir(resource))
       if name.startswith("RLIMIT_")])
print([line for line in open("/proc/self/status") if line.startswith(("Cap", "NoNew", "Seccomp"))])
print(os.environ["MEMORY_BYTES"], os.environ["OMP_NUM_THREADS"], os.environ["TIME_LIMIT_S"])
"""
    cold, hot = both_ways(warm[0], replace(with_program(run, program), limits=limits), tmp_path)
    assert hot.verdict is None, hot.log
    assert cold.log == hot.log


def test_its_time_counts_from_the_start_of_the_run(
    warm: tuple[DockerSandbox, str], run: Run
) -> None:
    sleeper = replace(
        with_program(run, "import time\ntime.sleep(30)"), limits=replace(run.limits, wall_s=1.0)
    )
    warm[0].warm_up(sleeper)
    result = warm[0].execute(sleeper)
    assert result.warm
    assert result.verdict is Verdict.TIME_LIMIT
    assert 1.0 <= result.wall_s < 8.0


def test_a_slot_serves_one_run(warm: tuple[DockerSandbox, str], run: Run, tmp_path: Path) -> None:
    sandbox, _ = warm
    with_program(run, "import time\ntime.sleep(0.3)\nopen('/tmp/mine', 'x')")
    sandbox.warm_up(run)
    results: list[RunResult] = []

    def one(number: int) -> None:
        output = tmp_path / f"mine{number}"
        output.mkdir()
        results.append(sandbox.execute(replace(run, output=output)))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.verdict for result in results] == [None] * 3
    assert sum(result.warm for result in results) == 1


def test_a_slot_that_died_costs_nothing(
    warm: tuple[DockerSandbox, str], run: Run, engine: Engine
) -> None:
    sandbox, installation = warm
    sandbox.warm_up(run)
    for container in engine.api.list_containers(f"org.baijing.sandbox.installation={installation}"):
        engine.api.kill(str(container["Id"]))
    result = sandbox.execute(run)
    assert result.verdict is None
    assert not result.warm
    assert containers_of(installation) == []


class WarmedUp:
    """Makes a container wait for each run before it runs it."""

    name = "docker"

    def __init__(self, sandbox: DockerSandbox) -> None:
        self._sandbox = sandbox
        self.reap, self.prepare = sandbox.reap, sandbox.prepare
        self.tend, self.close = sandbox.tend, sandbox.close

    def execute(
        self, run: Run, *, log: LogSink | None = None, cancel: threading.Event | None = None
    ) -> RunResult:
        self._sandbox.warm_up(run)
        result = self._sandbox.execute(run, log=log, cancel=cancel)
        assert result.warm
        return result


CASES = [case for case in all_cases() if FULL or case.name in SMOKE]


@pytest.mark.parametrize(
    ("warm", "case"), matrix(CASES, {"symlink_answer", "fill_output"}), indirect=["warm"]
)
def test_attacks_hold_in_a_container_that_waited(
    case: Case, warm: tuple[DockerSandbox, str], run: Run
) -> None:
    sandbox, installation = warm
    if "docker" in case.cannot_hold:
        pytest.skip(f"does not hold here, as declared: {case.cannot_hold['docker']}")
    expected = case.expected_on("docker")
    result = execute(case, WarmedUp(sandbox), replace(run, env={"CASE_TOKEN": "x"}))
    if result is not None:
        check_result(result, expected)
        check_output(run.output, expected)
    assert containers_of(installation) == []
