"""Ways to run a program, from a bare process to ours, for the sandbox benchmark to compare."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox import Limits, Run, Sandbox, policy, seccomp
from sandbox.docker import DockerSandbox, Engine, ImageStore

STATE = Path(__file__).resolve().parent.parent / ".services" / "sandbox"
IMAGE = "python-cpu"
LIMITS = Limits(wall_s=60, memory_bytes=256 << 20, output_bytes=1 << 20, processes=128)
TRIVIAL = "pass\n"

Action = Callable[[], float]
"""Do it once; return the seconds from the go to the answers being there."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A program in a folder, and what runs it."""

    folder: Path
    run: Run

    @classmethod
    def of(cls, folder: Path, program: str, limits: Limits = LIMITS) -> "Bench":
        """Write the program to a new folder."""
        code = Path(tempfile.mkdtemp(dir=folder))
        code.chmod(0o755)  # the engine's own ways do not copy it
        (code / "main.py").write_text(program)
        return cls(folder, Run(IMAGE, ("python", "main.py"), code, folder, limits))

    def with_input(self, data: Path) -> "Bench":
        """Give the program an input."""
        return replace(self, run=replace(self.run, input=data))

    @contextmanager
    def asked(self) -> Iterator[Run]:
        """Give a request with an output of its own."""
        with tempfile.TemporaryDirectory(dir=self.folder) as output:
            yield replace(self.run, output=Path(output))


def bare(bench: Bench) -> Action:
    """Run it as a process of this machine."""

    def act() -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "main.py"], cwd=bench.run.code, check=True)
        return time.perf_counter() - started

    return act


def cold(sandbox: Sandbox, bench: Bench) -> Action:
    """Run it in a container made for it; the removal afterwards does not count."""

    def act() -> float:
        with bench.asked() as run:
            return execute(sandbox, run)

    return act


def warm(sandbox: DockerSandbox, bench: Bench) -> Action:
    """Run it in a container that waits; making that one does not count."""

    def act() -> float:
        with bench.asked() as run:
            sandbox.warm_up(run)
            return execute(sandbox, run, expect_warm=True)

    return act


def execute(sandbox: Sandbox, run: Run, *, expect_warm: bool = False) -> float:
    """Execute a run that must end well; return the seconds until its answers were there."""
    started = time.perf_counter()
    result = sandbox.execute(run)
    passed = time.perf_counter() - started
    assert result.verdict is None, result
    assert result.warm or not expect_warm
    return passed - result.phases.get("remove", 0.0)


def docker_run(bench: Bench, image_id: str) -> Action:
    """Run it with the engine's own command line and the same flags."""
    command = ["docker", "run", "--rm", *_flags(bench), image_id, *bench.run.command]
    return lambda: _timed(command)


def docker_exec(bench: Bench, container: str) -> Action:
    """Run it inside a container that lives for all of them: no isolation between runs."""
    command = ["docker", "exec", container, *bench.run.command]
    return lambda: _timed(command)


@contextmanager
def living_container(bench: Bench, image_id: str) -> Iterator[str]:
    """Give a container that sleeps, with the same flags."""
    command = ["docker", "run", "-d", *_flags(bench), image_id, "sleep", "infinity"]
    found = _output(command).strip()
    try:
        yield found
    finally:
        _output(["docker", "rm", "-f", found])


def open_sandbox(*, warm: int = 0, by_socket: bool | None = None) -> DockerSandbox:
    """Return our own runner."""
    images = ImageStore(Engine(), STATE)
    sandbox = DockerSandbox(
        "benchmark", runtime=None, images=images, warm=warm, by_socket=by_socket
    )
    sandbox.prepare(IMAGE, lambda line: print(line, file=sys.stderr))
    return sandbox


def has_docker() -> bool:
    """Tell whether there is a command line of the engine's."""
    return shutil.which("docker") is not None


@contextmanager
def imported_already() -> Iterator[Callable[[Path], float]]:
    """Give a way to run a script on this machine where scikit-learn has been imported already."""
    threads = ("OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "LOKY_MAX_CPU_COUNT=1")
    command = ["env", *threads, sys.executable, "-c", _FORK_SERVER]
    with subprocess.Popen(  # noqa: S603  our own words
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        asked, answered = server.stdin, server.stdout

        def work(script: Path) -> float:
            started = time.perf_counter()
            asked.write(f"{script}\n")
            assert answered.readline() == "0\n"
            return time.perf_counter() - started

        yield work
        asked.close()


_FORK_SERVER = """
import os, runpy, sys
import numpy, pandas, sklearn.ensemble, sklearn.metrics, sklearn.model_selection
while line := sys.stdin.readline():
    child = os.fork()
    if not child:
        status = 1
        try:
            runpy.run_path(line.strip(), run_name="__main__")
            status = 0
        finally:
            os._exit(status)
    print(os.waitpid(child, 0)[1], flush=True)
"""


def _output(command: list[str]) -> str:
    found = subprocess.run(  # noqa: S603  our own words
        command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return found.stdout


def _timed(command: list[str]) -> float:
    started = time.perf_counter()
    _output(command)
    return time.perf_counter() - started


def _flags(bench: Bench) -> list[str]:
    limits, uid = bench.run.limits, policy.draw_uid(mapped=False)
    profile = bench.folder / "seccomp.json"
    profile.write_text(seccomp.engine_profile())
    return [
        "--network=none",
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        f"--security-opt=seccomp={profile}",
        "--init",
        "--ipc=private",
        f"--memory={limits.memory_bytes}",
        f"--memory-swap={limits.memory_bytes}",
        f"--cpus={limits.cpus}",
        f"--pids-limit={limits.processes + 1}",
        "--log-driver=none",
        f"--user={uid}:{uid}",
        f"--tmpfs=/tmp:size={limits.tmp_bytes}",
        f"--tmpfs=/output:size={limits.output_bytes},uid={uid}",
        f"--volume={bench.run.code}:/code:ro",
        "--workdir=/code",
    ]
