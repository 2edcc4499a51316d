"""What teams contribute to the pages of people: see `app/accounts/hooks.py`."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.accounts.hooks import AccountHooks, TeamOf
from app.accounts.models import User
from app.teams.staff_queries import list_teams_of


def account_contributions() -> AccountHooks:
    """Return what teams contribute."""
    return AccountHooks(teams_of=_teams_of)


def _teams_of(session: Session, user: User) -> Sequence[TeamOf]:
    return [TeamOf(team.id, team.name, team.problem.title) for team in list_teams_of(session, user)]
