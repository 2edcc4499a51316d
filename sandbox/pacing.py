"""A measured pace for reading what a program prints.

A container's output is copied by the engine and by us outside the container's own share of the
processor: who prints without end works us, at his neighbours' cost. Read more slowly, his writes
wait on a full pipe instead, and that costs nobody anything.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

RATE: Final = 8 << 20
"""Bytes a second that are read of an endless flood."""

BURST: Final = 1 << 20
"""Bytes that are read as fast as they come before the pace is kept: more than most logs are."""

_LONGEST_REST_S: Final = 0.02  # an engine that is not read from for long hangs when it must kill


class Pace:
    """How fast a reader goes: `BURST` bytes at once, then `RATE` bytes a second.

    `keep` is called by the reading thread, `drop` by any.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._dropped = threading.Event()
        self._credit = float(BURST)
        self._seen = clock()

    def keep(self, size: int) -> bool:
        """Rest for a moment where `size` bytes more came too fast; tell whether that was done."""
        rest_s = self.owed(size)
        return rest_s > 0 and not self._dropped.wait(rest_s)

    def owed(self, size: int) -> float:
        """Count `size` bytes more; return the seconds to rest before the next, 0.02 at most."""
        now = self._clock()
        self._credit = min(float(BURST), self._credit + RATE * (now - self._seen)) - size
        self._seen = now
        return min(_LONGEST_REST_S, max(0.0, -self._credit / RATE))

    def drop(self) -> None:
        """Read as fast as it comes from now on: somebody waits for the end."""
        self._dropped.set()
