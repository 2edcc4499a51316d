"""Leases by name: who may use a thing that only one may use, until when."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol


class LeasesUnavailableError(Exception):
    """Whoever keeps the leases does not answer; nothing is known, so nothing may be taken."""


class LeaseStore(Protocol):
    """Takes and gives back leases, several at once and each of them for one owner only."""

    def hold(self, names: Sequence[str], owner: str, *, ttl: timedelta) -> Mapping[str, str]:
        """Take the names that nobody has and renew those that are the owner's, for `ttl`.

        All of them or, where somebody else has one, none: who has which is what is returned.

        Raises:
            LeasesUnavailableError: the store does not answer.
        """

    def release(self, names: Sequence[str], owner: str) -> None:
        """Give back those that are the owner's.

        Raises:
            LeasesUnavailableError: the store does not answer; they run out by themselves.
        """

    def holders(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return the owner of each name that is taken.

        Raises:
            LeasesUnavailableError: the store does not answer.
        """
