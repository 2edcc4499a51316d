"""A thread beside an evaluation: renews the lease, hears a cancel, writes the live log."""

import logging
import threading
import time
from datetime import timedelta
from typing import Final, Self

from sqlalchemy.exc import SQLAlchemyError

from app.core.platform import Platform
from app.evaluations.claims import Assignment, renew
from app.evaluations.devices import HeldDevices
from app.evaluations.logbook import Logbook

logger = logging.getLogger("baijing.worker")
LIVE_S: Final = 0.4
"""How long a printed line waits to be written: whoever watches sees it within a second."""


class Heartbeat:
    """Keeps a claim alive while the block runs.

    `cancel` is set when somebody asked to cancel, or when the claim was lost: either way the run
    must end. `lost` tells the two apart: after a loss nothing may be recorded. `give_way` is set,
    with `cancel`, where a re-score's run is to make room. The claim's GPUs are
    held with it; `devices` says when they are in other hands, and `cancel` is set then too.
    """

    def __init__(
        self, platform: Platform, assignment: Assignment, *, every: float, lease: timedelta
    ) -> None:
        self.cancel = threading.Event()
        self.lost = threading.Event()
        self.give_way = threading.Event()
        self.devices = HeldDevices(platform, assignment, lease)
        self.logbook = Logbook(assignment.evaluation_id, assignment.attempt)
        self._platform = platform
        self._assignment = assignment
        self._every = every
        self._lease = lease
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        """Start beating."""
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop beating."""
        self._done.set()
        self._thread.join()

    def _beat(self) -> None:
        """Beat until done; a database away for a moment costs nothing while the lease runs.

        The lease is timed here by what cannot be set: the wall clock may jump.
        """
        last = time.monotonic()
        while not self._wait():
            try:
                self._renew()
                last = time.monotonic()
            except Exception:  # whatever it is, the run goes on while the lease does
                logger.exception("heartbeat of evaluation %s", self._assignment.evaluation_id)
                if time.monotonic() - last > self._lease.total_seconds():
                    self._lose()
                    return
            if self.lost.is_set():
                return

    def _wait(self) -> bool:
        """Wait for the next beat, writing what is printed meanwhile; tell whether all is done."""
        due = time.monotonic() + self._every
        while (left := due - time.monotonic()) > 0:
            if self._done.wait(min(left, LIVE_S)):
                return True
            if self.logbook.is_waiting:
                self._write()
        return self._done.is_set()

    def _write(self) -> None:
        """Write what was printed; what cannot be written now is written with a later beat."""
        try:
            with self._platform.database.transaction() as session:
                self.logbook.flush(session)
        except SQLAlchemyError:
            logger.warning("log of evaluation %s: written later", self._assignment.evaluation_id)

    def _renew(self) -> None:
        with self._platform.database.transaction() as session:
            renewal = renew(
                session, self._assignment, now=self._platform.clock.now(), lease=self._lease
            )
            if renewal.ours:
                self.logbook.flush(session)
        if renewal.give_way:
            self.give_way.set()
        if renewal.cancel or renewal.give_way or not self.devices.renew():
            self.cancel.set()
        if not renewal.ours:
            self._lose()

    def _lose(self) -> None:
        self.lost.set()
        self.cancel.set()
