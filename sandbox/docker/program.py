"""The untrusted container: started, or told to go, and watched until it is gone.

Nothing here waits for the program's goodwill. The log is drained by a thread that never stops
(a stalled reader makes the engine's kill hang) but takes a flood at a measured pace, usage is
sampled by another, the end is awaited by a third; the calling thread enforces the wall clock, the
log cap and the cancel event.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Protocol

from typing_extensions import override

from sandbox import policy
from sandbox.deaths import Death, awaiting
from sandbox.docker.api import Attached, EngineApi
from sandbox.docker.engine import Engine
from sandbox.docker.options import ProgramSpec, host_config
from sandbox.docker.usage import Sampler
from sandbox.gpu import watch
from sandbox.logs import LogCapture
from sandbox.pacing import Pace
from sandbox.results import Observation, Stopwatch
from sandbox.stacks import PATIENCE_S
from sandbox.types import Limits, SandboxError
from sandbox.usage import Usage
from sandbox.verdicts import Ending

_POLL_S = 0.05
_DRAIN_S = 5.0
_WAIT_MARGIN_S = 60
_OOM_SETTLE_S = 0.5
_NEAR = 0.9
_STDOUT, _STDERR = 1, 2


def create_container(engine: Engine, spec: ProgramSpec, *, waits: bool = False) -> str:
    """Create the untrusted container and return its id; with `waits` it has an input to wait on."""
    body = {
        "Image": spec.image_id,
        "Entrypoint": [],  # a problem's own image may have one, which would come first
        "Healthcheck": {"Test": ["NONE"]},  # or this, which would start programs beside the run
        "Cmd": list(spec.command),
        "Hostname": policy.HOSTNAME,
        "User": f"{spec.uid}:{spec.uid}",
        "WorkingDir": policy.CODE_DIR,
        "Env": [f"{name}={value}" for name, value in spec.environment.items()],
        "Labels": dict(spec.labels),
        "NetworkDisabled": True,
        "OpenStdin": waits,
        "StdinOnce": waits,
        "HostConfig": host_config(spec),
    }
    return engine.api.create(spec.name, body)


class Launch(Protocol):
    """How a container that is attached to begins to run its program."""

    needs_input: bool
    last_word: bytes
    """What the container says on both streams when nothing more will come; none: it says nothing.
    A program can say it too, and lose what it prints afterwards."""
    process: str
    """The identity of the container's first process; "" where it cannot be seen from here, or is
    not there before the launch."""

    def __call__(
        self, api: EngineApi, container: str, attached: Attached, /
    ) -> Sequence[tuple[int, bytes]]:
        """Let it begin; return what the program had printed by then, with the stream of each.

        Raise SandboxError.
        """


class ColdStart(Launch):
    """The program is the container's own command: start it."""

    needs_input = False
    last_word = b""
    process = ""

    @override
    def __call__(
        self, api: EngineApi, container: str, attached: Attached, /
    ) -> Sequence[tuple[int, bytes]]:
        del attached
        api.start(container)
        return ()


