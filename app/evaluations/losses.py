"""Losses by item, as they are kept with an evaluation. No transaction may be open here.

A slow store would make every other writer wait.
"""

import io

from app.core.blobs import BlobStore
from app.core.errors import NotFoundError
from app.evaluations.outcomes import Outcome
from app.problems.models import Board
from scoring.kept_losses import LARGEST_FILE, KeptLosses, pack_losses, unpack_losses


def store_losses(blobs: BlobStore, outcome: Outcome) -> str | None:
    """Keep what a board's statistics and the Ladder need; return the digest of the file."""
    packed = pack_losses({board.value: found for board, found in outcome.results.items()})
    return None if packed is None else blobs.put(io.BytesIO(packed)).digest


def read_losses(blobs: BlobStore, digest: str, board: Board, column: str) -> KeptLosses | None:
    """Return an entry's losses for one column; None where there are none, or no longer."""
    try:
        data = b"".join(blobs.read(digest, start=0, length=LARGEST_FILE))
    except NotFoundError:
        return None
    return unpack_losses(data, board.value, column)
