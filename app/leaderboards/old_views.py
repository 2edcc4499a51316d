"""A long board as it was before its rules changed, while a worker makes it anew."""

from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from app.core.pagination import PageRequest
from app.evaluations.standings import rules_of
from app.leaderboards.queries import View, list_board
from app.problems.models import Board, Problem
from app.standings.models import Edition
from app.standings.queries import Stretch, count_ranked, map_states

LONG: Final = 1_000
"""From how many teams on a board is made anew by a worker, not by the first who looks."""


def find_old_view(
    session: Session, problem: Problem, board: Board, *, division: str, live: bool
) -> View | None:
    """Return a long board as it was by the rules before; None where it is short, or unreadable.

    Everybody sees the rows they saw last: those kept for them where there are any, for the others
    may have had scores in them that were not shown yet. Columns and words are by the new rules.
    """
    rules, states = rules_of(session, problem), map_states(session, problem)
    state = states.get(board)
    if state is None:
        return None
    is_kept = state.shown_until is not None and not live
    edition = Edition.SHOWN if is_kept else Edition.LIVE
    whole = View(
        problem,
        rules,
        Stretch(problem.id, board, edition),
        state.shown_until if is_kept else None,
        sum(one.version for one in states.values()),
    )
    if count_ranked(session, whole.stretch) < LONG:
        return None
    first = list_board(session, whole, PageRequest(1, 1)).items
    if any(rules.scoring.primary.key not in row.scores for row in first):
        return None  # what ranks by the new rules has no number yet
    wanted = division if division in rules.board.divisions else ""
    return replace(whole, stretch=whole.stretch.within(wanted))
