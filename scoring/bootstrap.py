"""How sure a board can be: the paired bootstrap over the items that every answer was scored on.

All entries of a board are resampled together: one draw of items serves all of them, so that a hard
item weighs on everybody alike and differences are judged item by item; Efron and Tibshirani (1993),
chapters 6 and 16. Losses are lower for better, as metrics keep them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.types import FloatArray, IntArray

__all__ = ["RESAMPLES", "Interval", "Resampler", "chance_to_win", "score_intervals", "tied_groups"]

RESAMPLES: Final = 2000
LEVEL: Final = 0.95
_CHUNK: Final = 250
"""Draws held at once: 250 × 10,000 items are 20 MB."""

_AT_ONCE: Final = 32
_ROUNDING: Final = 1e-12

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a score lies with the level's confidence."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Resampler:
    """Draws of items, the same for every entry and every call: a board is a function of its data.

    `items` is how many there are. `strata` numbers the part each item belongs to, shape (items,):
    every part keeps its size in every draw.
    """

    items: int
    resamples: int = RESAMPLES
    seed: int = 0
    strata: IntArray | None = None

    def means(self, losses: FloatArray) -> FloatArray:
        """Return each entry's mean loss in each draw: (entries, items) to (entries, resamples).

        An entry's row depends on nothing but its own losses: a board that gains one entry keeps the
        rows of all others.
        """
        if self.items < 1:
            message = "there are no items to draw from"
            raise ValueError(message)
        if losses.ndim != 2 or losses.shape[1] != self.items:  # noqa: PLR2004 - entries and items
            message = f"losses have shape {losses.shape}, not (entries, {self.items})"
            raise ValueError(message)
        parts = [losses @ counts.T for counts in self._draws()]
        means: FloatArray = np.concatenate(parts, axis=1) / self.items
        return means

    def _draws(self) -> Iterator[Counts]:
        """Yield how often each item is drawn, shape (draws, items)."""
        rng = np.random.default_rng(self.seed)
        pick = self._picker(rng)
        for start in range(0, self.resamples, _CHUNK):
            count = min(_CHUNK, self.resamples - start)
            yield np.stack(
                [np.bincount(pick(), minlength=self.items).astype(np.float64) for _ in range(count)]
            )

    def _picker(self, rng: np.random.Generator) -> Callable[[], IntArray]:
        """Return what draws as many items as there are, from each stratum as many as it has."""
        if self.strata is None:
            return lambda: rng.integers(0, self.items, self.items)
        order = np.argsort(self.strata, kind="stable")
        _, place, sizes = np.unique(self.strata[order], return_inverse=True, return_counts=True)
        first = (np.cumsum(sizes) - sizes)[place]
        size = sizes[place]
        # for each item one of its stratum, by its place among those
        return lambda: order[first + rng.integers(0, size)]


def score_intervals(
    scores: Sequence[float],
    losses: FloatArray,
    means: FloatArray,
    *,
    best: float,
    power: float = 1.0,
    level: float = LEVEL,
) -> list[Interval]:
    """Return each score's percentile interval, in the score's own units.

    A score's distance from `best` grows with the mean loss to the `power` (1/2 for a root mean
    square). An entry without any loss has an interval of no width: resampling finds no fault in it.
    """
    edges = ((1 - level) / 2, (1 + level) / 2)
    low, high = np.quantile(means, edges, axis=1)
    average = losses.mean(axis=1)
    found = []
    for score, mean, *ends in zip(scores, average, low, high, strict=True):
        factors = [(end / mean) ** power if mean > 0 else 1.0 for end in ends]
        values = sorted(float(best + (score - best) * factor) for factor in factors)
        found.append(Interval(values[0], values[1]))
    return found


def chance_to_win(one: FloatArray, other: FloatArray) -> float:
    """Return how often the first has the lower mean loss in the same draw; a tie is half a win."""
    return float(np.mean(one < other) + 0.5 * np.mean(one == other))


def tied_groups(losses: FloatArray, means: FloatArray, *, level: float = LEVEL) -> IntArray:
    """Number the groups, from 1, of entries in rank order that their leader does not clearly beat.

    Rows go from the best rank to the last. The first of a group is its leader; the first entry
    below whose loss is significantly larger leads the next. A leader is picked for having done
    best, perhaps by luck, so a gap counts only when it exceeds what the best and the worst of all
    entries from the leader down to this one differ by chance alone: the range test of Tukey (1953),
    its distribution taken from the draws.
    """
    groups = np.zeros(len(losses), np.int64)
    average = losses.mean(axis=1)
    centred = means - average[:, None]
    leader, number = 0, 0
    while leader < len(losses):
        number += 1
        following = _first_worse(leader, average, centred, level)
        groups[leader:following] = number
        leader = following
    return groups


def _first_worse(leader: int, average: FloatArray, centred: FloatArray, level: float) -> int:
    """Return the first entry below the leader that it clearly beats; the count where none is."""
    highest = lowest = centred[leader]
    for start in range(leader + 1, len(average), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        tops = np.maximum.accumulate(np.vstack([highest[None], centred[rows]]))[1:]
        bottoms = np.minimum.accumulate(np.vstack([lowest[None], centred[rows]]))[1:]
        bounds = np.quantile(tops - bottoms, level, axis=1)
        worse = average[rows] - average[leader] > bounds + _ROUNDING
        if worse.any():
            return start + int(worse.argmax())
        highest, lowest = tops[-1], bottoms[-1]
    return len(average)
