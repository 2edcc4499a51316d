"""The processes of a run as /proc shows them, from outside."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.types import SandboxError

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """One process: its id, its start (ids are reused), resident bytes, processor seconds.

    `cpu_s` includes what its dead children used.
    """

    pid: int
    started: int
    resident_bytes: int
    cpu_s: float

    def is_alive(self) -> bool:
        """Tell whether this very process still runs; a zombie does not."""
        found = read_process(self.pid)
        return found is not None and found.started == self.started


def read_process(pid: int) -> Process | None:
    """Return a process, or None when it is gone or a zombie."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold anything
    if fields[0] in {"Z", "X"}:
        return None
    ticks = sum(int(fields[index]) for index in (11, 12, 13, 14))
    return Process(pid, int(fields[19]), int(fields[21]) * _PAGE, ticks / _TICK)


def descendants(pid: int) -> Iterator[Process]:
    """Yield the processes below `pid`; those of a PID namespace cannot leave the tree.

    A daemon's parent dies, but then the namespace's first process adopts it.
    """
    waiting = [pid]
    while waiting:
        for child in _children(waiting.pop()):
            process = read_process(child)
            if process is not None:
                yield process
                waiting.append(child)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in (_PROC / str(pid) / "task").iterdir():
            with contextlib.suppress(OSError):
                text = (task / "children").read_text(encoding="ascii")
                found += [int(word) for word in text.split()]
    return found


def proportional_bytes(pid: int) -> int | None:
    """Return a process's share of resident memory (shared pages divided), None if not readable."""
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return None


def kill_tree(pid: int, within_s: float) -> None:
    """SIGKILL everything below `pid` and verify that it is gone; raise SandboxError if it is not.

    The first process of the PID namespace is among them, and takes along what is forked meanwhile.
    """
    doomed = list(descendants(pid))
    for process in doomed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + within_s
    while any(process.is_alive() for process in doomed):
        if time.monotonic() > deadline:
            message = "a process outlived its SIGKILL"
            raise SandboxError(message)
        time.sleep(0.01)
