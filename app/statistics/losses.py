"""Per-item losses as they were kept, and the draws of a board in one blob. No database here."""

import io
import json
import struct
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from app.core.blobs import BlobStore
from app.core.errors import NotFoundError
from scoring.bootstrap import RESAMPLES, Resampler
from scoring.kept_losses import KeptLosses
from scoring.types import FloatArray

_LENGTH: Final = struct.Struct("<Q")
_ROW: Final = np.dtype("<f8")
_SIZE: Final = RESAMPLES * _ROW.itemsize


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """The mean losses of a board's entries in each draw, by evaluation; all of one truth."""

    truth: str = ""
    items: int = 0
    average: Mapping[int, float] = field(default_factory=dict)
    means: Mapping[int, FloatArray] = field(default_factory=dict)


def add_draws(kept: Draws, entries: Mapping[int, KeptLosses]) -> Draws:
    """Return the draws with new entries; those of another truth are left out.

    Where nothing was kept the truth of most entries is the board's.
    """
    truth = kept.truth or _commonest([one.truth for one in entries.values()])
    fitting = {key: one for key, one in entries.items() if one.truth == truth}
    if not fitting:
        return kept
    matrix = np.stack([one.values for one in fitting.values()])
    strata = next(iter(fitting.values())).strata
    means = Resampler(matrix.shape[1], RESAMPLES, strata=strata).means(matrix)
    averages = matrix.mean(axis=1)
    return Draws(
        truth,
        matrix.shape[1],
        {**kept.average, **dict(zip(fitting, averages.tolist(), strict=True))},
        {**kept.means, **dict(zip(fitting, means, strict=True))},
    )


def keep_only(draws: Draws, evaluations: Sequence[int]) -> Draws:
    """Return the draws of these entries alone."""
    wanted = [one for one in evaluations if one in draws.means]
    return Draws(
        draws.truth,
        draws.items,
        {one: draws.average[one] for one in wanted},
        {one: draws.means[one] for one in wanted},
    )


def store_draws(blobs: BlobStore, draws: Draws) -> str:
    """Keep draws as one blob, a row of which can be read alone; return its digest.

    Eight bytes say how long the head is; the head is JSON; the rows follow as float64.
    """
    order = list(draws.means)
    head = json.dumps(
        {
            "truth": draws.truth,
            "items": draws.items,
            "evaluations": order,
            "average": [draws.average[one] for one in order],
        }
    ).encode()
    buffer = io.BytesIO()
    buffer.write(_LENGTH.pack(len(head)))
    buffer.write(head)
    for one in order:
        buffer.write(draws.means[one].astype(_ROW).tobytes())
    buffer.seek(0)
    return blobs.put(buffer).digest


def load_draws(
    blobs: BlobStore, digest: str | None, evaluations: Collection[int] | None = None
) -> Draws:
    """Return kept draws, of some entries or of all; none where there are none."""
    if digest is None:
        return Draws()
    try:
        (length,) = _LENGTH.unpack(_read(blobs, digest, 0, _LENGTH.size))
        head = json.loads(_read(blobs, digest, _LENGTH.size, length))
        order: list[int] = head["evaluations"]
        first = _LENGTH.size + length
        if evaluations is None:
            rows = np.frombuffer(_read(blobs, digest, first, len(order) * _SIZE), _ROW)
            means = dict(zip(order, rows.reshape(len(order), RESAMPLES), strict=True))
        else:
            means = {
                one: np.frombuffer(_read(blobs, digest, first + place * _SIZE, _SIZE), _ROW)
                for place, one in enumerate(order)
                if one in evaluations
            }
    except NotFoundError:
        return Draws()
    average = dict(zip(order, head["average"], strict=True))
    return Draws(head["truth"], head["items"], {one: average[one] for one in means}, means)


def _read(blobs: BlobStore, digest: str, start: int, length: int) -> bytes:
    return b"".join(blobs.read(digest, start=start, length=length))


def _commonest(truths: Sequence[str]) -> str:
    return max(sorted(set(truths)), key=truths.count, default="")
