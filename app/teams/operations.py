"""Writes: one function per thing a person does with a team. Callers own the transaction.

Whatever counts or moves members holds the team's row first, so two people who take the last place
at once cannot both get it.
"""

import secrets
from datetime import datetime
from typing import Final

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.names import find_forbidden, normalise_name, number_name
from app.accounts.operations import parse_name
from app.problems.models import Problem
from app.teams import policy, queries
from app.teams.errors import (
    AffiliationError,
    AlreadyInTeamError,
    CaptainLeavesError,
    LastMemberError,
    NotCaptainError,
    StaffCannotCompeteError,
    TeamFullError,
    TeamNameTakenError,
    TeamNotFoundError,
    TeamsLockedError,
    UnknownInviteCodeError,
)
from app.teams.models import AFFILIATION_LENGTH, Invitation, Membership, MergeRequest, Team

# read aloud and typed from paper: no 0/O, 1/I/L; 10 places are 49 bits, and guesses are throttled
_CODE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CODE_LENGTH: Final = 10
_NAME_ATTEMPTS: Final = 20
LONGEST_REASON: Final = 500
_NAME_MARKS: Final = "_&+#@"


def ensure_team(session: Session, problem: Problem, user: User, now: datetime) -> Team:
    """Return the person's team for a problem; who has none gets a team of one of their name.

    Whether the problem takes submissions at this moment is the caller's question.

    Raises:
        StaffCannotCompeteError: the person works for the contest.
    """
    if not policy.can_compete(user):
        raise StaffCannotCompeteError
    for _ in range(_NAME_ATTEMPTS):
        team = queries.find_team(session, problem, user)
        if team is not None:
            return team
        name = number_name(user.name, queries.list_taken_names(session, problem, user.name))
        created = _try_create(session, problem, user, name, now)
        if created is not None:
            return created
    raise TeamNameTakenError(name=user.name)


def create_team(session: Session, problem: Problem, user: User, name: str, now: datetime) -> Team:
    """Found a team and become its captain.

    Raises:
        StaffCannotCompeteError: the person works for the contest.
        TeamsLockedError: stage A has closed.
        AlreadyInTeamError: the person is in a team of this problem.
        BadNameError: the name cannot be used.
        TeamNameTakenError: another team of the problem has the name.
    """
    check_may_join(session, problem, user, now)
    name = parse_name(name, also=_NAME_MARKS)
    created = _try_create(session, problem, user, name, now)
    if created is not None:
        return created
    if queries.find_team(session, problem, user) is not None:
        raise AlreadyInTeamError
    raise TeamNameTakenError(name=name)


def join_team(session: Session, problem: Problem, user: User, code: str, now: datetime) -> Team:
    """Join the team that an invite code names.

    Raises:
        StaffCannotCompeteError: the person works for the contest.
        TeamsLockedError: stage A has closed.
        AlreadyInTeamError: the person is in a team of this problem.
        UnknownInviteCodeError: no team of the problem has the code.
        TeamFullError: the team has as many members as the problem allows.
    """
    check_may_join(session, problem, user, now)
    team = queries.find_team_by_code(session, problem, code.strip().upper())
    if team is None:
        raise UnknownInviteCodeError
    enter_team(session, team, problem, user, now)
    return team


def enter_team(session: Session, team: Team, problem: Problem, user: User, now: datetime) -> None:
    """Become a member, where there is room; what one was invited to in the problem is answered.

    Raises:
        UnknownInviteCodeError: the team is gone.
        TeamFullError: the team has as many members as the problem allows.
        AlreadyInTeamError: the person is in a team of this problem.
    """
    queries.lock_team(session, team)
    members = queries.count_members(session, team)
    if members == 0:  # the last member left, and took the team with them, while we waited
        raise UnknownInviteCodeError
    if members >= problem.team_size:
        raise TeamFullError(limit=problem.team_size)
    try:
        with session.begin_nested():
            session.add(_membership(team, user, now))
    except IntegrityError as error:
        raise AlreadyInTeamError from error
    of_problem = select(Team.id).where(Team.problem_id == problem.id)
    session.execute(
        delete(Invitation).where(Invitation.user_id == user.id, Invitation.team_id.in_(of_problem))
    )


def leave_team(session: Session, problem: Problem, user: User, now: datetime) -> None:
    """Leave; what was submitted and scored stays with the team.

    Whoever is alone in a team that has submitted nothing takes the team with them.

    Raises:
        TeamNotFoundError: the person is in no team of this problem.
        TeamsLockedError: stage A has closed.
        CaptainLeavesError: a captain with other members has to hand over first.
        LastMemberError: the team has submissions and would be left without anybody.
    """
    team = queries.get_team(session, problem, user)
    _check_open(problem, now)
    queries.lock_team(session, team)
    if queries.count_members(session, team) == 1:
        try:
            dissolve(session, team)
        except IntegrityError as error:
            raise LastMemberError from error
    elif team.captain_id == user.id:
        raise CaptainLeavesError
    else:
        _drop_member(session, team, user.id)


def rename_team(session: Session, team: Team, actor: User, name: str, now: datetime) -> None:
    """Give the team another name.

    Raises:
        NotCaptainError: the actor is not its captain.
        TeamsLockedError: stage A has closed.
        BadNameError: the name cannot be used.
        TeamNameTakenError: another team of the problem has the name.
    """
    check_captain(team, actor, now)
    name = parse_name(name, also=_NAME_MARKS)
    try:
        with session.begin_nested():
            team.name = name
    except IntegrityError as error:
        raise TeamNameTakenError(name=name) from error


