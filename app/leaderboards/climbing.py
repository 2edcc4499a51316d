"""Who moved on board A since the day began, and the keeping of ranks that makes it known."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.clock import beijing_day
from app.core.platform import Platform
from app.leaderboards.queries import Row, View, find_view
from app.problems.board_rules import Refresh
from app.problems.models import Board, Problem
from app.standings.history import find_past, keep_ranks, list_due
from app.standings.models import ALL_TEAMS
from app.standings.operations import hold_board

logger = logging.getLogger("baijing.scheduler")


@dataclass(frozen=True, slots=True)
class Climbs:
    """How many ranks teams went up since an instant, by team id; negative where they went down."""

    since: datetime
    gains: Mapping[int, int]


def read_climbs(
    session: Session, view: View, rows: Sequence[Row], *, now: datetime
) -> Climbs | None:
    """Return how rows of a whole board A moved; None elsewhere, or where nothing was kept.

    A board that takes scores in at midnight is compared with the midnight before. One query.
    """
    if view.board is not Board.A or view.stretch.division != ALL_TEAMS or not rows:
        return None
    is_daily = view.until is not None and view.rules.board.refresh is Refresh.DAILY
    day = beijing_day(now) - timedelta(days=1 if is_daily else 0)
    past = find_past(session, view.problem.id, day, [row.team_id for row in rows])
    if past is None:
        return None
    gains = {
        row.team_id: past.ranks[row.team_id] - row.rank
        for row in rows
        if row.rank is not None and row.team_id in past.ranks
    }
    return Climbs(past.taken_at, gains)


def keep_todays_ranks(port: Platform) -> int:
    """Keep the ranks everybody sees, once a Beijing day for each board; return of how many.

    A board whose rules changed since anybody looked is kept once it is made anew.
    """
    now, kept = port.clock.now(), 0
    with port.database.reading() as session:
        due = [problem.id for problem in list_due(session, now=now)]
    for problem_id in due:
        try:
            with port.database.transaction() as session:
                kept += _keep(session, session.get_one(Problem, problem_id), now)
        except IntegrityError:
            logger.info("the ranks of problem %s are kept already", problem_id)
    return kept


def _keep(session: Session, problem: Problem, now: datetime) -> int:
    view = find_view(session, problem, Board.A, now=now)
    if view is None:
        return 0
    hold_board(session, problem, Board.A).version += 1  # pages show it
    keep_ranks(session, view.stretch, view.rank_width, now=now)
    return 1
