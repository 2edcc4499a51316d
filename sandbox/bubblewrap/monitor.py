"""Watch one running program from outside and end it when a limit is reached.

Three threads: one drains the log and never stops, one waits for the end, and the caller's looks
at the clock, the memory, the processes and the output folder.
"""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox import policy
from sandbox.bubblewrap.cgroup import RunCgroup
from sandbox.bubblewrap.processes import descendants, kill_tree, proportional_bytes
from sandbox.logs import LogCapture
from sandbox.results import Observation
from sandbox.stacks import NEAR, PATIENCE_S, ask_processes
from sandbox.types import Limits, SandboxError
from sandbox.usage import Curve, Usage
from sandbox.verdicts import Ending

_FAST_S = 0.005
_STEADY_S = 0.04
_FAST_LOOKS = 40
_DRAIN_S = 5.0
_CHUNK = 1 << 16
_OWN_PROCESSES = 4  # bubblewrap's: two per stage
_STUCK_LOOKS = 5
_FORGOTTEN_S = 1.0
"""On a busy machine a bomb does not get to be refused between any two looks."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched: the started process, its limits, its output folder, its control group."""

    process: subprocess.Popen[bytes]
    limits: Limits
    output: Path
    cgroup: RunCgroup | None


class Monitor:
    """Watch a program to its end."""

    def __init__(self, watched: Watched, capture: LogCapture) -> None:
        self._watched = watched
        self._capture = capture
        self._done = threading.Event()
        self._stuck = 0
        self._refused_at = 0.0
        self._asked = False
        self._dead_cpu: dict[tuple[int, int], float] = {}
        self._waited_cpu_s = 0.0
        self.usage = Usage()
        self.curve = Curve()
        self._drain = _thread("drain", self._drain_log)
        _thread("wait", self._await_end)

    def watch(self, cancel: threading.Event) -> Observation:
        """Return how it ended and what it used; nothing of it is left then."""
        started = time.monotonic()
        try:
            ending = self._look_until_ended(started, cancel)
        finally:
            kill_tree(self._watched.process.pid, policy.KILL_TIMEOUT_S)
        if not self._done.wait(policy.KILL_TIMEOUT_S):
            message = "bubblewrap outlived what it ran"
            raise SandboxError(message)
        wall_s = time.monotonic() - started
        self._drain.join(_DRAIN_S)
        ended = self._completed(ending)
        return Observation(ended, wall_s, self.usage, samples=self.curve.points())

    def _look_until_ended(self, started: float, cancel: threading.Event) -> Ending:
        deadline = started + self._watched.limits.wall_s
        looks = 0
        interval = _FAST_S
        while not self._done.wait(max(0.0, min(interval, deadline - time.monotonic()))):
            begun = time.monotonic()
            sample, out_of_memory = self._look()
            self.curve.add(begun - started, sample)
            if sample.memory_bytes >= NEAR * self._watched.limits.memory_bytes and not self._asked:
                self._asked = True
                self._ask_where()
            timed_out = time.monotonic() >= deadline
            ending = Ending(
                None,
                cancelled=cancel.is_set(),
                timed_out=timed_out,
                flooded=self._capture.flooded.is_set(),
                out_of_memory=out_of_memory,
                # whom the clock ends while it is refused was not slow: it was full
                out_of_processes=self._is_stuck(sample) or (timed_out and self._stuck > 0),
                out_of_output=_is_over(self._watched.output, self._watched.limits),
            )
            if ending != Ending(None):
                if ending.timed_out:
                    self._ask_where()
                    self._done.wait(PATIENCE_S)
                return ending
            looks += 1
            # looking must not become the load: ten times as long between looks as they take
            pause = _FAST_S if looks < _FAST_LOOKS else _STEADY_S
            interval = max(pause, 10 * (time.monotonic() - begun))
        return Ending(None)

    def _ask_where(self) -> None:
        """Ask the program where it stands; an answer, where there is one, comes in its log."""
        ask_processes(process.pid for process in descendants(self._watched.process.pid))

    def _look(self) -> tuple[Usage, bool]:
        """Return the current use, and whether memory is over its limit where only we watch it."""
        cgroup = self._watched.cgroup
        if cgroup is not None:
            sample = cgroup.group.read() or Usage()
            refused_again = sample.refused_forks > self.usage.refused_forks
            if refused_again:
                self._stuck, self._refused_at = self._stuck + 1, time.monotonic()
            elif time.monotonic() - self._refused_at > _FORGOTTEN_S:
                self._stuck = 0
            self.usage = self.usage.joined(sample)
            return sample, False
        processes = list(descendants(self._watched.process.pid))
        for process in processes:
            self._dead_cpu[process.pid, process.started] = process.cpu_s
        resident = sum(process.resident_bytes for process in processes)
        if resident > self._watched.limits.memory_bytes:  # shared pages count once, if we can see
            shares = [proportional_bytes(process.pid) for process in processes]
            resident = sum(share for share in shares if share is not None) or resident
        cpu_s = sum(self._dead_cpu.values())
        count = max(0, len(processes) - _OWN_PROCESSES)
        sample = Usage(cpu_s, resident, count, memory_bytes=resident)
        self.usage = self.usage.joined(sample)
        return sample, resident > self._watched.limits.memory_bytes

    def _is_stuck(self, sample: Usage) -> bool:
        """Tell whether the program keeps bumping into its process limit, not just touching it."""
        if self._watched.cgroup is None:
            return sample.processes > self._watched.limits.processes
        return self._stuck >= _STUCK_LOOKS

    def _completed(self, ending: Ending) -> Ending:
        """Return `ending` with the exit status and what the kernel counted."""
        self.usage = self.usage.joined(Usage(self._waited_cpu_s))
        if self._watched.cgroup is not None:
            self.usage = self.usage.joined(self._watched.cgroup.group.read() or Usage())
        code = self._watched.process.returncode
        code = 128 - code if code is not None and code < 0 else code
        forks_refused = self.usage.refused_forks > 0 and code != 0 and not ending.timed_out
        return replace(
            ending,
            exit_code=code,
            flooded=self._capture.flooded.is_set(),
            out_of_memory=ending.out_of_memory or self.usage.oom_kills > 0,
            out_of_processes=ending.out_of_processes or forks_refused,
        )

    def _drain_log(self) -> None:
        stream = self._watched.process.stdout
        if stream is None:
            return
        while chunk := os.read(stream.fileno(), _CHUNK):
            self._capture.feed(chunk)

    def _await_end(self) -> None:
        process = self._watched.process
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self._waited_cpu_s = used.ru_utime + used.ru_stime
        self._done.set()


def _is_over(output: Path, limits: Limits) -> bool:
    """Tell whether the output folder is beyond its bytes or entries, looking no further."""
    total = count = 0
    most = limits.output_bytes + policy.OUTPUT_SLACK_BYTES
    waiting = [str(output)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as listing:
                for entry in listing:
                    status = entry.stat(follow_symlinks=False)
                    count += 1
                    total += status.st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    if count > limits.output_files or total > most:
                        return True
        except OSError:  # removed while we looked
            continue
    return False


def _thread(name: str, target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, name=f"sandbox-{name}", daemon=True)
    thread.start()
    return thread
