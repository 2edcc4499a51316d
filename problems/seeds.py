r"""Sealed seeds: commit to a secret seed now, reveal it later, and anyone can check the promise.

The commitment is the SHA-256, in hex, of the ASCII text

    baijing-seed-v1\n<seed in decimal>\n<nonce in lower-case hex>\n

The nonce keeps the commitment of a guessable seed from being searched for.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

__all__ = ["SealedSeed", "commitment", "draw_seed", "verify"]

SEED_BITS: Final = 128
NONCE_BYTES: Final = 32
_FORMAT: Final = "baijing-seed-v1\n{seed}\n{nonce}\n"


@dataclass(frozen=True, slots=True)
class SealedSeed:
    """A secret seed with its nonce; keep both encrypted, show `commitment` alone."""

    seed: int
    nonce: str

    @property
    def commitment(self) -> str:
        """The hex SHA-256 to publish now."""
        return commitment(self.seed, self.nonce)

    @override
    def __repr__(self) -> str:
        """Show the commitment only: representations end up in logs."""
        return f"SealedSeed({self.commitment})"


def draw_seed() -> SealedSeed:
    """Draw a seed of exactly 128 random bits (the top one set) and a nonce of 256."""
    seed = secrets.randbits(SEED_BITS) | (1 << SEED_BITS)
    return SealedSeed(seed, secrets.token_hex(NONCE_BYTES))


def commitment(seed: int, nonce: str) -> str:
    """Return the hex SHA-256 of a seed and its nonce (hex text)."""
    return hashlib.sha256(
        _FORMAT.format(seed=seed, nonce=nonce.lower()).encode("ascii")
    ).hexdigest()


def verify(seed: int, nonce: str, promised: str) -> bool:
    """Say whether a revealed seed and nonce are those a commitment promised."""
    return hmac.compare_digest(commitment(seed, nonce), promised.strip().lower())
