"""Processes below a process: who they are, and waiting until they are gone."""

import time
from collections.abc import Collection
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")


def list_descendants(pid: int) -> list[int]:
    """Return the ids of all processes below one; one that has gone has none."""
    found = [
        int(child)
        for tasks in _PROC.glob(f"{pid}/task/*/children")
        for child in _read(tasks).split()
    ]
    return found + [deeper for child in found for deeper in list_descendants(child)]


def await_gone(pids: Collection[int], *, timeout: float) -> bool:
    """Wait until no process of these ids is left, `timeout` seconds at most; say whether so."""
    deadline = time.monotonic() + timeout
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a dead one that nobody has waited for does not."""
    status = _read(_PROC / str(pid) / "stat")
    return bool(status) and status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it ended in this moment
        return ""
