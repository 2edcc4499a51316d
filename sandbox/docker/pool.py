"""Containers that wait for a run: made ahead, used once, as many as were wanted lately.

A slot is a container with exactly the limits of its runs, its output and its folders ready.
Whoever runs takes one by its file (`slots`); one process per host keeps them up (`filler`).
"""

import hashlib
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from sandbox.docker.filler import Filler
from sandbox.docker.labels import neighbourhood
from sandbox.docker.runclass import RunClass
from sandbox.docker.slots import Slot, Slots, State
from sandbox.docker.waiting import add_slot, drop
from sandbox.docker.workshop import Workshop
from sandbox.processes import identity, is_running


class Pool:
    """The waiting containers of one host, engine and installation; `size` is per class at most."""

    def __init__(self, workshop: Workshop, state_dir: Path, size: int) -> None:
        self._workshop = workshop
        self._root = state_dir.resolve() / "pool"
        self._size = size
        self._filler: tuple[int, Filler] | None = None

    @property
    def _slots(self) -> Slots:
        self._workshop.pool = _name(self._workshop)
        return Slots(self._root / self._workshop.pool)

    def claim(self, runs: RunClass, owner: str) -> Slot | None:
        """Take a slot for a run, and note that one was wanted; None when none waits."""
        if not self._size:
            return None
        slots = self._slots
        slots.demand(runs)
        slot = slots.claim(runs.key(), owner)
        slots.ring()
        return slot

    def add(self, runs: RunClass) -> str:
        """Make one more slot, now; return its container. Raise SandboxError or OSError."""
        self._slots.demand(runs)
        return add_slot(self._workshop, self._slots, runs)

    def waiting(self) -> list[Slot]:
        """Return the slots that anybody may take."""
        return [slot for slot in self._slots.all() if slot.state is State.READY]

    def forget(self, slot: Slot) -> None:
        """Forget a slot whose container and folders are gone."""
        self._slots.forget(slot)

    def tend(self) -> None:
        """See to it that somebody refills."""
        if not self._size:
            return
        if self._filler is None or self._filler[0] != os.getpid() or not self._filler[1].is_alive():
            self._bury_former_lives()
            self.clear(lambda _owner: True)
            filler = Filler(self._workshop, self._slots, self._size)
            filler.start()
            self._filler = (os.getpid(), filler)

    def close(self) -> None:
        """Stop refilling, and remove what waits unless another process here keeps it up."""
        if self._filler is not None and self._filler[0] == os.getpid():
            self._filler[1].stop()
            self._filler = None
        for slot in list(self._slots.all()):
            mine = slot.process == identity() and slot.state is State.READY
            if mine or not is_running(slot.process):
                drop(self._workshop, self._slots, slot)
        self.clear(lambda _owner: True)

    def _bury_former_lives(self) -> None:
        """Remove what waited here before this machine, or this worker's container, began again.

        Its processes are gone with their process namespace, and their names mean nothing now.
        """
        ours = _name(self._workshop)
        for folder in self._root.glob(f"{ours.partition('-')[0]}-*"):
            if folder.name == ours:
                continue
            left = {slot.slot_id for slot in Slots(folder).all()}
            for slot_id in left | self._workshop.list_pool(folder.name):
                self._workshop.stage(slot_id).close()
            shutil.rmtree(folder, ignore_errors=True)

    def clear(self, is_alive: Callable[[str], bool]) -> int:
        """Remove the slots whose process is gone or whose run is disowned; return how many."""
        count = 0
        for slot in list(self._slots.all()):
            taken = slot.state is State.TAKEN
            disowned = taken and slot.owner != "" and not is_alive(slot.owner)
            if disowned or not is_running(slot.process):
                count += drop(self._workshop, self._slots, slot) and taken
        # a slot's file is there before its container and after it: one without a file was made by
        # the engine when who had asked for it was dead already
        made = self._workshop.list_pool(self._workshop.pool)
        known = self._slots.held()
        for slot_id in made - known:
            self._workshop.stage(slot_id).close()
        self._workshop.clear(known)
        return count


def _name(workshop: Workshop) -> str:
    """Return a name for where waiting containers can be shared: this machine, since its start.

    Its first part stays the same over the machine's lives, or the worker's container's.
    """
    place = (
        socket.gethostname(),
        workshop.installation,
        workshop.runtime or "",
        workshop.engine.base_url or "",
        "by socket" if workshop.by_socket else "direct",
    )
    return f"{_digest(place)}-{_digest((neighbourhood(),))}"


def _digest(facts: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:16]
