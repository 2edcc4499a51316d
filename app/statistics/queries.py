"""Reads of a board's statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.blobs import BlobStore
from app.problems.models import Board
from app.standings.models import BoardState
from app.statistics.losses import load_draws
from app.statistics.models import BoardStatistics, ScoreInterval
from scoring.bootstrap import chance_to_win


@dataclass(frozen=True, slots=True)
class Spread:
    """Where an entry's score lies with 95 % confidence, and in which group it is."""

    low: float
    high: float
    group: int | None
    """Numbered from 1; empty where it may not be told."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is known of the rows of a page, by evaluation."""

    spreads: Mapping[int, Spread] = field(default_factory=dict)
    items: int = 0
    is_stale: bool = False
    """Whether the board has changed since they were worked out."""


def find_statistics(
    session: Session, problem_id: int, board: Board, evaluations: Sequence[int]
) -> Statistics:
    """Return what is known of a page's rows; three queries."""
    kept = session.get(BoardStatistics, (problem_id, board))
    if kept is None:
        return Statistics()
    rows = session.scalars(
        select(ScoreInterval).where(
            ScoreInterval.board == board, ScoreInterval.evaluation_id.in_(evaluations)
        )
    )
    spreads = {row.evaluation_id: Spread(row.low, row.high, row.level_group) for row in rows}
    state = session.get(BoardState, (problem_id, board))
    is_stale = state is not None and state.version != kept.version
    return Statistics(spreads, kept.items, is_stale)


def find_version(session: Session, problem_id: int, board: Board) -> int | None:
    """Return the version of the board that its statistics are of; None where there are none."""
    kept = session.get(BoardStatistics, (problem_id, board))  # `find_statistics` has it then
    return None if kept is None else kept.version


def find_chance(
    session: Session, blobs: BlobStore, problem_id: int, board: Board, pair: tuple[int, int]
) -> float | None:
    """Return how often the first of two evaluations beats the second; None where nobody knows."""
    kept = session.get(BoardStatistics, (problem_id, board))
    if kept is None:
        return None
    draws = load_draws(blobs, kept.draws_blob, pair)
    one, other = (draws.means.get(number) for number in pair)
    return None if one is None or other is None else chance_to_win(one, other)
