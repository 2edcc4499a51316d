"""Starts a supervisor over tiny programs, in a process of its own: it is signalled and killed."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

HEAD = """
import sys
from pathlib import Path
from app.supervisor import Child, Patience, Supervisor, SupervisorError
here = Path(sys.argv[1])

def python(name, code, **more):
    return Child(name, (sys.executable, "-u", "-c", code), **more)

def run(children, until=None, on_ready=None, **patience):
    try:
        site = Supervisor(children, patience=Patience(**patience), out=sys.stdout)
        site.run(on_ready, until=until)
    except SupervisorError as error:
        print(f"baijing: {error}", flush=True)
        sys.exit(1)
"""
STAYS = "import os, time; print('pid', os.getpid(), flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + STAYS
PARENT = (
    "import subprocess, sys; "
    "grand = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    "print('pid', grand.pid, flush=True); " + STAYS
)


@dataclass
class Supervised:
    """A supervisor that runs, and what it has printed."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def pids(self, count: int) -> list[int]:
        """The first `count` processes that have said their number."""
        wait_for(lambda: len(self.said()) >= count, lambda: f"{count} pids: {self.lines()}")
        return self.said()

    def said(self) -> list[int]:
        """The processes that have said their number so far."""
        return [int(line.split()[-1]) for line in self.lines() if "| pid " in line]

    def end(self, number: int, within: float = 8) -> int:
        os.kill(self.process.pid, number)
        return self.process.wait(within)


@contextmanager
def supervising(folder: Path, code: str) -> Iterator[Supervised]:
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", HEAD + textwrap.dedent(code), str(folder)],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    supervised = Supervised(process, log)
    try:
        yield supervised
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()


def wait_for(condition: Callable[[], bool], what: Callable[[], str], timeout: float = 30) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            message = f"not within {timeout} s: {what()}"
            raise AssertionError(message)
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_gone(pids: list[int], timeout: float = 5) -> None:
    wait_for(lambda: not any(map(is_alive, pids)), lambda: f"{pids} are gone", timeout)
