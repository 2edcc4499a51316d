"""A thread beside an evaluation: renews the lease, hears a cancel, writes the live log."""

import logging
import threading
from datetime import timedelta
from types import TracebackType
from typing import Self

from app.core.platform import Platform
from app.evaluations.claims import Assignment, renew
from app.evaluations.logbook import Logbook

logger = logging.getLogger("baijing.worker")


class Heartbeat:
    """Keeps a claim alive while the block runs.

    `cancel` is set when somebody asked to cancel, or when the claim was lost: either way the run
    must end. `lost` tells the two apart: after a loss nothing may be recorded.
    """

    def __init__(
        self, platform: Platform, assignment: Assignment, *, every: float, lease: timedelta
    ) -> None:
        self.cancel = threading.Event()
        self.lost = threading.Event()
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop beating."""
        self._done.set()
        self._thread.join()

    def _beat(self) -> None:
        """Beat until done; a database away for a moment costs nothing while the lease runs."""
        last = self._platform.clock.now()
        while not self._done.wait(self._every):
            try:
                self._renew()
                last = self._platform.clock.now()
            except Exception:  # whatever it is, the run goes on while the lease does
                logger.exception("heartbeat of evaluation %s", self._assignment.evaluation_id)
                if self._platform.clock.now() - last > self._lease:
                    self._lose()
                    return
            if self.lost.is_set():
                return

    def _renew(self) -> None:
        with self._platform.database.transaction() as session:
            renewal = renew(
                session, self._assignment, now=self._platform.clock.now(), lease=self._lease
            )
            if renewal.ours:
                self.logbook.flush(session)
        if renewal.cancel:
            self.cancel.set()
        if not renewal.ours:
            self._lose()

    def _lose(self) -> None:
        self.lost.set()
        self.cancel.set()
