"""Passwords: what is accepted, how it is hashed, and that checking takes the same work for all."""

import unicodedata
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from app.accounts.errors import PasswordGuessableError, PasswordLengthError

SHORTEST: Final = 10
LONGEST: Final = 128
_FEWEST_KINDS: Final = 4

# OWASP Password Storage Cheat Sheet, Argon2id: 19 MiB, 2 passes, 1 lane. Memory is per sign-in
# under way, so a web process with 8 threads stays under 160 MiB.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """Return an Argon2id hash with its parameters and salt."""
    return HASHER.hash(_normalise(password))


def verify_password(password: str, stored: str | None) -> bool:
    """Compare a password with a stored hash.

    Without a hash, as for an unknown address, the same work is done for nothing: the time of an
    answer says nothing about who has an account.
    """
    try:
        HASHER.verify(stored or decoy_hash(), _normalise(password))
    except (Argon2Error, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return HASHER.check_needs_rehash(stored)


def check_password(password: str, *, email: str, name: str) -> None:
    """Accept a new password, or raise what is wrong with it.

    Raises:
        PasswordLengthError: too short or too long.
        PasswordGuessableError: the person's own address or name, or hardly any variety.
    """
    plain = _normalise(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise PasswordLengthError(shortest=SHORTEST, longest=LONGEST)
    folded = plain.casefold()
    own = {email.casefold(), email.partition("@")[0].casefold(), name.casefold()}
    if folded in own or len(set(folded)) < _FEWEST_KINDS:
        raise PasswordGuessableError


def _normalise(password: str) -> str:
    # the same keys give the same text on every system (NIST SP 800-63B, 5.1.1.2)
    return unicodedata.normalize("NFKC", password)


@cache
def decoy_hash() -> str:
    """Return the hash that is compared where an account has none."""
    return HASHER.hash("a hash that no account has")
