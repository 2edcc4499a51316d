"""Losses as they are kept for a board's statistics: little, however long the answer was.

Of more than `MOST_ITEMS` items, means of random parts are kept: their mean varies as much as that
of the items. A file is an npz with, for each board, what names its truth and the stratum of each
kept value, and a row of values for each column.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from zipfile import BadZipFile

import numpy as np

from scoring.types import FloatArray, IntArray, ItemLosses, ScoreResult

__all__ = ["LARGEST_FILE", "MOST_ITEMS", "KeptLosses", "fold", "pack_losses", "unpack_losses"]

MOST_ITEMS: Final = 10_000
LARGEST_FILE: Final = 16 << 20
"""Far above what 20 columns of two boards take."""

_FEWEST: Final = 20
"""Parts of a stratum, where it has so many items: fewer say little of how much it varies."""

_AT_ONCE: Final = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class KeptLosses:
    """One column's losses, folded. `truth` names the items they are of, and their strata."""

    truth: str
    values: FloatArray
    strata: IntArray | None = None


def fold(values: FloatArray, strata: IntArray | None = None) -> tuple[FloatArray, IntArray | None]:
    """Return about `MOST_ITEMS` values for more, and their strata; the mean stays what it was.

    The members of a part are of one stratum, drawn by a lot that depends on the number of items and
    their strata alone. Each stratum has its share of the parts, and at least a few.
    """
    if len(values) <= MOST_ITEMS:
        return values, strata
    rng = np.random.default_rng(0)
    groups = _groups(len(values), strata)
    parts = [_means(values, members, rng, len(values)) for members in groups]
    count = sum(map(len, parts))
    # what rounding gives a stratum too many or too few parts, its values make good
    shares = [len(members) / len(values) for members in groups]
    weighed = [
        part * (share * count / len(part)) for part, share in zip(parts, shares, strict=True)
    ]
    places = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.concatenate(weighed), None if strata is None else places


def _groups(count: int, strata: IntArray | None) -> list[IntArray]:
    if strata is None:
        return [np.arange(count)]
    return [np.flatnonzero(strata == code) for code in np.unique(strata)]


def _means(
    values: FloatArray, members: IntArray, rng: np.random.Generator, whole: int
) -> FloatArray:
    """Return the means of one stratum's parts, all of one size, around the stratum's own mean."""
    count = max(len(members) * MOST_ITEMS // whole, min(len(members), _FEWEST))
    size = len(members) // count
    lot = rng.permutation(members)[: size * count]
    means: FloatArray = values[lot].reshape(count, size).mean(axis=1)
    # the few that fit into no part still belong to the mean
    means += values[members].mean() - means.mean()
    return means


def pack_losses(results: Mapping[str, ScoreResult]) -> bytes | None:
    """Return the file that keeps the losses of some boards; None where there are none."""
    arrays: dict[str, np.ndarray] = {}
    for board, result in results.items():
        arrays |= _board_arrays(board, result.losses)
    if not arrays:
        return None
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _board_arrays(board: str, columns: Mapping[str, ItemLosses]) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for column, losses in columns.items():
        values, strata = fold(losses.values, losses.strata)
        found[f"{board}/{column}/values"] = values.astype(np.float32)
        if strata is not None:
            found[f"{board}/strata"] = strata.astype(np.int32)
        if f"{board}/truth" not in found:  # all columns are of the same rows
            found[f"{board}/truth"] = np.frombuffer(_name(losses), np.uint8)
    return found


def _name(losses: ItemLosses) -> bytes:
    """Return what names the items and their strata, in their order."""
    total = sha256()
    for texts in _slices(losses):
        total.update("\n".join(texts).encode())
        total.update(b"\n")
    if losses.strata is not None:
        total.update(losses.strata.astype("<i8").tobytes())
    return total.digest()


def _slices(losses: ItemLosses) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(losses.ids), _AT_ONCE):
        yield tuple(losses.ids[start : start + _AT_ONCE])


def unpack_losses(data: bytes, board: str, column: str) -> KeptLosses | None:
    """Return one column's losses of a file; None where it has none that are finite."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            truth = arrays[f"{board}/truth"].tobytes().hex()
            values = arrays[f"{board}/{column}/values"].astype(np.float64)
            name = f"{board}/strata"
            strata = arrays[name].astype(np.int64) if name in arrays else None
    except (KeyError, ValueError, OSError, EOFError, BadZipFile):
        return None
    if not len(values) or not np.isfinite(values).all():
        return None
    return KeptLosses(truth, values, strata)
