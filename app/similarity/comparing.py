"""Which of many prints are alike: every pair is compared, what all share does not count."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.similarity.answer_prints import Sample

MOST_PAIRS: Final = 200
CODE_SHARE: Final = 0.3
"""Below this share of the smaller archive two programs are not called alike."""
LEAST_PRINTS: Final = 4
FEW: Final = 10
"""Of fewer pairs nobody can tell what is typical."""
_EXCESS: Final = 0.8
_ALONE: Final = 0.98
_COMMON: Final = 0.2
_COMMON_AT_LEAST: Final = 5
_CELLS: Final = 1 << 25

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Alike:
    """Two entries and the share of what could be the same that is, from 0 to 1."""

    first: int
    second: int
    share: float


@dataclass(frozen=True, slots=True)
class AnswersAlike:
    """Pairs of answers that agree more than the others do, and what is typical of a pair."""

    pairs: Sequence[Alike]
    typical: float | None


def common_hashes(prints: Mapping[int, Hashes], given: Sequence[Hashes] = ()) -> Hashes:
    """Return what proves nothing: hashes of the `given` code, and what a fifth of all have."""
    most = max(_COMMON_AT_LEAST, int(_COMMON * len(prints)) + 1)
    values, counts = np.unique(_joined(list(prints.values())), return_counts=True)
    return np.union1d(values[counts >= most], _joined(given))


def compare_codes(prints: Mapping[int, Hashes], given: Sequence[Hashes] = ()) -> list[Alike]:
    """Return the pairs that share most of the smaller one's prints, the most alike first.

    `given` are the prints of code that everybody was given.
    """
    common = common_hashes(prints, given)
    own = {key: np.setdiff1d(value, common) for key, value in prints.items()}
    shared = _count_shared(own)
    found = [
        Alike(first, second, count / min(len(own[first]), len(own[second])))
        for (first, second), count in shared.items()
        if count >= LEAST_PRINTS
    ]
    return _best([one for one in found if one.share >= CODE_SHARE])


def compare_answers(samples: Mapping[int, Sample]) -> AnswersAlike:
    """Return the pairs of answers that say the same at far more places than a typical pair does."""
    keys = sorted(samples)
    shares = _pair_shares([samples[key] for key in keys])
    rows, columns = np.triu_indices(len(keys), 1)
    values = shares[rows, columns]
    typical = float(np.median(values)) if len(values) >= FEW else None
    limit = _ALONE if typical is None else typical + _EXCESS * (1 - typical)
    at = np.flatnonzero((values >= limit) & (values > (typical or 0.0)))
    pairs = [
        Alike(keys[row], keys[column], share)
        for row, column, share in zip(
            rows[at].tolist(), columns[at].tolist(), values[at].tolist(), strict=True
        )
    ]
    return AnswersAlike(_best(pairs), typical)


def _count_shared(own: Mapping[int, Hashes]) -> Counter[tuple[int, int]]:
    """Return how many hashes each pair has in common, by sorting all hashes once."""
    hashes = _joined(list(own.values()))
    owners = np.repeat(list(own), [len(value) for value in own.values()])
    order = np.lexsort((owners, hashes))
    hashes, owners = hashes[order], owners[order]
    starts = np.flatnonzero(np.r_[True, hashes[1:] != hashes[:-1], True])
    counts: Counter[tuple[int, int]] = Counter()
    for start, end in pairwise(starts.tolist()):
        if end - start > 1:
            group = owners[start:end].tolist()
            counts.update((a, b) for place, a in enumerate(group) for b in group[place + 1 :])
    return counts


def _pair_shares(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """Return, for each two samples, at which share of the larger one's places both say the same."""
    if not samples:
        return np.zeros((0, 0))
    places = np.unique(_joined([one.places for one in samples]))
    table = np.zeros((len(samples), len(places)), dtype=np.uint64)
    for row, one in enumerate(samples):
        table[row, np.searchsorted(places, one.places)] = one.values
    sizes = np.asarray([max(1, len(one.places)) for one in samples])
    same: NDArray[np.float64] = np.zeros((len(samples), len(samples)))
    step = max(1, _CELLS // max(1, table.size))
    for start in range(0, len(samples), step):
        block = table[start : start + step, None, :]
        same[start : start + step] = ((block == table[None]) & (block != 0)).sum(axis=2)
    same /= np.maximum.outer(sizes, sizes)
    return same


def _joined(arrays: Sequence[Hashes]) -> Hashes:
    return np.concatenate([*arrays, np.zeros(0, dtype=np.uint64)])


def _best(pairs: Sequence[Alike]) -> list[Alike]:
    return sorted(pairs, key=lambda one: (-one.share, one.first, one.second))[:MOST_PAIRS]
