"""Ask a program near its limit where it stands: its own interpreter then writes its stack.

Images register the fault handler for a signal that everything else ignores, so asking a program
that is not Python does no harm, and no program has to take part.
"""

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

ASK = signal.SIGWINCH
"""Ignored by whoever did not ask for it; a terminal's own signal, and there is no terminal."""

REGISTER = f"import faulthandler; faulthandler.register({int(ASK)}, file=2, all_threads=False)\n"
"""What an image's `baijing-stacks.pth` holds: run by every interpreter at its start."""

REGISTER_FILE = "baijing-stacks.pth"
NEAR = 0.9
"""A program is asked when it has this share of its memory: soon after, it may not be there."""

PATIENCE_S = 0.1
"""How long an answer may take before a kill."""

_PAGE = os.sysconf("SC_PAGE_SIZE")


def ask_processes(pids: Iterable[int]) -> bool:
    """Ask the Python process that holds the most memory; return whether there was one."""
    held = [(_resident(pid), pid) for pid in pids if _is_python(pid)]
    if not held:
        return False
    with contextlib.suppress(OSError):  # it ended meanwhile
        os.kill(max(held)[1], ASK)
    return True


def _is_python(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_bytes().startswith(b"python")
    except OSError:
        return False


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