class Program:
    """One untrusted container from its launch to its death."""

    def __init__(
        self, engine: Engine, container: str, limits: Limits, devices: tuple[str, ...] = ()
    ) -> None:
        self._engine = engine
        self._id = container
        self._limits = limits
        self._devices = devices
        self._done = threading.Event()
        self._exit_code: int | None = None
        self._is_sure = False

    def run(
        self, launch: Launch, capture: LogCapture, cancel: threading.Event, phases: Stopwatch
    ) -> Observation:
        """Launch it, watch it to its end and report; raise SandboxError when the engine fails."""
        api = self._engine.api
        with api.attach(self._id, stdin=launch.needs_input) as attached:
            sampler = Sampler(self._engine, self._id, self._limits, warm=bool(launch.process))
            output = _Output(attached, capture, launch.last_word)
            with watch(self._devices) as gpus, sampler, ExitStack() as stack:
                death = stack.enter_context(awaiting(launch.process))
                output.begin_with(launch(api, self._id, attached))
                # a container that was started just now has a first process since then
                death = death or stack.enter_context(awaiting(launch.process))
                phases.lap("start")
                started = time.monotonic()
                sampler.begin()
                drain = _thread("drain", output.drain)
                wait = _thread("wait", lambda: self._await_end(death, output, sampler))
                ending = self._watch(started, capture, cancel, sampler, output)
                wall_s = time.monotonic() - started
                wait.join(_DRAIN_S)  # it uses `death`
            ending = self._completed(ending, sampler.usage)
            output.complete.wait(_DRAIN_S)
            attached.hang_up()
            drain.join(_DRAIN_S)
        return Observation(ending, wall_s, sampler.usage, gpus.uses, sampler.curve.points())

    def _watch(
        self,
        started: float,
        capture: LogCapture,
        cancel: threading.Event,
        sampler: Sampler,
        output: "_Output",
    ) -> Ending:
        deadline = started + self._limits.wall_s
        while not self._done.wait(max(0.0, min(_POLL_S, deadline - time.monotonic()))):
            ending = Ending(
                None,
                cancelled=cancel.is_set(),
                timed_out=time.monotonic() >= deadline,
                flooded=capture.flooded.is_set(),
                out_of_processes=sampler.stuck_at_process_limit.is_set(),
            )
            if ending != Ending(None):
                output.pace.drop()
                if ending.timed_out:
                    sampler.ask_where()
                    self._done.wait(PATIENCE_S)
                self._kill()
                return ending
        return Ending(self._exit_code, flooded=capture.flooded.is_set())

    def _kill(self) -> None:
        self._engine.api.kill(self._id)
        if not self._done.wait(policy.KILL_TIMEOUT_S):
            message = f"container {self._id[:12]} outlived its SIGKILL"
            raise SandboxError(message)

    def _await_end(self, death: Death | None, output: "_Output", sampler: Sampler) -> None:
        """Wait for the end: the kernel's word where that says all, else the engine's."""
        timeout_s = self._limits.wall_s + _WAIT_MARGIN_S
        with contextlib.suppress(SandboxError, ValueError, KeyError):
            status = death.wait(timeout_s) if death is not None else None
            output.pace.drop()  # what is left is little, and somebody waits for it
            if status is not None and output.ended_by_word() and sampler.finish():
                self._exit_code = status
                near_limit = _is_near(sampler.usage, self._limits)
                self._is_sure = not near_limit and not sampler.usage.oom_kills
            if not self._is_sure:
                self._exit_code = self._engine.api.wait(self._id, timeout_s)
        self._done.set()

    def _completed(self, ending: Ending, usage: Usage) -> Ending:
        """Return `ending` with what the engine says once all is over; verify that it is over."""
        state = self._state()
        if state["Running"]:
            message = f"container {self._id[:12]} is still running"
            raise SandboxError(message)
        settle_s = _OOM_SETTLE_S if _is_near(usage, self._limits) else 0.0
        deadline = time.monotonic() + settle_s
        while not state["OOMKilled"] and time.monotonic() < deadline:
            time.sleep(_POLL_S)  # the engine learns of a child's death by an event of its own
            state = self._state()
        return Ending(
            int(str(state["ExitCode"])),
            cancelled=ending.cancelled,
            timed_out=ending.timed_out,
            flooded=ending.flooded,
            out_of_memory=bool(state["OOMKilled"]) or usage.oom_kills > 0,
            out_of_processes=ending.out_of_processes
            or (usage.refused_forks > 0 and state["ExitCode"] != 0 and not ending.timed_out),
        )

    def _state(self) -> Mapping[str, object]:
        if self._is_sure:
            return {"Running": False, "OOMKilled": False, "ExitCode": self._exit_code}
        return self._engine.api.state(self._id)


def _is_near(usage: Usage, limits: Limits) -> bool:
    return usage.peak_memory_bytes >= _NEAR * limits.memory_bytes


class _Output:
    """What a container prints, on its way to the log; knows its last word where there is one."""

    def __init__(self, attached: Attached, capture: LogCapture, last_word: bytes) -> None:
        self._attached = attached
        self._capture = capture
        self._last_word = last_word
        self._held = {_STDOUT: b"", _STDERR: b""}
        self._by_word = False
        self.complete = threading.Event()
        self.pace = Pace()

    def begin_with(self, heard: Sequence[tuple[int, bytes]]) -> None:
        """Take what had been printed before anybody drained."""
        for stream, piece in heard:
            self._take(stream, piece)

    def drain(self) -> None:
        """Read until nothing more can come, a flood at a pace; never stops before."""
        with contextlib.suppress(OSError, ValueError):
            self._attached.wait_at_most(None)
            while (piece := self._attached.read())[1]:
                self._take(*piece)
                self.pace.keep(len(piece[1]))
        for stream, held in self._held.items():
            if held != self._last_word:
                self._feed(stream, held)
        self.complete.set()

    def ended_by_word(self) -> bool:
        """Wait until all has come; tell whether it was the last word that said so."""
        self.complete.wait(_DRAIN_S)
        return self._by_word

    def _take(self, stream: int, piece: bytes) -> None:
        """Pass a piece on, but for what may be the last word at its end."""
        if not self._last_word or stream not in self._held:
            self._feed(stream, piece)
            return
        text = self._held[stream] + piece
        self._held[stream] = text[len(text) - _overlap(text, self._last_word) :]
        self._feed(stream, text[: len(text) - len(self._held[stream])])
        self._by_word = all(held == self._last_word for held in self._held.values())
        if self._by_word:
            self.complete.set()
        else:
            self.complete.clear()

    def _feed(self, stream: int, piece: bytes) -> None:
        if piece:
            self._capture.feed(piece, is_error=stream == _STDERR)


def _overlap(text: bytes, word: bytes) -> int:
    """Return how much of the beginning of `word` the end of `text` is."""
    longest = min(len(text), len(word))
    return next((size for size in range(longest, 0, -1) if text.endswith(word[:size])), 0)


def _thread(name: str, target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, name=f"sandbox-{name}", daemon=True)
    thread.start()
    return thread
