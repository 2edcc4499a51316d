"""Invitations: a captain asks a person by their address, and the person answers.

Whether there is an account with an address is not told: the answer to a captain is always the same.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.operations import parse_email
from app.accounts.queries import find_user
from app.notifications.models import Topic
from app.notifications.operations import notify
from app.problems.models import Problem
from app.teams import policy, queries
from app.teams.errors import InvitationNotFoundError, TooManyInvitationsError
from app.teams.models import Invitation, Team
from app.teams.operations import check_captain, check_may_join, enter_team

if TYPE_CHECKING:
    from app.notifications.operations import Fact

MOST_OPEN: Final = 20


def invite(session: Session, team: Team, actor: User, email: str, now: datetime) -> None:
    """Ask a person into the team; who cannot come, or is no account, is not asked, silently.

    Raises:
        NotCaptainError: the actor is not its captain.
        TeamsLockedError: stage A has closed.
        BadEmailError: it is no address.
        TooManyInvitationsError: many are open already.
    """
    queries.lock_team(session, team)
    check_captain(team, actor, now)
    address = parse_email(email)
    if len(queries.list_invited(session, team)) >= MOST_OPEN:
        raise TooManyInvitationsError(limit=MOST_OPEN)
    person = find_user(session, address)
    if person is None or not policy.can_compete(person):
        return
    if queries.find_team(session, team.problem, person) is team:
        return
    invitation = Invitation(
        team_id=team.id, user_id=person.id, invited_by_id=actor.id, created_at=now
    )
    try:
        with session.begin_nested():
            session.add(invitation)
    except IntegrityError:
        return  # asked before
    facts: dict[str, Fact] = {"who": actor.name, "team": team.name, "problem": team.problem.title}
    path = f"/problems/{team.problem.slug}/team"
    key = f"invited:{team.id}"  # once, however often it is taken back and made again
    notify(session, [person.id], Topic.INVITED, facts, path, now=now, key=key)


def accept(session: Session, problem: Problem, user: User, number: int, now: datetime) -> Team:
    """Enter the team one is invited to.

    Raises:
        InvitationNotFoundError: there is no such invitation of one's own.
        StaffCannotCompeteError, TeamsLockedError, AlreadyInTeamError, TeamFullError: see there.
    """
    invitation = _get(session, problem, number)
    if invitation.user_id != user.id:
        raise InvitationNotFoundError
    check_may_join(session, problem, user, now)
    team = invitation.team
    enter_team(session, team, problem, user, now)
    return team


def dismiss(session: Session, problem: Problem, actor: User, number: int) -> None:
    """Decline what one is invited to, or take back what one's team has asked.

    Raises:
        InvitationNotFoundError: there is none, or it is neither one's own nor of one's team.
    """
    invitation = _get(session, problem, number)
    if invitation.user_id != actor.id and not policy.can_lead_team(actor, invitation.team):
        raise InvitationNotFoundError
    session.delete(invitation)
    session.flush()


def _get(session: Session, problem: Problem, number: int) -> Invitation:
    found = session.scalar(
        select(Invitation)
        .join(Invitation.team)
        .where(Invitation.id == number, Team.problem_id == problem.id)
    )
    if found is None:
        raise InvitationNotFoundError
    return found
