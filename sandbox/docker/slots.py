"""Who may use which waiting container: files, because the process of each run is another one.

One folder per class, one file per slot. A file's name says its state, whose it is and since when
nothing may be done about it: "slot~state~process~owner". Every change of state is one rename, so
of any number that try, one succeeds, and after a crash the name still says what there is to undo.
"""

import contextlib
import json
import os
import select
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from sandbox.docker.runclass import RunClass
from sandbox.processes import identity, is_running

LIFETIME_S: Final = 3600
"""How long a slot may wait; then it is replaced, and a forgotten one ends by itself."""

_CLASS, _DEMAND, _BELL = "class.json", "demand", "bell"


class State(StrEnum):
    """What a slot is: being made, waiting, serving its one run, or being removed."""

    MAKING = "making"
    READY = "ready"
    TAKEN = "taken"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Made:
    """A container that waits: its id, its first process where that can be seen, what it holds."""

    container: str
    process: str = ""
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot as its file says; `made` is known once it is ready."""

    key: str
    slot_id: str
    state: State
    process: str
    owner: str
    path: Path
    made: Made = Made("")
    made_at: float = 0.0


class Slots:
    """The slots of one host. Losing a race is an answer (None or False), never an error."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def demand(self, runs: RunClass) -> None:
        """Note that a run of this class came; a full disk costs the warmth, never the run."""
        folder = self._root / runs.key()
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not (folder / _CLASS).exists():
                fresh = folder / f"{_CLASS}.{uuid.uuid4().hex}"
                fresh.write_text(runs.to_json(), encoding="utf-8")
                fresh.replace(folder / _CLASS)
            with (folder / _DEMAND).open("ab") as counted:
                counted.write(b".")

    def classes(self) -> dict[str, RunClass]:
        """Return the classes that runs came of, by key; what cannot be read is left out."""
        found = {}
        for path in self._root.glob(f"*/{_CLASS}"):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                found[path.parent.name] = RunClass.from_json(path.read_text(encoding="utf-8"))
        return found

    def demanded(self, key: str) -> tuple[int, float]:
        """Return how many runs of a class have come, and when the last one did (seconds, epoch)."""
        try:
            status = (self._root / key / _DEMAND).stat()
        except OSError:
            return 0, 0.0
        return status.st_size, status.st_mtime

    def forget_class(self, key: str) -> None:
        """Forget a class that nobody asks for; one that still has slots stays."""
        with contextlib.suppress(OSError):
            for name in (_CLASS, _DEMAND):
                (self._root / key / name).unlink(missing_ok=True)
            (self._root / key).rmdir()

    def begin(self, key: str) -> Slot:
        """Note that a slot of a class is being made by this process; raise OSError."""
        slot_id = uuid.uuid4().hex[:16]
        path = self._root / key / _name(slot_id, State.MAKING, identity(), "")
        path.touch(mode=0o600, exist_ok=False)
        return Slot(key, slot_id, State.MAKING, identity(), "", path)

    def publish(self, slot: Slot, made: Made) -> None:
        """Let anybody take a slot that is made; raise OSError."""
        facts = {**asdict(made), "made_at": time.time()}
        slot.path.write_text(json.dumps(facts), encoding="ascii")
        slot.path.rename(slot.path.with_name(_name(slot.slot_id, State.READY, slot.process, "")))

    def claim(self, key: str, owner: str) -> Slot | None:
        """Take a waiting slot of a class for a run of `owner`, or return None."""
        for slot in self.of_class(key):
            if slot.state is State.READY and time.time() - slot.made_at < LIFETIME_S:
                mine = self.move(slot, State.TAKEN, owner)
                if mine is not None:
                    return mine
        return None

    def move(self, slot: Slot, state: State, owner: str = "") -> Slot | None:
        """Make a slot this process's, in another state; None when somebody else was faster."""
        path = slot.path.with_name(_name(slot.slot_id, state, identity(), owner))
        try:
            slot.path.rename(path)
        except OSError:
            return None
        return _read(path)

    def forget(self, slot: Slot) -> None:
        """Forget a slot that is no more."""
        slot.path.unlink(missing_ok=True)

    def of_class(self, key: str) -> list[Slot]:
        """Return the slots of a class, the oldest first."""
        found = [_read(path) for path in (self._root / key).glob("*~*~*~*")]
        return sorted((slot for slot in found if slot is not None), key=lambda slot: slot.made_at)

    def all(self) -> Iterator[Slot]:
        """Return every slot of the host."""
        for path in self._root.glob("*/*~*~*~*"):
            slot = _read(path)
            if slot is not None:
                yield slot

    def held(self) -> frozenset[str]:
        """Return the ids of the slots whose process runs.

        Their names alone are looked at: a slot that changes hands just now cannot be read, and
        whoever took it would lose its container as nobody's.
        """
        names = (path.name.split("~", 3) for path in self._root.glob("*/*~*~*~*"))
        return frozenset(slot_id for slot_id, _, process, _ in names if is_running(process))

    def ring(self) -> None:
        """Wake who refills, if anybody listens."""
        with contextlib.suppress(OSError):
            bell = os.open(self._root / _BELL, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                os.write(bell, b".")
            finally:
                os.close(bell)

    @contextlib.contextmanager
    def listening(self) -> Iterator["Bell"]:
        """Listen to `ring`; raise OSError."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.mkfifo(self._root / _BELL, 0o600)
        # opened for both, so that it does not end when the last who rang has gone
        bell = os.open(self._root / _BELL, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            yield Bell(bell)
        finally:
            os.close(bell)


class Bell:
    """What wakes the one who refills."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def wait(self, seconds: float) -> None:
        """Return when it was rung, or after so long."""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        if ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._descriptor, 1 << 12)


def _name(slot_id: str, state: State, process: str, owner: str) -> str:
    return f"{slot_id}~{state}~{process}~{quote(owner, safe='')}"


def _read(path: Path) -> Slot | None:
    slot_id, state, process, owner = path.name.split("~", 3)
    try:
        text = path.read_text(encoding="ascii")
        facts = json.loads(text) if text else {}
        return Slot(
            path.parent.name,
            slot_id,
            State(state),
            process,
            unquote(owner),
            path,
            made=Made(
                str(facts.get("container", "")),
                str(facts.get("process", "")),
                int(facts.get("memory_bytes", 0)),
            ),
            made_at=float(facts.get("made_at", 0.0)),
        )
    except (OSError, ValueError):
        return None  # somebody was faster
