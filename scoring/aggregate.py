"""One board from several: who did best over all of them. Pure.

Whoever is missing from a board counts as worse than its last. Three ways:

* mean rank: the mean of the ranks; missing is the number of ranked there plus one. Less is better.
* points: of each board (score - worst) / (best - worst), from 0 to 1; missing is 0. The sum counts.
* Borda: of each board one point for every rank from the last up, the last has one; missing is 0.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import fsum
from statistics import fmean

from scoring.spec import Direction


class Method(StrEnum):
    """How boards are combined."""

    MEAN_RANK = "mean_rank"
    POINTS = "points"
    BORDA = "borda"


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a competitor stands on one board: its rank, and its finite primary score."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class RankedBoard:
    """One board: its competitors, and which way its score is better."""

    places: Mapping[Hashable, Placed]
    direction: Direction


@dataclass(frozen=True, slots=True)
class Combined:
    """A competitor over all boards. `parts` has one number of each board, in their order."""

    rank: int
    competitor: Hashable
    total: float
    parts: tuple[float, ...]


def combine(boards: Sequence[RankedBoard], method: Method) -> list[Combined]:
    """Return everybody who stands on any board, best first; equal totals share a rank."""
    everybody = dict.fromkeys(name for board in boards for name in board.places)
    columns = [_parts(board, method) for board in boards]
    missing = [_missing(board, method) for board in boards]
    found: list[tuple[float, Hashable, tuple[float, ...]]] = []
    for name in everybody:
        parts = tuple(
            column.get(name, worst) for column, worst in zip(columns, missing, strict=True)
        )
        found.append((fmean(parts) if method is Method.MEAN_RANK else fsum(parts), name, parts))
    best_first = sorted(found, key=lambda one: one[0] if method is Method.MEAN_RANK else -one[0])
    combined: list[Combined] = []
    for number, (total, name, parts) in enumerate(best_first, 1):
        shares = bool(combined) and combined[-1].total == total
        combined.append(Combined(combined[-1].rank if shares else number, name, total, parts))
    return combined


def _missing(board: RankedBoard, method: Method) -> float:
    return len(board.places) + 1.0 if method is Method.MEAN_RANK else 0.0


def _parts(board: RankedBoard, method: Method) -> dict[Hashable, float]:
    if method is Method.MEAN_RANK:
        return {name: float(place.rank) for name, place in board.places.items()}
    if method is Method.BORDA:
        last = len(board.places) + 1
        return {name: float(last - place.rank) for name, place in board.places.items()}
    return _points(board)


def _points(board: RankedBoard) -> dict[Hashable, float]:
    """Spread scores from 0 to 1; where all are equal everybody did as well as the best."""
    sign = 1.0 if board.direction is Direction.MAX else -1.0
    signed = {name: sign * place.score for name, place in board.places.items()}
    worst, best = min(signed.values(), default=0.0), max(signed.values(), default=0.0)
    if worst == best:
        return dict.fromkeys(signed, 1.0)
    half = best / 2 - worst / 2  # halves, so that the span of the largest numbers is one
    return {name: (value / 2 - worst / 2) / half for name, value in signed.items()}
