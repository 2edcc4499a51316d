from itertools import count

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.problems.models import Problem
from app.teams.models import Membership, Team
from tests.factories.accounts import CREATED, make_user

_numbers = count(1)


def make_team(
    session: Session, *, problem: Problem, captain: User | None = None, name: str | None = None
) -> Team:
    number = next(_numbers)
    captain = captain or make_user(session)
    team = Team(
        problem=problem,
        name=name or f"Team {number}",
        captain=captain,
        invite_code=f"invite-{number}",
        created_at=CREATED,
    )
    team.members.append(Membership(problem_id=problem.id, user=captain, joined_at=CREATED))
    session.add(team)
    session.flush()
    return team
