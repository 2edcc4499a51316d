"""Writes: what organisers do with teams. Each is audited. Callers own the transaction."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.audit import record_audit
from app.problems.models import Problem
from app.teams import policy, queries
from app.teams.errors import (
    LastMemberMovesError,
    OtherProblemTeamError,
    ReasonMissingError,
    StaffCannotCompeteError,
    TeamFullError,
    TeamNotFoundError,
    TeamsLockedError,
)
from app.teams.models import Membership, Team
from app.teams.operations import LONGEST_REASON, dissolve, new_invite_code


def approve_team(session: Session, team: Team, actor: User, *, now: datetime) -> None:
    """Let a team submit in a contest that approves its teams; again changes nothing."""
    queries.lock_team(session, team)
    if team.approved_at is None:
        team.approved_at = now
        _note(session, actor, "team.approve", team, {}, now=now)
        session.flush()


def take_back_approval(
    session: Session, team: Team, actor: User, reason: str, *, now: datetime
) -> None:
    """Keep a team from submitting further; what it handed in stays. Again changes nothing.

    Raises:
        ReasonMissingError: nobody is kept out without being told why.
    """
    reason = clean_reason(reason)
    queries.lock_team(session, team)
    if team.approved_at is not None:
        team.approved_at = None
        _note(session, actor, "team.take_back_approval", team, {"reason": reason}, now=now)
        session.flush()


def move_member(  # noqa: PLR0913 — who is moved, from where to where, by whom, why and when
    session: Session,
    team: Team,
    target: Team,
    user_id: int,
    actor: User,
    reason: str,
    *,
    now: datetime,
) -> None:
    """Put a member of a team into another one of the same problem.

    What was handed in and scored stays with the team that did it. A captain's team goes to the
    member who has been in it longest; one that is left empty and has handed in nothing ends.

    Raises:
        ReasonMissingError: no reason was given.
        OtherProblemTeamError: the two are of different problems, or one and the same.
        TeamsLockedError: stage A has closed.
        TeamNotFoundError: the person is not in the team.
        StaffCannotCompeteError: the person may be in no team.
        TeamFullError: the target has as many members as the problem allows.
        LastMemberMovesError: the team has submissions and would be left without anybody.
    """
    reason = clean_reason(reason)
    problem = team.problem
    if team.problem_id != target.problem_id or team.id == target.id:
        raise OtherProblemTeamError
    if not policy.can_change_teams(problem, now):
        raise TeamsLockedError
    for one in sorted((team, target), key=lambda one: one.id):  # in one order: no deadlock
        queries.lock_team(session, one)
    member = queries.find_member(session, team, user_id)
    if member is None:
        raise TeamNotFoundError
    if not policy.can_compete(member.user):
        raise StaffCannotCompeteError
    _check_room(session, problem, target)
    facts: dict[str, object] = {
        "user": user_id,
        "to": target.id,
        "to_name": target.name,
        "reason": reason,
    }
    _note(session, actor, "team.move_member", team, facts, now=now)
    _leave(session, team, member)
    session.add(
        Membership(team_id=target.id, problem_id=target.problem_id, user_id=user_id, joined_at=now)
    )
    session.flush()
    session.expire_all()


def clean_reason(text: str) -> str:
    """Return a reason as it is kept.

    Raises:
        ReasonMissingError: it is empty.
    """
    reason = " ".join(text.split())[:LONGEST_REASON]
    if not reason:
        raise ReasonMissingError
    return reason


def _check_room(session: Session, problem: Problem, target: Team) -> None:
    members = queries.count_members(session, target)
    if members == 0:  # its last member left, and took it with them, while we waited
        raise TeamNotFoundError
    if members >= problem.team_size:
        raise TeamFullError(limit=problem.team_size)


def _leave(session: Session, team: Team, member: Membership) -> None:
    """Take somebody out of a team, whose code they know; its captain's place is filled."""
    others = [one for one in queries.list_members(session, team) if one.id != member.id]
    if not others:
        try:
            dissolve(session, team)
        except IntegrityError as error:
            raise LastMemberMovesError from error
        return
    session.delete(member)
    if team.captain_id == member.user_id:
        team.captain_id = others[0].user_id
    team.invite_code = new_invite_code()
    session.flush()


def _note(
    session: Session,
    actor: User,
    action: str,
    team: Team,
    facts: dict[str, object],
    *,
    now: datetime,
) -> None:
    named = {"name": team.name, "problem": team.problem.slug, **facts}
    record_audit(session, actor.as_actor(), action, f"team:{team.id}", named, now=now)
