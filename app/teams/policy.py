"""Who may do what with teams. Pure predicates: `can_<verb>_<noun>(actor, thing)`."""

from datetime import datetime

from app.accounts.models import User
from app.problems.models import Board, Problem, StageState
from app.teams.models import Team


def can_compete(actor: User) -> bool:
    """Whether a person may be in a team at all: whoever works for the contest may not."""
    return not actor.is_staff and actor.disabled_at is None


def can_change_teams(problem: Problem, now: datetime) -> bool:
    """Whether teams of a problem may still form and change: until its stage A closes."""
    stage = problem.stage(Board.A)
    return stage is None or stage.state(now) is not StageState.CLOSED


def can_lead_team(actor: User, team: Team) -> bool:
    """Whether a person may rename the team, invite, remove and hand over."""
    return team.captain_id == actor.id and can_compete(actor)


def can_manage_teams(actor: User | None) -> bool:
    """Organisers approve teams and move people between them; judges look on."""
    return actor is not None and actor.is_organiser


def is_approved(problem: Problem, team: Team | None) -> bool:
    """Whether a team (None: somebody in none yet) has what its contest asks for to submit."""
    if not problem.contest.approves_teams:
        return True
    return team is not None and team.approved_at is not None
