"""Whose run a container is: trials of one person at the same time leave each other's alone."""

import os
from typing import Final

INSTALLATION: Final = "trial"


def own_name() -> str:
    """Return the owner of this process's runs."""
    return f"{INSTALLATION}/{os.getpid()}/1"


def is_alive(owner: str) -> bool:
    """Tell whether the process still lives that a run belongs to."""
    number = owner.split("/")[1] if owner.count("/") == 2 else ""  # noqa: PLR2004 — see own_name
    if not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
