"""Leases of GPUs: a device belongs to one claim until its run is over.

The database is the truth: a claim commits with the devices' rows locked, and the evaluation names
them (`app.evaluations.claims`). The leases beside it are quick to ask for and run out by
themselves; a lease whose claim the database no longer knows binds nobody, and a claim whose lease
was forgotten (Redis was flushed) takes it again at its next heartbeat.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.compute.naming import owner_of
from app.core.leases import LeaseStore

IsAlive = Callable[[int, int], bool]
"""Tells from the database whether a claim, by evaluation and attempt, still runs."""


@dataclass(frozen=True, slots=True)
class DeviceLeases:
    """The leases of one installation's claims."""

    store: LeaseStore
    installation: str
    ttl: timedelta

    def take(
        self, devices: Sequence[str], evaluation: int, attempt: int, is_alive: IsAlive
    ) -> bool:
        """Lease all devices for a claim, or none of them; return whether they are its own.

        Raises:
            LeasesUnavailableError: nobody can say who has them.
        """
        owner = self._owner(evaluation, attempt)
        others = self.store.hold(devices, owner, ttl=self.ttl)
        over = {name: who for name, who in others.items() if self._is_over(who, is_alive)}
        if not over:
            return not others
        for name, who in over.items():
            self.store.release([name], who)
        return not self.store.hold(devices, owner, ttl=self.ttl)

    def renew(self, devices: Sequence[str], evaluation: int, attempt: int) -> bool:
        """Hold the devices of a claim longer; return False when somebody else has one of them.

        Raises:
            LeasesUnavailableError: nobody can say who has them.
        """
        owner = self._owner(evaluation, attempt)
        return not self.store.hold(devices, owner, ttl=self.ttl)

    def release(self, devices: Sequence[str], evaluation: int, attempt: int) -> None:
        """Give the devices of a claim back.

        Raises:
            LeasesUnavailableError: they run out by themselves.
        """
        self.store.release(devices, self._owner(evaluation, attempt))

    def _owner(self, evaluation: int, attempt: int) -> str:
        return owner_of(self.installation, evaluation, attempt)

    def _is_over(self, owner: str, is_alive: IsAlive) -> bool:
        """Whether a lease is one of ours whose claim has ended; another installation's never is."""
        installation, _, rest = owner.partition("/")
        evaluation, _, attempt = rest.partition("/")
        if installation != self.installation or not (evaluation + attempt).isdecimal():
            return False
        return not is_alive(int(evaluation), int(attempt))
