"""One container that waits: made, told to go, found dead, removed.

What waits in it is an interpreter that runs `sandbox/inside/runner.py`.
"""

import contextlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from typing_extensions import override

from sandbox.docker.api import Attached, EngineApi
from sandbox.docker.labels import RunLabels
from sandbox.docker.preloads import preloads
from sandbox.docker.program import Launch
from sandbox.docker.runclass import RunClass
from sandbox.docker.slots import LIFETIME_S, Made, Slot, Slots, State
from sandbox.docker.transport import EngineRefusalError
from sandbox.docker.workshop import POOL, Command, Workshop
from sandbox.processes import is_running
from sandbox.recipes import is_by_digest
from sandbox.types import MIB, Run, SandboxError
from sandbox.usage import find_container_cgroup

logger = logging.getLogger("baijing.sandbox")

RUNNER: Final = Path(__file__).parents[1] / "inside" / "runner.py"
READY: Final = b"\x00baijing: ready\n"
GO: Final = b"\x00baijing: go\n"
END: Final = b"\x00baijing: end\n"
_READY_S: Final = 60.0
_GO_S: Final = 10.0
_LEAST_MEMORY: Final = 64 * MIB
_LEAST_PROCESSES: Final = 16


class SlotLostError(SandboxError):
    """A waiting container was not there any more: nothing of the run has happened."""


class WarmStart(Launch):
    """The program waits inside: tell it what it is."""

    needs_input = True
    last_word = END

    def __init__(self, argv: tuple[str, ...], environment: Mapping[str, str], process: str) -> None:
        self.process = process
        self._line = _request(argv, environment)

    @override
    def __call__(
        self, api: EngineApi, container: str, attached: Attached, /
    ) -> Sequence[tuple[int, bytes]]:
        del api
        attached.send(self._line)
        return _await_word(attached, GO, _GO_S, container)


class FreshStart(Launch):
    """A new container's runner becomes the program at once; its end is known as soon as can be.

    What the interpreter of the runner costs more than a bare one is less than what an engine takes
    to notice a death.
    """

    needs_input = True
    last_word = END

    def __init__(
        self, workshop: Workshop, argv: tuple[str, ...], environment: Mapping[str, str]
    ) -> None:
        self.process = ""
        self._workshop = workshop
        self._line = _request(argv, environment)

    @override
    def __call__(
        self, api: EngineApi, container: str, attached: Attached, /
    ) -> Sequence[tuple[int, bytes]]:
        attached.send(self._line)
        api.start(container)
        self.process = self._workshop.find_init(container)
        return _await_word(attached, READY + GO, _READY_S, container)


def fresh_command(run: Run) -> tuple[str, ...] | None:
    """Return what a new container is created to do for `FreshStart`; None where that is no gain.

    It takes an image of ours, a Python program, and limits that leave room for the runner: a
    program that cannot even start must fail as itself.
    """
    roomy = run.limits.memory_bytes >= _LEAST_MEMORY and run.limits.processes >= _LEAST_PROCESSES
    if run.command[0] != "python" or run.devices or is_by_digest(run.image) or not roomy:
        return None
    return _runner_command()


def _runner_command() -> tuple[str, ...]:
    return ("python", "-c", RUNNER.read_text(encoding="utf-8"), str(LIFETIME_S))


def _request(argv: tuple[str, ...], environment: Mapping[str, str]) -> bytes:
    return json.dumps({"argv": argv, "env": dict(environment)}).encode() + b"\n"


def drop(workshop: Workshop, slots: Slots, slot: Slot) -> bool:
    """Remove a slot unless somebody else has taken it meanwhile; tell whether it was removed."""
    mine = slots.move(slot, State.DROPPED)
    if mine is None:
        return False
    try:
        workshop.stage(mine.slot_id).close()
    except SandboxError as error:
        logger.warning("a waiting container stays: %s", error)
        return False
    slots.forget(mine)
    return True


def add_slot(workshop: Workshop, slots: Slots, runs: RunClass) -> str:
    """Make a slot and let it be taken; return its container. Raise SandboxError or OSError."""
    slot = slots.begin(runs.key())
    try:
        made = make_slot(workshop, slot, runs)
        slots.publish(slot, made)
    except BaseException:
        with contextlib.suppress(SandboxError):
            workshop.stage(slot.slot_id).close()
        slots.forget(slot)
        raise
    return made.container


def make_slot(workshop: Workshop, slot: Slot, runs: RunClass) -> Made:
    """Make a slot's folders and container, up to READY; raise SandboxError, leaving the pieces."""
    marks = RunLabels.for_slot(slot.slot_id, workshop.installation, LIFETIME_S + runs.limits.wall_s)
    marks = replace(marks, values={**marks.values, POOL: workshop.pool})
    command = Command(
        (*_runner_command(), *preloads(runs.image, runs.limits)), runs.environment, waits=True
    )
    api = workshop.engine.api
    container = workshop.make(workshop.stage(slot.slot_id), runs, marks, command)
    with api.attach(container, stdin=False) as attached:
        api.start(container)
        _await_word(attached, READY, _READY_S, container)
    group = find_container_cgroup(container)
    used = group.read() if group is not None else None
    memory = used.memory_bytes if used is not None else 0
    return Made(container, workshop.find_init(container), memory)


def check_slot(workshop: Workshop, slot: Slot) -> None:
    """Raise SlotLostError when a slot's container has ended: an engine lets one attach to it."""
    process = slot.made.process
    try:
        lives = is_running(process) if process else _runs(workshop, slot)
    except EngineRefusalError:
        lives = False  # it was removed
    if not lives:
        message = f"container {slot.made.container[:12]} does not wait any more"
        raise SlotLostError(message)


def _runs(workshop: Workshop, slot: Slot) -> bool:
    return bool(workshop.engine.api.state(slot.made.container)["Running"])


def _await_word(
    attached: Attached, word: bytes, seconds: float, container: str
) -> list[tuple[int, bytes]]:
    """Read until the runner's word has come on the first stream; return all else that came.

    The two streams come by ways of their own: what was printed later on one may come earlier.
    """
    heard, others = b"", []
    with contextlib.suppress(OSError, ValueError):
        attached.wait_at_most(seconds)
        while len(heard) < len(word):
            stream, piece = attached.read()
            if not piece:
                break
            if stream == 1:
                heard += piece
            else:
                others.append((stream, piece))
    if not heard.startswith(word):
        message = f"container {container[:12]} did not say that it is there"
        raise SlotLostError(message)
    return [(1, heard[len(word) :]), *others]
