"""Which waiting evaluation can start on this host now, and on which of its GPUs.

What does not fit is passed over, so that a small request runs beside a large one. A large one that
has been passed over for long is kept room for: what it needs is given to nobody else until it fits.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.compute.matching import Needs, choose
from app.compute.queries import lock_devices
from app.evaluations.models import Evaluation, State
from sandbox.gpu import Device

logger = logging.getLogger("baijing.worker")
PATIENCE: Final = timedelta(minutes=2)
"""After this long a request that this host could serve is not passed over any more."""


@dataclass(slots=True)
class Places:
    """The GPUs a worker may use and which of them are free; read when first asked, then kept.

    Reading locks the devices' rows, so what is free stays free until the transaction ends.
    """

    session: Session
    worker: str
    now: datetime
    reserved: set[str] = field(default_factory=set)
    _devices: list[Device] | None = None
    _busy: set[str] = field(default_factory=set)

    def find(self, needs: Needs, waiting_since: datetime) -> tuple[str, ...] | None:
        """Return the devices for a request, none where it needs none; None where it must wait."""
        if not needs.gpus:
            return ()
        devices = self._read()
        free = [
            one for one in devices if one.uuid not in self._busy and one.uuid not in self.reserved
        ]
        chosen = choose(free, needs)
        if chosen is None and self.now - waiting_since > PATIENCE and needs.are_met(devices):
            self.reserved.update(one.uuid for one in needs.suited(devices))
        return chosen

    def withdraw(self, devices: Sequence[str]) -> None:
        """Leave devices out for the rest of this search: somebody else has leased them."""
        self._busy.update(devices)

    def _read(self) -> list[Device]:
        if self._devices is None:
            self._devices = lock_devices(self.session, self.worker)
            self._busy |= devices_in_use(self.session) if self._devices else set()
        return self._devices


def devices_in_use(session: Session) -> set[str]:
    """Return the devices of all runs under way; what is being scored has left its devices."""
    running = session.scalars(select(Evaluation.devices).where(Evaluation.state == State.RUNNING))
    return {uuid for devices in running for uuid in devices or ()}
