"""What a waiting interpreter has imported already, per image."""

from typing import Final

from sandbox.recipes import IMAGES
from sandbox.types import MIB, Limits

_FILE: Final = "preload.txt"
_LEAST_MEMORY: Final = 512 * MIB
"""Below this the libraries would take a part of the run's memory that it may miss."""


def preloads(image: str, limits: Limits) -> tuple[str, ...]:
    """Return the modules to import ahead: the recipe's `preload.txt`, one a line.

    None where the run has too little memory. A module that an image has not is passed over.
    """
    if limits.memory_bytes < _LEAST_MEMORY:
        return ()
    try:
        lines = (IMAGES / image / _FILE).read_text(encoding="ascii").splitlines()
    except OSError:
        return ()  # an image of a problem's own
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
