"""Random secrets that stand for a person: made here, stored as a hash, compared by hash."""

import secrets
from hashlib import sha256
from typing import Final

HINT_LENGTH: Final = 9
_MARK: Final = "bj_"
_BYTES: Final = 32


def new_token() -> str:
    """Return an API token: recognisable, so that scanners for leaked keys can find it."""
    return _MARK + new_link_secret()


def new_link_secret() -> str:
    """Return 256 random bits for a link."""
    return secrets.token_urlsafe(_BYTES)


def hash_secret(secret: str) -> str:
    """Return what is stored: of 256 random bits one hash without salt gives nothing away."""
    return sha256(secret.encode()).hexdigest()
