"""Opens a board for somebody: who may see what of it, in a session that is ready to be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.platform import Platform
from app.evaluations.standings import ensure_fresh, rules_of
from app.leaderboards.jobs import ask_to_recount
from app.leaderboards.old_views import find_old_view
from app.leaderboards.queries import View, find_view
from app.problems.models import Board, Problem
from app.problems.queries import get_readable_problem
from app.standings.models import TeamClass
from app.standings.queries import find_class
from app.standings.rules import Rules
from app.submissions.policy import can_read_all_rows, can_read_board
from app.submissions.queries import find_team_id


@dataclass(frozen=True, slots=True)
class Asked:
    """Which board somebody asked for."""

    slug: str
    board: Board
    division: str = ""
    may_be_old: bool = False
    """Whether a long board may be shown as it was before its rules changed."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A board as far as the person may see it."""

    session: Session
    problem: Problem
    rules: Rules
    board: Board
    team_id: int | None
    """The person's own team."""
    view: View | None
    """The rows; None where there is no such board or the person may see nothing of it."""
    sees_all: bool
    """Whether every row may be shown, or the own one alone."""
    own_class: TeamClass | None
    """How the own team is classed, where somebody said anything about it."""
    is_old: bool = False
    """Whether the rows were made by the rules before; a worker is making them anew."""


@contextmanager
def reading_board(port: Platform, asked: Asked, actor: User | None) -> Iterator[Opened]:
    """Open a board; one made by other rules is made anew first.

    With `may_be_old` a long one is shown as it was, and a worker is asked to make it anew.

    Raises:
        ProblemNotFoundError: there is none, or the person may not know that there is.
    """
    now = port.clock.now()
    with port.database.reading() as session:
        opened = _open(session, asked, actor, now)
        if opened is None and asked.may_be_old:
            opened = _open(session, asked, actor, now, old=True)
            if opened is not None:
                ask_to_recount(port, opened.problem.id, opened.rules.digest)
        if opened is not None:
            yield opened
            return
    with port.database.transaction() as session:
        ensure_fresh(session, get_readable_problem(session, asked.slug, actor), now=now)
    with port.database.reading() as session:
        opened = _open(session, asked, actor, now)
        if opened is None:  # the rules changed once more this very moment
            message = f"board of {asked.slug} changes too fast to be read"
            raise RuntimeError(message)
        yield opened


def _open(
    session: Session, asked: Asked, actor: User | None, now: datetime, *, old: bool = False
) -> Opened | None:
    """Return the board (with `old` as it was), or None where it has to be made anew first."""
    problem = get_readable_problem(session, asked.slug, actor)
    exists = problem.stage(asked.board) is not None
    view = None
    if exists and can_read_board(actor, problem, asked.board):
        is_staff = actor is not None and actor.is_staff
        board, division = asked.board, asked.division
        if old:
            view = find_old_view(session, problem, board, division=division, live=is_staff)
        else:
            view = find_view(session, problem, board, now=now, division=division, live=is_staff)
        if view is None:
            return None
        view = replace(view, is_raw=is_staff)
    team_id = None if actor is None else find_team_id(session, problem, actor)
    return Opened(
        session,
        problem,
        rules_of(session, problem) if view is None else view.rules,
        asked.board,
        team_id,
        view,
        sees_all=exists and can_read_all_rows(actor, problem, asked.board),
        own_class=None if team_id is None else find_class(session, team_id),
        is_old=old,
    )
