"""Who may merge teams, and when. Pure predicates: `can_<verb>_<noun>(actor, thing)`."""

from datetime import datetime, timedelta

from app.accounts.models import User
from app.problems.models import Board, Problem, StageState
from app.teams.models import Membership


def can_merge_teams(problem: Problem, now: datetime) -> bool:
    """Whether two teams of a problem may become one: the organisers' rule, while A is open.

    The rule may close it some hours before stage A closes.
    """
    stage = problem.stage(Board.A)
    if not problem.rules.merging or stage is None or stage.state(now) is not StageState.OPEN:
        return False
    if problem.b_revealed_at is not None:
        return False
    before = timedelta(hours=problem.rules.merge_closes_hours)
    return stage.closes_at is None or now < stage.closes_at - before


def can_read_member(actor: User | None, member: Membership, *, is_mate: bool) -> bool:
    """Whether a person may read who a member is: mates and staff; others where the member lets."""
    return is_mate or member.is_name_public or (actor is not None and actor.is_staff)
