"""What organisers decide about teams on the boards. Callers own the transaction."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.audit import record_audit
from app.core.db import hold
from app.core.errors import ConflictError, InvalidError
from app.core.i18n import N_
from app.evaluations.standings import refresh_team
from app.problems.operations import require_unsigned
from app.standings.models import ALL_TEAMS, REASON_LENGTH, TeamClass
from app.teams.models import Team

_IN: Final = ""


class UnknownDivisionError(InvalidError):
    """The problem has no such division."""

    code = "unknown_division"
    message = N_("This problem has no division “%(name)s”.")


class AlreadyDisqualifiedError(ConflictError):
    """It is out already."""

    code = "already_disqualified"
    message = N_("This team is disqualified already.")


class NotDisqualifiedError(ConflictError):
    """It is not out."""

    code = "not_disqualified"
    message = N_("This team is not disqualified.")


class ReasonMissingError(InvalidError):
    """A decision against a team needs a reason."""

    code = "reason_missing"
    message = N_("Please give a reason; the team reads it, and it is written into the audit log.")


def class_team(
    session: Session, team: Team, actor: User, *, division: str, pinned: bool, now: datetime
) -> None:
    """Put a team into a division, and beside the board where it is the organisers' own.

    Raises:
        UnknownDivisionError: the problem's rules name no such division.
        BoardSignedOffError: a board of the problem is signed off.
    """
    if division not in {ALL_TEAMS, *team.problem.rules.divisions}:
        raise UnknownDivisionError(name=division)
    require_unsigned(session, team.problem)
    classed = _hold_class(session, team)
    before = (classed.division, classed.pinned)
    classed.division, classed.pinned = division, pinned
    if before == (division, pinned):
        return
    refresh_team(session, team.problem, team.id, now=now, by_staff=True)
    facts = {
        "division": {"from": before[0], "to": division},
        "pinned": {"from": before[1], "to": pinned},
    }
    _audit(session, team, actor, "team.class", facts, now)


def disqualify(session: Session, team: Team, actor: User, reason: str, *, now: datetime) -> None:
    """Take a team off every board; whoever stood below moves up.

    Raises:
        ReasonMissingError: none was given.
        BoardSignedOffError: a board of the problem is signed off.
        AlreadyDisqualifiedError: it is out already.
    """
    reason = reason.strip()[:REASON_LENGTH]
    if not reason:
        raise ReasonMissingError
    require_unsigned(session, team.problem)
    classed = _hold_class(session, team)
    if classed.disqualified_at is not None:
        raise AlreadyDisqualifiedError
    classed.disqualified_at, classed.reason = now, reason
    refresh_team(session, team.problem, team.id, now=now, by_staff=True)
    _audit(session, team, actor, "team.disqualify", {"reason": reason}, now)


def reinstate(session: Session, team: Team, actor: User, reason: str, *, now: datetime) -> None:
    """Put a disqualified team back where its scores put it.

    Raises:
        ReasonMissingError: none was given.
        BoardSignedOffError: a board of the problem is signed off.
        NotDisqualifiedError: it is not out.
    """
    reason = reason.strip()[:REASON_LENGTH]
    if not reason:
        raise ReasonMissingError
    require_unsigned(session, team.problem)
    classed = _hold_class(session, team)
    if classed.disqualified_at is None:
        raise NotDisqualifiedError
    classed.disqualified_at, classed.reason = None, _IN
    refresh_team(session, team.problem, team.id, now=now, by_staff=True)
    _audit(session, team, actor, "team.reinstate", {"reason": reason}, now)


def _hold_class(session: Session, team: Team) -> TeamClass:
    """Return how a team is classed; of two organisers at once the second sees the first's."""
    hold(session, team)
    found = session.get(TeamClass, team.id, populate_existing=True)
    if found is None:
        found = TeamClass(team_id=team.id, division=ALL_TEAMS, pinned=False, reason=_IN)
        session.add(found)
    return found


def _audit(
    session: Session, team: Team, actor: User, action: str, facts: dict[str, Any], now: datetime
) -> None:
    told = {"problem": team.problem.slug, "team": team.name, **facts}
    record_audit(session, actor.as_actor(), action, f"team:{team.id}", told, now=now)
