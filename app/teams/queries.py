"""Reads about teams."""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from app.accounts.models import User
from app.problems.models import Problem
from app.teams.errors import TeamNotFoundError
from app.teams.models import Invitation, Membership, MergeRequest, Team, TeamMerge


def find_team(session: Session, problem: Problem, user: User) -> Team | None:
    """Return the team a person is in for a problem, or None."""
    return session.scalar(
        select(Team)
        .join(Membership, Membership.team_id == Team.id)
        .where(Membership.problem_id == problem.id, Membership.user_id == user.id)
    )


def get_team(session: Session, problem: Problem, user: User) -> Team:
    """Return the team a person is in for a problem.

    Raises:
        TeamNotFoundError: the person is in none.
    """
    team = find_team(session, problem, user)
    if team is None:
        raise TeamNotFoundError
    return team


def find_team_by_code(session: Session, problem: Problem, code: str) -> Team | None:
    """Return the team of a problem that an invite code names, or None."""
    return session.scalar(
        select(Team).where(Team.problem_id == problem.id, Team.invite_code == code)
    )


def lock_team(session: Session, team: Team) -> None:
    """Hold the team until the transaction ends: its members are counted and changed one at a time.

    Who is captain is read anew. A team that is gone meanwhile is held by nobody: it has no members.
    """
    captain = session.scalar(select(Team.captain_id).where(Team.id == team.id).with_for_update())
    if captain is not None:
        set_committed_value(team, "captain_id", captain)


def count_members(session: Session, team: Team) -> int:
    """Count a team's members now."""
    return session.scalars(
        select(func.count(Membership.id)).where(Membership.team_id == team.id)
    ).one()


def list_members(session: Session, team: Team) -> list[Membership]:
    """Return a team's members with their names, the longest-standing first."""
    return list(
        session.scalars(
            select(Membership)
            .where(Membership.team_id == team.id)
            .options(joinedload(Membership.user))
            .order_by(Membership.id)
        )
    )


def find_member(session: Session, team: Team, user_id: int) -> Membership | None:
    """Return one person's membership of a team, or None."""
    return session.scalar(
        select(Membership).where(Membership.team_id == team.id, Membership.user_id == user_id)
    )


def list_taken_names(session: Session, problem: Problem, base: str) -> set[str]:
    """Return which of `base`, `base 2`, `base 3` … teams of a problem are called."""
    return set(
        session.scalars(
            select(Team.name).where(
                Team.problem_id == problem.id, Team.name.startswith(base, autoescape=True)
            )
        )
    )


def is_not_merged() -> ColumnElement[bool]:
    """Return the condition for teams that have not become part of another one."""
    return Team.id.not_in(select(TeamMerge.from_team_id))


def find_merge(session: Session, team_id: int) -> TeamMerge | None:
    """Return what a team has become part of, or None."""
    return session.get(TeamMerge, team_id)


def find_team_by_name(session: Session, problem: Problem, name: str) -> Team | None:
    """Return the team of a problem that has a name and members, or None."""
    return session.scalar(
        select(Team).where(Team.problem_id == problem.id, Team.name == name, is_not_merged())
    )


def list_invitations(session: Session, problem: Problem, user: User) -> list[Invitation]:
    """Return what a person is invited to in a problem, oldest first."""
    return list(
        session.scalars(
            select(Invitation)
            .join(Invitation.team)
            .where(Invitation.user_id == user.id, Team.problem_id == problem.id)
            .options(joinedload(Invitation.team), joinedload(Invitation.invited_by))
            .order_by(Invitation.id)
        )
    )


def list_invited(session: Session, team: Team) -> list[Invitation]:
    """Return whom a team has invited and who has not answered, oldest first."""
    return list(
        session.scalars(
            select(Invitation)
            .where(Invitation.team_id == team.id)
            .options(joinedload(Invitation.user))
            .order_by(Invitation.id)
        )
    )


def list_merge_requests(session: Session, team: Team) -> list[MergeRequest]:
    """Return the requests that a team has made or been made, oldest first."""
    return list(
        session.scalars(
            select(MergeRequest)
            .where((MergeRequest.from_team_id == team.id) | (MergeRequest.into_team_id == team.id))
            .options(joinedload(MergeRequest.from_team), joinedload(MergeRequest.into_team))
            .order_by(MergeRequest.id)
        )
    )
