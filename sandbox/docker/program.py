"""The untrusted container: what it is created with, and watching it until it is gone.

Nothing here waits for the program's goodwill. The log is drained by a thread that never stops
(a stalled reader makes the engine's kill hang), usage is sampled by another, the end is awaited
by a third; the calling thread enforces the wall clock, the log cap and the cancel event.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from docker.errors import APIError, DockerException, NotFound

from sandbox import policy
from sandbox.docker.engine import Engine, engine_errors, remove_container
from sandbox.docker.options import ProgramSpec, host_options
from sandbox.docker.usage import Sampler
from sandbox.logs import LogCapture
from sandbox.results import Observation
from sandbox.types import SandboxError
from sandbox.usage import Usage
from sandbox.verdicts import Ending

if TYPE_CHECKING:
    import requests
    from docker.types import CancellableStream

_POLL_S = 0.05
_DRAIN_S = 5.0
_WAIT_MARGIN_S = 60
_CONFLICT = 409
_OOM_SETTLE_S = 0.5


class Program:
    """One untrusted container from creation to verified removal."""

    def __init__(self, engine: Engine, spec: ProgramSpec) -> None:
        self._engine = engine
        self._spec = spec
        api = engine.client().api
        with engine_errors("creating the container"):
            host = api.create_host_config(**host_options(spec))  # type: ignore[arg-type]
            created = api.create_container(
                spec.image_id,
                list(spec.command),
                name=spec.name,
                hostname=policy.HOSTNAME,
                user=f"{spec.uid}:{spec.uid}",
                working_dir=policy.CODE_DIR,
                environment=dict(spec.environment),
                labels=dict(spec.labels),
                network_disabled=True,
                host_config=host,
            )
        self._id = str(created["Id"])
        self._done = threading.Event()
        self._exit_code: int | None = None

    def remove(self) -> None:
        """Kill what is left, remove the container and verify that it is gone."""
        remove_container(self._engine, self._id)

    def run(self, capture: LogCapture, cancel: threading.Event) -> Observation:
        """Start it, watch it to its end and report; raise SandboxError when the engine fails."""
        api = self._engine.client().api
        with engine_errors("attaching to the container"):
            stream = api.attach(self._id, stdout=True, stderr=True, stream=True, logs=False)
        drain = _thread("drain", lambda: _drain(stream, capture))
        try:
            with engine_errors("starting the container"):
                api.start(self._id)
            started = time.monotonic()
            with Sampler(self._engine, self._id, self._spec.limits) as sampler:
                _thread("wait", self._await_end)
                ending = self._watch(started, capture, cancel, sampler)
                wall_s = time.monotonic() - started
            drain.join(_DRAIN_S)
        finally:
            _close(stream)
        return Observation(self._completed(ending, sampler.usage), wall_s, sampler.usage)

    def _watch(
        self, started: float, capture: LogCapture, cancel: threading.Event, sampler: Sampler
    ) -> Ending:
        deadline = started + self._spec.limits.wall_s
        while not self._done.wait(max(0.0, min(_POLL_S, deadline - time.monotonic()))):
            ending = Ending(
                None,
                cancelled=cancel.is_set(),
                timed_out=time.monotonic() >= deadline,
                flooded=capture.flooded.is_set(),
                out_of_processes=sampler.stuck_at_process_limit.is_set(),
            )
            if ending != Ending(None):
                self._kill()
                return ending
        return Ending(self._exit_code, flooded=capture.flooded.is_set())

    def _kill(self) -> None:
        with engine_errors("killing the container"):
            try:
                self._engine.client(policy.KILL_TIMEOUT_S).api.kill(self._id, "SIGKILL")
            except NotFound:
                return
            except APIError as error:
                if error.status_code != _CONFLICT:  # it ended by itself in between
                    raise
        if not self._done.wait(policy.KILL_TIMEOUT_S):
            message = f"container {self._id[:12]} outlived its SIGKILL"
            raise SandboxError(message)

    def _await_end(self) -> None:
        timeout_s = int(self._spec.limits.wall_s) + _WAIT_MARGIN_S
        with contextlib.suppress(DockerException, OSError):
            ended = self._engine.client().api.wait(self._id, timeout=timeout_s)
            self._exit_code = int(ended["StatusCode"])
        self._done.set()

    def _completed(self, ending: Ending, usage: Usage) -> Ending:
        """Return `ending` with what the engine says once all is over; verify that it is over."""
        state = self._state()
        if state["Running"]:
            message = f"container {self._id[:12]} is still running"
            raise SandboxError(message)
        near_limit = usage.peak_memory_bytes >= 0.9 * self._spec.limits.memory_bytes
        deadline = time.monotonic() + (_OOM_SETTLE_S if near_limit else 0.0)
        while not state["OOMKilled"] and time.monotonic() < deadline:
            time.sleep(_POLL_S)  # the engine learns of a child's death by an event of its own
            state = self._state()
        return Ending(
            int(state["ExitCode"]),
            cancelled=ending.cancelled,
            timed_out=ending.timed_out,
            flooded=ending.flooded,
            out_of_memory=bool(state["OOMKilled"]) or usage.oom_kills > 0,
            out_of_processes=ending.out_of_processes
            or (usage.refused_forks > 0 and state["ExitCode"] != 0 and not ending.timed_out),
        )

    def _state(self) -> Mapping[str, bool | int]:
        with engine_errors("inspecting the container"):
            state: Mapping[str, bool | int] = self._engine.client().api.inspect_container(self._id)[
                "State"
            ]
            return state


def _drain(stream: Iterable[bytes], capture: LogCapture) -> None:
    with contextlib.suppress(DockerException, OSError):
        for chunk in stream:
            capture.feed(chunk)


def _close(stream: "CancellableStream[bytes]") -> None:
    """Close a log stream; the SDK's own close gives up half-way when the engine ended it first."""
    with contextlib.suppress(DockerException, OSError):
        stream.close()
    response: requests.Response = vars(stream)["_response"]
    response.close()


def _thread(name: str, target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, name=f"sandbox-{name}", daemon=True)
    thread.start()
    return thread
