"""What everybody, and what one person, may read of a team."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.platform import Platform
from app.leaderboards.queries import Row, find_team_row, get_team
from app.leaderboards.reading import Asked, Opened, reading_board
from app.problems.models import Board, Problem
from app.problems.queries import get_readable_problem
from app.standings.queries import count_ranked, find_class
from app.teams.models import Membership, Team
from app.teams.queries import find_merge, list_members
from app.teamwork.policy import can_read_member
from scoring import BoardColumn


@dataclass(frozen=True, slots=True)
class Place:
    """Where a team stands on one board, as far as the viewer may see it."""

    board: Board
    column: BoardColumn
    row: Row
    of: int
    """How many teams are ranked there, in all divisions."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A team as one viewer may see it."""

    problem: Problem
    team: Team
    merged_into: Team | None
    division: str
    members: Sequence[Membership]
    """Those whose names the viewer may read, the longest-standing first."""
    unnamed: int
    """How many more there are."""
    is_mate: bool


def read_profile(session: Session, slug: str, team_id: int, actor: User | None) -> Profile:
    """Return what a viewer may read of a team.

    Raises:
        ProblemNotFoundError, TeamNotFoundError: there is none, or the viewer may not know of it.
    """
    problem = get_readable_problem(session, slug, actor)
    team = get_team(session, problem, team_id)
    merge = find_merge(session, team.id)
    members = list_members(session, team)
    is_mate = actor is not None and any(one.user_id == actor.id for one in members)
    named = [one for one in members if can_read_member(actor, one, is_mate=is_mate)]
    classed = find_class(session, team.id)
    return Profile(
        problem,
        team,
        None if merge is None else merge.into_team,
        classed.division if classed is not None else "",
        named,
        len(members) - len(named),
        is_mate,
    )


def list_places(port: Platform, slug: str, team_id: int, actor: User | None) -> list[Place]:
    """Return where a team stands on every board that shows it to the viewer."""
    places = []
    for board in Board:
        with reading_board(port, Asked(slug, board), actor) as opened:
            place = _find_place(opened, board, team_id)
        if place is not None:
            places.append(place)
    return places


def _find_place(opened: Opened, board: Board, team_id: int) -> Place | None:
    if opened.view is None or not (opened.sees_all or opened.team_id == team_id):
        return None
    row = find_team_row(opened.session, opened.view, team_id)
    if row is None:
        return None
    return Place(
        board, opened.rules.scoring.primary, row, count_ranked(opened.session, opened.view.stretch)
    )
