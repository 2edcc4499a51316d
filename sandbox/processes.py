"""Processes told apart for good: an id is used again one day, an id with its start time is not."""

import os
from pathlib import Path


def identity(pid: int | None = None) -> str:
    """Return the name of a process (this one by default) as "pid-start"; "" when it is gone."""
    number = os.getpid() if pid is None else pid
    started = _started(number)
    return f"{number}-{started}" if started else ""


def is_running(name: str) -> bool:
    """Tell whether the process that `identity` named so runs; one nobody waited for does not."""
    pid, _, started = name.partition("-")
    return pid.isdecimal() and started != "" and _started(int(pid)) == started


def _started(pid: int) -> str:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    # the second field is the program's name in parentheses, and may hold anything
    state, *rest = fields.rpartition(")")[2].split()
    return "" if state in {"Z", "X"} else rest[18]
