"""Order entries by their scores: a pure function that no two machines disagree about."""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scoring.spec import Direction

__all__ = ["Entry", "Ranked", "Ties", "best_entries", "rank"]

Order = Sequence[tuple[str, Direction]]


class Ties(StrEnum):
    """What equal scores mean: the earlier entry is ahead, or both share the rank (1, 2, 2, 4)."""

    EARLIER = "earlier"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Entry:
    """One scored submission. `at` is any clock that grows; `number` settles equal times."""

    owner: Hashable
    scores: Mapping[str, float]
    at: float
    number: int = 0


@dataclass(frozen=True, slots=True)
class Ranked:
    """An entry and its place, from 1."""

    rank: int
    entry: Entry


def rank(entries: Iterable[Entry], order: Order, ties: Ties = Ties.EARLIER) -> list[Ranked]:
    """Rank entries by the columns of `order`, the first deciding, whole numbers compared.

    An entry whose score in any column of `order` is missing or not finite is never ranked.
    """
    able = [entry for entry in entries if _is_rankable(entry, order)]
    able.sort(key=lambda entry: (_merit(entry, order), entry.at, entry.number))
    ranked: list[Ranked] = []
    for place, entry in enumerate(able, start=1):
        shares = ties is Ties.SHARED and ranked and _same(ranked[-1].entry, entry, order)
        ranked.append(Ranked(ranked[-1].rank if shares else place, entry))
    return ranked


def best_entries(entries: Iterable[Entry], order: Order) -> list[Entry]:
    """Keep each owner's best rankable entry; of equals the earlier."""
    best: dict[Hashable, Entry] = {}
    for place in rank(entries, order):
        best.setdefault(place.entry.owner, place.entry)
    return list(best.values())


def _is_rankable(entry: Entry, order: Order) -> bool:
    return all(math.isfinite(entry.scores.get(key, math.nan)) for key, _ in order)


def _merit(entry: Entry, order: Order) -> tuple[float, ...]:
    """Return a sort key: smaller is better."""
    return tuple(
        -entry.scores[key] if direction is Direction.MAX else entry.scores[key]
        for key, direction in order
    )


def _same(one: Entry, other: Entry, order: Order) -> bool:
    return _merit(one, order) == _merit(other, order)