def declare_affiliation(
    session: Session, team: Team, actor: User, affiliation: str, now: datetime
) -> None:
    """Say from which school or company the team is; empty says nothing.

    Raises:
        NotCaptainError: the actor is not its captain.
        TeamsLockedError: stage A has closed.
        AffiliationError: it is too long, or holds what cannot be seen.
    """
    check_captain(team, actor, now)
    text = normalise_name(affiliation)
    if len(text) > AFFILIATION_LENGTH or find_forbidden(text, also=_NAME_MARKS) is not None:
        raise AffiliationError(limit=AFFILIATION_LENGTH)
    team.affiliation = text
    session.flush()


def show_own_name(session: Session, team: Team, user: User, *, public: bool) -> None:
    """Let everybody read one's name on the team's page, or members alone.

    Raises:
        TeamNotFoundError: the person is not in the team.
    """
    member = queries.find_member(session, team, user.id)
    if member is None:
        raise TeamNotFoundError
    member.is_name_public = public
    session.flush()


def replace_invite_code(session: Session, team: Team, actor: User, now: datetime) -> None:
    """Make the old invite code worthless.

    Raises:
        NotCaptainError: the actor is not its captain.
        TeamsLockedError: stage A has closed.
    """
    check_captain(team, actor, now)
    team.invite_code = new_invite_code()
    session.flush()


def remove_member(session: Session, team: Team, actor: User, user_id: int, now: datetime) -> None:
    """Take somebody else out of the team; the invite code they know stops working.

    Raises:
        NotCaptainError: the actor is not its captain.
        TeamsLockedError: stage A has closed.
        TeamNotFoundError: that person is not in the team.
        CaptainLeavesError: a captain cannot remove themselves.
    """
    queries.lock_team(session, team)
    check_captain(team, actor, now)
    if user_id == actor.id:
        raise CaptainLeavesError
    _drop_member(session, team, user_id)
    replace_invite_code(session, team, actor, now)


def hand_over_team(session: Session, team: Team, actor: User, user_id: int, now: datetime) -> None:
    """Make another member the captain.

    Raises:
        NotCaptainError: the actor is not its captain.
        TeamsLockedError: stage A has closed.
        TeamNotFoundError: that person is not in the team.
    """
    queries.lock_team(session, team)
    check_captain(team, actor, now)
    if queries.find_member(session, team, user_id) is None:
        raise TeamNotFoundError
    team.captain_id = user_id
    session.flush()
    session.expire(team, ["captain"])


def new_invite_code() -> str:
    """Return a code nobody can guess and everybody can type."""
    return "".join(secrets.choice(_CODE_ALPHABET) for _ in range(_CODE_LENGTH))


def _try_create(
    session: Session, problem: Problem, user: User, name: str, now: datetime
) -> Team | None:
    """Found a team, or return None where its name or its captain turn out to be taken."""
    try:
        with session.begin_nested():
            team = Team(
                problem_id=problem.id,
                name=name,
                captain_id=user.id,
                invite_code=new_invite_code(),
                created_at=now,
            )
            session.add(team)
            session.flush()
            session.add(_membership(team, user, now))
    except IntegrityError:
        return None
    return team


def _membership(team: Team, user: User, now: datetime) -> Membership:
    return Membership(team=team, problem_id=team.problem_id, user_id=user.id, joined_at=now)


def dissolve(session: Session, team: Team) -> None:
    """Delete a team that nothing refers to; the database knows, so nothing is counted.

    Raises:
        IntegrityError: something does, as what it has submitted.
    """
    with session.begin_nested():
        for model in (Membership, Invitation):
            session.execute(delete(model).where(model.team_id == team.id))
        session.execute(
            delete(MergeRequest).where(
                or_(MergeRequest.from_team_id == team.id, MergeRequest.into_team_id == team.id)
            )
        )
        session.execute(delete(Team).where(Team.id == team.id))
    session.expire_all()


def _drop_member(session: Session, team: Team, user_id: int) -> None:
    member = queries.find_member(session, team, user_id)
    if member is None:
        raise TeamNotFoundError
    session.delete(member)
    session.flush()
    session.expire(team, ["members"])


def check_may_join(session: Session, problem: Problem, user: User, now: datetime) -> None:
    """Refuse who cannot enter a team of a problem now.

    Raises:
        StaffCannotCompeteError: the person works for the contest.
        TeamsLockedError: stage A has closed.
        AlreadyInTeamError: the person is in a team of this problem.
    """
    if not policy.can_compete(user):
        raise StaffCannotCompeteError
    _check_open(problem, now)
    if queries.find_team(session, problem, user) is not None:
        raise AlreadyInTeamError


def check_captain(team: Team, actor: User, now: datetime) -> None:
    """Refuse who may not change a team now.

    Raises:
        NotCaptainError: the actor is not its captain.
        TeamsLockedError: stage A has closed.
    """
    if not policy.can_lead_team(actor, team):
        raise NotCaptainError
    _check_open(team.problem, now)


def _check_open(problem: Problem, now: datetime) -> None:
    if not policy.can_change_teams(problem, now):
        raise TeamsLockedError
