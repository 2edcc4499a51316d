"""Which seed a revision's data is made from, and how it is kept."""

import secrets
from dataclasses import dataclass, field

from app.core.sealing import Seal
from app.problems.models import Revision
from problems.seeds import NONCE_BYTES, SealedSeed, draw_seed


@dataclass(frozen=True, slots=True)
class ChosenSeed:
    """A seed with what is stored of it: encrypted with its nonce, and the hash of both.

    Its representation leaves the seed out: representations end up in logs.
    """

    seed: int = field(repr=False)
    commitment: str
    sealed: str
    is_public: bool


def choose_seed(seal: Seal, *, explicit: int | None, current: Revision | None) -> ChosenSeed:
    """Choose the seed of a new revision.

    An explicit one is public: somebody typed it. Otherwise the sealed one of the revision in
    force is kept, so that a corrected statement leaves the data as it is; where there is none, or
    it has become public, a new one is drawn.
    """
    if explicit is not None:
        return _keep(seal, SealedSeed(explicit, secrets.token_hex(NONCE_BYTES)), is_public=True)
    if current is not None and current.sealed_seed is not None and not current.seed_is_public:
        return _keep(seal, open_seed(seal, current.sealed_seed), is_public=False)
    return _keep(seal, draw_seed(), is_public=False)


def restore_seed(seal: Seal, seed: SealedSeed, *, is_public: bool) -> ChosenSeed:
    """Return the seed of a revision that is brought from another installation, commitment kept."""
    return _keep(seal, seed, is_public=is_public)


def open_seed(seal: Seal, sealed: str) -> SealedSeed:
    """Decrypt a seed and its nonce."""
    seed, _, nonce = seal.open(sealed).partition(" ")
    return SealedSeed(int(seed), nonce)


def _keep(seal: Seal, seed: SealedSeed, *, is_public: bool) -> ChosenSeed:
    sealed = seal.seal(f"{seed.seed} {seed.nonce}")
    return ChosenSeed(seed.seed, seed.commitment, sealed, is_public)
