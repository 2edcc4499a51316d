"""The GPUs of one claim: looked at before the run, held while it lasts, looked at after it."""

import logging
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from app.compute.leases import DeviceLeases
from app.compute.operations import quarantine
from app.compute.queries import idle_states
from app.core.leases import LeasesUnavailableError
from app.core.platform import Platform
from app.evaluations.claims import Assignment
from sandbox.gpu import Finding, judge

if TYPE_CHECKING:
    from sandbox.gpu import DeviceState

logger = logging.getLogger("baijing.worker")


class DevicesLostError(Exception):
    """The run cannot have its GPUs, or not any more: it starts again elsewhere, uncharged."""


class HeldDevices:
    """Keeps the devices of a claim while the block runs; does nothing where there are none.

    A device that is not as empty after the run as before is taken out of use before anybody else
    can get it. `lost` is set when the devices were found in other hands: the run must end, and what
    it brought counts for nothing.
    """

    def __init__(self, platform: Platform, assignment: Assignment, lease: timedelta) -> None:
        self.lost = threading.Event()
        self._platform = platform
        self._assignment = assignment
        self._leases = device_leases(platform, lease)
        self._before: list[DeviceState] = []
        self._settled = not assignment.devices

    def __enter__(self) -> Self:
        """Look at the devices; raise `DevicesLostError` when something is on them already."""
        devices = self._assignment.devices
        if not devices:
            return self
        with self._platform.database.reading() as session:
            idle = idle_states(session, devices)
        self._before = list(self._platform.gpus.look_at(devices))
        faulty = self._note([judge(idle.get(state.uuid, state), state) for state in self._before])
        if faulty:
            self._release()
            message = "; ".join(f"{one.uuid}: {one.detail}" for one in faulty)
            raise DevicesLostError(message)
        return self

    def __exit__(self, *_error: object) -> None:
        """Let go of the devices, whatever happened."""
        self.settle()

    def renew(self) -> bool:
        """Hold the devices longer: with every heartbeat. False when somebody else has one.

        While nobody can say, the claim in the database is what counts.
        """
        claim = self._assignment
        if self._settled:
            return True
        try:
            if self._leases.renew(claim.devices, claim.evaluation_id, claim.attempt):
                return True
        except LeasesUnavailableError as error:
            logger.warning("leases of evaluation %s: %s", claim.evaluation_id, error)
            return True
        self.lost.set()
        return False

    def require(self) -> None:
        """Raise `DevicesLostError` when the devices were found in other hands."""
        if self.lost.is_set():
            message = "its GPUs are in other hands"
            raise DevicesLostError(message)

    def settle(self) -> None:
        """End the use of the devices once the run is over: check what is left, then let go.

        Called a second time it does nothing.
        """
        if self._settled:
            return
        self._settled = True
        self._note([self._platform.gpus.check_free(state) for state in self._before])
        self._release()

    def _note(self, findings: list[Finding]) -> list[Finding]:
        faulty = [finding for finding in findings if not finding.is_clean]
        if faulty:
            with self._platform.database.transaction() as session:
                quarantine(session, faulty, now=self._platform.clock.now())
            for one in faulty:
                logger.error("GPU %s is out of use: %s, %s", one.uuid, one.fault, one.detail)
        return faulty

    def _release(self) -> None:
        self._settled = True
        claim = self._assignment
        try:
            self._leases.release(claim.devices, claim.evaluation_id, claim.attempt)
        except LeasesUnavailableError as error:
            logger.warning("leases of evaluation %s run out: %s", claim.evaluation_id, error)


def device_leases(platform: Platform, lease: timedelta) -> DeviceLeases:
    """Return the leases of this installation's claims; they last as long as a claim's."""
    return DeviceLeases(platform.leases, platform.installation, lease)
