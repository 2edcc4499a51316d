"""Runs several programs under one roof: `flask run-all` is web, worker, scheduler and Redis.

Every line of a child is shown with the child's name. A child that dies is started again, slower
each time it dies young. A signal ends all of them, the last started first, and whatever they
started: each child leads a process group. If the supervisor is killed, the kernel kills them.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import IO, Final

from app.core.rq_worker import die_with_parent

_YOUNG: Final = 10.0
_FIRST_PAUSE: Final = 0.5
_SLOWEST_RESTART: Final = 30.0
_LAST_WORDS: Final = 1.0
_COLOURS: Final = ("36", "35", "33", "32", "34")


class SupervisorError(Exception):
    """A child cannot be kept running; `str(error)` says which and why in one line."""


@dataclass
class Child:
    """One supervised program."""

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool] | None = None
    """Waited for before the next child starts."""
    environment: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None
    relay: threading.Thread | None = None
    started: float = 0.0
    failures: int = 0
    """How often in a row it died young."""
    restart_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the supervisor waits, in seconds, and how often it tries."""

    start: float = 120.0
    """For a child to be ready."""
    stop: float = 10.0
    """For all children to leave, before those that have not are killed."""
    failures: int | None = None
    """Give up when a child died young this many times in a row; None never does."""


class Supervisor:
    """Starts children in order and keeps them."""

    def __init__(
        self,
        children: Sequence[Child],
        *,
        patience: Patience | None = None,
        out: IO[str] | None = None,
    ) -> None:
        self.stopping = threading.Event()
        self._children = list(children)
        self._patience = patience or Patience()
        self._out = out or sys.stderr
        self._saying = threading.Lock()
        self._hurry = threading.Event()
        self._width = max(len(child.name) for child in children)

    def run(
        self, on_ready: Callable[[], None] | None = None, *, until: Callable[[], bool] | None = None
    ) -> None:
        """Run until a signal, or until `until` says so; then end everything.

        Raises:
            SupervisorError: a child is not ready in time, ends at start, or keeps dying.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # under nohup
            signal.signal(number, self._stop)
        try:
            self.start()
            if on_ready is not None and not self.stopping.is_set():
                on_ready()
            while not self.stopping.wait(0.2):
                self._restart_the_dead()
                if until is not None and until():
                    break
        finally:
            self.stop()

    def start(self) -> None:
        """Start the children in order, each after the one before is ready."""
        for child in self._children:
            if self.stopping.is_set():
                return
            self._start(child)
            self._await(child)

    def stop(self) -> None:
        """End the children, the last started first; one that will not leave is killed."""
        self.stopping.set()
        deadline = time.monotonic() + self._patience.stop
        for child in reversed(self._children):
            if child.process is not None:
                self._end(child, child.process, deadline)

    def _end(self, child: Child, process: "subprocess.Popen[bytes]", deadline: float) -> None:
        if process.poll() is None:
            _signal_group(process.pid, signal.SIGTERM)
        while process.poll() is None:
            if time.monotonic() > deadline or self._hurry.is_set():
                self._say(child, "does not end; killing it")
                break
            time.sleep(0.02)
        _signal_group(process.pid, signal.SIGKILL)  # the leader, or what it left behind
        process.wait()
        if child.relay is not None:
            child.relay.join(_LAST_WORDS)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        """Hear a signal; the second one means now."""
        if self.stopping.is_set():
            self._hurry.set()
        self.stopping.set()

    def _start(self, child: Child) -> None:
        parent = os.getpid()
        process = subprocess.Popen(  # noqa: S603 — our own commands
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **child.environment},  # noqa: TID251 — handed on, not read
            preexec_fn=lambda: die_with_parent(parent),  # noqa: PLW1509 — one system call, no locks
        )
        child.process, child.started = process, time.monotonic()
        child.relay = threading.Thread(target=self._relay, args=(child, process), daemon=True)
        child.relay.start()

    def _await(self, child: Child) -> None:
        deadline = time.monotonic() + self._patience.start
        while child.is_ready is not None and not child.is_ready():
            process = child.process
            if process is not None and process.poll() is not None:
                message = f"{child.name} {_how(process.returncode)} at start"
                raise SupervisorError(message)
            if time.monotonic() > deadline:
                message = f"{child.name} is not ready after {self._patience.start:g} s"
                raise SupervisorError(message)
            if self.stopping.wait(0.05):
                return

    def _relay(self, child: Child, process: "subprocess.Popen[bytes]") -> None:
        if process.stdout is None:
            return
        with process.stdout:
            for line in process.stdout:
                self._say(child, line.decode(errors="replace").rstrip())

    def _say(self, child: Child, text: str) -> None:
        name = child.name.ljust(self._width)
        try:
            if self._out.isatty():
                colour = _COLOURS[self._children.index(child) % len(_COLOURS)]
                name = f"\x1b[{colour}m{name}\x1b[0m"
            with self._saying:
                self._out.write(f"{name} | {text}\n")
                self._out.flush()
        except (OSError, ValueError):  # nobody listens any more: the terminal or the pipe is gone
            self.stopping.set()

    def _restart_the_dead(self) -> None:
        now = time.monotonic()
        for child in self._children:
            process = child.process
            if process is not None and process.poll() is not None:
                self._plan_restart(child, process, now)
            if child.process is None and now >= child.restart_at:
                self._start(child)

    def _plan_restart(self, child: Child, process: "subprocess.Popen[bytes]", now: float) -> None:
        _signal_group(process.pid, signal.SIGKILL)  # what it may have left behind
        if child.relay is not None:
            child.relay.join(_LAST_WORDS)
        child.failures = child.failures + 1 if now - child.started < _YOUNG else 0
        child.process = None
        if child.failures == self._patience.failures:
            message = f"{child.name} {_how(process.returncode)}, {child.failures} times in a row"
            raise SupervisorError(message)
        pause = min(_SLOWEST_RESTART, _FIRST_PAUSE * 2**child.failures)
        self._say(child, f"{_how(process.returncode)}; starting again in {pause:.1f} s")
        child.restart_at = now + pause


def _how(status: int) -> str:
    return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"


def _signal_group(leader: int, number: int) -> None:
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return
