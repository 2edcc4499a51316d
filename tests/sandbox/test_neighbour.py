"""Who hoards what is shared, again and again, while an honest run works beside him."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sandbox.types import Limits, Run, RunResult, Sandbox, Verdict
from tests.sandbox.cases import Case, all_cases
from tests.sandbox.conftest import FULL, with_program

NEIGHBOUR = Path(__file__).with_name("neighbour_program.py")
DIGEST = "dc97524f"
SLOWED_AT_MOST = 1.2
ROUNDS = 5
GENTLE = Limits(wall_s=60.0, memory_bytes=256 << 20, processes=64)
SPIN = """
import time
until = time.process_time() + {cpu_s}
while time.process_time() < until:
    pass
time.sleep({idle_s})
"""
HOARDERS = [case for case in all_cases() if case.neighbour and (FULL or case.smoke)]
ON = [("docker", pytest.mark.docker), ("bubblewrap", pytest.mark.bubblewrap)]


def pairs() -> Iterator[object]:
    for backend, mark in [*ON, ("runsc", pytest.mark.docker)] if FULL else ON[:1]:
        for case in HOARDERS:
            if backend not in case.cannot_hold:
                yield pytest.param(backend, case, marks=mark, id=f"{case.name}-{backend}")


@dataclass(slots=True)
class Folders:
    """Fresh folders for each run of a test, since an output must be empty."""

    run: Run
    root: Path
    made: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fresh(self) -> Run:
        with self.lock:
            self.made += 1
            folder = self.root / f"run{self.made}"
        for name in ("code", "output"):
            (folder / name).mkdir(parents=True)
        return replace(self.run, code=folder / "code", output=folder / "output")

    def honest(self) -> Run:
        run = self.fresh()
        shutil.copy(NEIGHBOUR, run.code / "main.py")
        return replace(run, limits=GENTLE, collect=("answer.csv",))

    def hostile(self, case: Case) -> Run:
        run = self.fresh()
        for program in case.folder.glob("*.[ps][yh]"):
            shutil.copy(program, run.code)
        return replace(run, command=case.command, limits=case.limits, collect=case.collect)

    def innocent(self, like: RunResult, case: Case) -> Run:
        """A run that uses as much of the processor as the hoarder did, and hoards nothing."""
        run = self.fresh()
        idle_s = max(0.0, like.wall_s - like.cpu_s / case.limits.cpus)
        (run.code / "main.py").write_text(SPIN.format(cpu_s=like.cpu_s, idle_s=idle_s))
        return replace(run, limits=GENTLE)


@pytest.fixture
def folders(run: Run, tmp_path: Path) -> Folders:
    return Folders(run, tmp_path / "runs")


@contextmanager
def beside(sandbox: Sandbox, make: Iterator[Run]) -> Iterator[Future[RunResult]]:
    """Run one thing after the other in the background until the block is over."""
    over = threading.Event()
    first: Future[RunResult] = Future()

    def again_and_again() -> None:
        while not over.is_set():
            result = sandbox.execute(next(make), cancel=over)
            if not first.done():
                first.set_result(result)

    with ThreadPoolExecutor(1) as pool:
        endless = pool.submit(again_and_again)
        try:
            yield first
        finally:
            over.set()
        endless.result(60)


def forever(make: Callable[[], Run]) -> Iterator[Run]:
    while True:
        yield make()


def check(result: RunResult, run: Run) -> float:
    """The neighbour's answer is right; return the seconds its work took."""
    assert result.verdict is None, (result.message, result.log)
    facts = dict(line.split() for line in result.log.splitlines())
    assert facts["digest"].startswith(DIGEST), facts
    assert (run.output / "answer.csv").read_text() == facts["digest"]
    return float(facts["seconds"])


@pytest.mark.parametrize(("backend", "case"), list(pairs()), indirect=["backend"])
def test_a_neighbour_notices_nothing(case: Case, sandbox: Sandbox, folders: Folders) -> None:
    with beside(sandbox, forever(lambda: folders.hostile(case))) as attack:
        time.sleep(0.3)  # the hoarder gets ahead
        honest = folders.honest()
        took = check(sandbox.execute(honest), honest)
    if not FULL:
        return
    like = attack.result(60)
    attacked, calm = [took], list[float]()
    for _ in range(ROUNDS):
        calm.append(timed(sandbox, folders, forever(lambda: folders.innocent(like, case))))
        attacked.append(timed(sandbox, folders, forever(lambda: folders.hostile(case))))
        if min(attacked) <= SLOWED_AT_MOST * min(calm):
            return
    assert min(attacked) <= SLOWED_AT_MOST * min(calm), (attacked, calm)


def timed(sandbox: Sandbox, folders: Folders, others: Iterator[Run]) -> float:
    with beside(sandbox, others):
        time.sleep(0.3)
        honest = folders.honest()
        return check(sandbox.execute(honest), honest)


@pytest.mark.docker
@pytest.mark.parametrize("backend", ["docker"], indirect=True)
def test_a_reader_that_stalls_does_not_stop_the_kill(sandbox: Sandbox, run: Run) -> None:
    """An engine's kill hangs while nobody reads the log: what is slow must not be in that way."""
    stalled = threading.Event()

    def slow(_chunk: bytes) -> None:
        stalled.set()
        time.sleep(0.1)

    program = "while True:\n    print('x' * 8000)\n"
    limits = replace(run.limits, wall_s=2.0, log_kill_bytes=1 << 30)
    result = sandbox.execute(replace(with_program(run, program), limits=limits), log=slow)
    assert stalled.is_set()
    assert result.verdict in {Verdict.TIME_LIMIT, Verdict.OUTPUT_LIMIT}
    assert result.wall_s < 12
