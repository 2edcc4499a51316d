"""A sign of life while long work runs: a thread that keeps a claim from being given away."""

import logging
from collections.abc import Callable
from threading import Event, Thread
from typing import Final, Self

_log: Final = logging.getLogger("baijing.problems")


class Heartbeat:
    """Calls `renew` every `interval` seconds until the block ends or the claim is lost.

    A renewal that fails is tried again at the next beat: the lease outlives several beats.
    """

    def __init__(self, renew: Callable[[], bool], *, interval: float) -> None:
        self._renew = renew
        self._interval = interval
        self._stop = Event()
        self._thread = Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        """Start beating."""
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop beating and wait for the last beat to end."""
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stop.wait(self._interval):
            try:
                if not self._renew():
                    return
            except Exception:  # noqa: BLE001 — whatever it is, the next beat tries again
                _log.exception("could not renew a claim")
