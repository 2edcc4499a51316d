"""GPUs for the command line, where nobody leases: the first free ones, held while it runs."""

import contextlib
import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sandbox.gpu.health import look_at
from sandbox.gpu.inventory import list_devices
from sandbox.gpu.nvml import Nvml
from sandbox.types import SandboxError


@contextmanager
def pick_free(count: int, locks: Path, nvml: Nvml | None = None) -> Iterator[tuple[str, ...]]:
    """Hold `count` devices that nobody computes on, and give their uuids to the block.

    `locks` is the folder of this person's lock files: a second command takes other devices. It
    knows nothing of workers on the same host. Raise SandboxError when there are not enough.
    """
    if count == 0:
        yield ()
        return
    locks.mkdir(parents=True, exist_ok=True)
    known = tuple(device.uuid for device in list_devices(nvml))
    idle = [state.uuid for state in look_at(known, nvml) if not (state.processes or state.error)]
    with ExitStack() as held:
        picked: list[str] = []
        for uuid in idle:
            if len(picked) < count and _hold(locks / f"{uuid}.lock", held):
                picked.append(uuid)
        if len(picked) < count:
            message = f"{count} GPUs wanted; free: {len(picked)} of {len(known)}"
            raise SandboxError(message)
        yield tuple(picked)


def _hold(path: Path, held: ExitStack) -> bool:
    """Lock a file until `held` closes; tell whether nobody else had it."""
    file = held.enter_context(path.open("w", encoding="ascii"))
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
