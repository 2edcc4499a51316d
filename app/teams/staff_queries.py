"""Reads about the teams of all problems, for staff."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from app.accounts.models import User
from app.contests.models import Contest
from app.core.pagination import Page, PageRequest
from app.problems.models import Problem
from app.teams.errors import TeamNotFoundError
from app.teams.models import Membership, Team


@dataclass(frozen=True, slots=True)
class TeamFilter:
    """What the list of teams is narrowed to; empty lets everything through."""

    text: str = ""
    """Part of a team's or a member's name, of its pinyin, or of a member's address."""
    problem: str = ""
    waiting: bool = False
    """Those alone that may not submit before an organiser has approved them."""


def list_all_teams(session: Session, wanted: TeamFilter, page: PageRequest) -> Page[Team]:
    """Return one page of teams with their problems and members, newest first, in five queries."""
    matching = (
        select(Team)
        .join(Team.problem)
        .join(Contest, Contest.id == Problem.contest_id)
        .where(*_clauses(wanted))
    )
    total = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    rows = session.scalars(
        matching.options(
            contains_eager(Team.problem).joinedload(Problem.contest),
            selectinload(Team.members).joinedload(Membership.user),
        )
        .order_by(Team.id.desc())
        .offset(page.offset)
        .limit(page.per_page)
    ).all()
    return Page(rows, total, page)


def count_waiting_teams(session: Session) -> int:
    """Count the teams that may not submit before an organiser has approved them."""
    waiting = (
        select(func.count(Team.id))
        .join(Team.problem)
        .join(Contest, Contest.id == Problem.contest_id)
        .where(_is_waiting())
    )
    return session.scalars(waiting).one()


def get_any_team(session: Session, team_id: int) -> Team:
    """Return a team with its problem, contest, stages and members.

    Raises:
        TeamNotFoundError: there is none of that number.
    """
    team = session.scalar(
        select(Team)
        .where(Team.id == team_id)
        .options(
            joinedload(Team.problem).options(
                joinedload(Problem.contest), selectinload(Problem.stages)
            ),
            selectinload(Team.members).joinedload(Membership.user),
        )
    )
    if team is None:
        raise TeamNotFoundError
    return team


def list_teams_of(session: Session, user: User) -> Sequence[Team]:
    """Return the teams a person is in, with their problems, newest first."""
    return session.scalars(
        select(Team)
        .join(Membership, Membership.team_id == Team.id)
        .where(Membership.user_id == user.id)
        .options(joinedload(Team.problem))
        .order_by(Team.id.desc())
    ).all()


def find_targets(session: Session, team: Team, text: str, *, limit: int = 20) -> Sequence[Team]:
    """Return other teams of the same problem whose name, or a member's, holds a text."""
    return session.scalars(
        select(Team)
        .where(Team.problem_id == team.problem_id, Team.id != team.id, _holds(text))
        .options(selectinload(Team.members).joinedload(Membership.user))
        .order_by(Team.name)
        .limit(limit)
    ).all()


def _clauses(wanted: TeamFilter) -> list[ColumnElement[bool]]:
    clauses = [_holds(word) for word in wanted.text.split()[:8]]
    if wanted.problem:
        clauses.append(Problem.slug == wanted.problem)
    if wanted.waiting:
        clauses.append(_is_waiting())
    return clauses


def _is_waiting() -> ColumnElement[bool]:
    return and_(Contest.approves_teams, Team.approved_at.is_(None), Contest.archived_at.is_(None))


def _holds(text: str) -> ColumnElement[bool]:
    """Say of a team whether its name, or the name or address of a member, holds a text."""
    member = (
        exists()
        .where(Membership.team_id == Team.id)
        .where(Membership.user_id == User.id)
        .where(
            or_(
                User.name.icontains(text, autoescape=True),
                User.name_pinyin.contains(text.lower(), autoescape=True),
                User.email.icontains(text, autoescape=True),
            )
        )
    )
    return or_(
        Team.name.icontains(text, autoescape=True),
        Team.name_pinyin.contains(text.lower(), autoescape=True),
        member,
    )
