"""Boards as a re-score finds and leaves them: the one place that asks for standings."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app.core.pagination import PageRequest
from app.evaluations.standings import ensure_fresh, map_shown, rebuild, rules_of
from app.problems.models import Board, Problem
from app.standings.queries import Stretch, list_ranked

_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a team stands, and its score by the primary column, as the board answers."""

    rank: int
    score: float | None


def rebuild_boards(session: Session, problem: Problem, *, now: datetime) -> None:
    """Make a problem's standings anew from the evaluations in force."""
    rebuild(session, problem, now=now)


def read_boards(
    session: Session, problem: Problem, *, now: datetime
) -> dict[Board, dict[int, Place]]:
    """Return where every team stands now on every board, by team, whatever is shown of it."""
    ensure_fresh(session, problem, now=now)
    return {stage.key: _read(session, problem, stage.key) for stage in problem.stages}


def _read(session: Session, problem: Problem, board: Board) -> dict[int, Place]:
    rules = rules_of(session, problem)
    primary = rules.scoring.primary.key
    found: dict[int, Place] = {}
    number = 1
    while True:
        request = PageRequest(number, _AT_ONCE)
        width = rules.rank_width(board)
        page = list_ranked(session, Stretch(problem.id, board), request, width).items
        evaluations = [ranked.row.evaluation_id for ranked in page]
        scores = map_shown(session, rules, board, evaluations)
        for ranked in page:
            if ranked.rank is not None:
                score = scores.get(ranked.row.evaluation_id, {}).get(primary)
                found[ranked.row.team_id] = Place(ranked.rank, score)
        if len(page) < _AT_ONCE:
            return found
        number += 1
