"""Two teams become one. Callers own the transaction.

The team that is asked stays, with its name and its captain; whoever asked for it moves in with
all members, submissions, scores, choices and used quota. Both teams' rows are held, the lower
number first, so that of two merges at once the second sees what the first did.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.names import normalise_name
from app.core.audit import record_audit
from app.core.clock import beijing_day
from app.evaluations.shadows import share_scoring
from app.evaluations.standings import refresh_team
from app.notifications.models import Topic
from app.notifications.operations import notify
from app.problems.models import Board, Problem
from app.problems.operations import require_unsigned
from app.standings.models import FinalChoice, TeamClass
from app.standings.operations import map_classes
from app.standings.queries import list_choices
from app.submissions.models import QuotaSlot, Submission
from app.teams import queries as teams
from app.teams.errors import NotCaptainError
from app.teams.models import Invitation, Membership, MergeRequest, Team, TeamMerge
from app.teams.policy import can_lead_team
from app.teams.telling import list_member_ids
from app.teamwork.errors import (
    MergeChoicesError,
    MergeDivisionError,
    MergedQuotaError,
    MergedTeamTooLargeError,
    MergePartnerError,
    MergeRequestNotFoundError,
    MergingClosedError,
    TooManyMergeRequestsError,
)
from app.teamwork.policy import can_merge_teams

if TYPE_CHECKING:
    from app.notifications.operations import Fact

MOST_OPEN: Final = 5


def ask_to_merge(
    session: Session, team: Team, actor: User, name: str, now: datetime
) -> MergeRequest | None:
    """Ask the captain of another team whether one's own may become part of it.

    Returns the request; None where it was made before. What would refuse the merge refuses this.

    Raises:
        NotCaptainError: the actor is not their team's captain.
        MergingClosedError: the rules or the time do not allow it.
        MergePartnerError: there is no other team of that name.
        TooManyMergeRequestsError: many are open already.
        ConflictError: the two together break a rule; see `check_fit`.
    """
    problem = team.problem
    if not can_merge_teams(problem, now):
        raise MergingClosedError
    other = teams.find_team_by_name(session, problem, normalise_name(name))
    if other is None or other.id == team.id:
        raise MergePartnerError
    _hold(session, team, other)
    if not can_lead_team(actor, team):
        raise NotCaptainError
    open_ones = [one for one in teams.list_merge_requests(session, team) if one.from_team is team]
    if any(one.into_team_id == other.id for one in open_ones):
        return None
    if len(open_ones) >= MOST_OPEN:
        raise TooManyMergeRequestsError(limit=MOST_OPEN)
    check_fit(session, problem, team, other, now)
    request = MergeRequest(
        from_team_id=team.id, into_team_id=other.id, asked_by_id=actor.id, created_at=now
    )
    session.add(request)
    session.flush()
    path = f"/problems/{problem.slug}/team"
    facts: dict[str, Fact] = {"team": team.name, "problem": problem.title}
    key = f"merge-asked:{team.id}:{other.id}"  # once, however often it is taken back
    notify(session, [other.captain_id], Topic.MERGE, facts, path, now=now, key=key)
    return request


def accept_merge(
    session: Session, problem: Problem, actor: User, number: int, now: datetime
) -> Team:
    """Take the team that asked into one's own; return the team both are now.

    Raises:
        MergeRequestNotFoundError: there is none, or one's own team was not asked.
        NotCaptainError: the actor is not the captain of the team that was asked.
        MergingClosedError: the rules or the time do not allow it any more.
        BoardSignedOffError: a board of the problem is signed off.
        ConflictError: the two together break a rule; see `check_fit`.
    """
    request = _get(session, problem, number)
    source, target = request.from_team, request.into_team
    share_scoring(session, problem.id)  # a re-score works out moves by team: it waits, or we do
    _hold(session, source, target)
    if session.get(MergeRequest, number, populate_existing=True) is None:
        raise MergeRequestNotFoundError
    if not can_lead_team(actor, target):
        raise NotCaptainError
    if not can_merge_teams(problem, now):
        raise MergingClosedError
    require_unsigned(session, problem)
    check_fit(session, problem, source, target, now)
    joined = list_member_ids(session, source.id)
    facts = {
        "problem": problem.slug,
        "from": {"team": source.id, "name": source.name, "captain": source.captain_id},
        "into": {"team": target.id, "name": target.name},
        "members": joined,
        "submissions": _count_submissions(session, source),
    }
    _move(session, source, target, now)
    for team in (source, target):
        refresh_team(session, problem, team.id, now=now)
    told: dict[str, Fact] = {"says": "done", "team": target.name, "problem": problem.title}
    notify(session, joined, Topic.MERGE, told, f"/problems/{problem.slug}/team", now=now)
    record_audit(session, actor.as_actor(), "team.merge", f"team:{target.id}", facts, now=now)
    session.expire_all()
    return target


def dismiss_merge(
    session: Session, problem: Problem, actor: User, number: int, now: datetime
) -> None:
    """Decline what one's team was asked, or take back what it has asked.

    Raises:
        MergeRequestNotFoundError: there is none, or it is between other teams.
        NotCaptainError: the actor is the captain of neither.
    """
    request = _get(session, problem, number)
    source, target = request.from_team, request.into_team
    mine = {one.id for one in (source, target) if teams.find_member(session, one, actor.id)}
    if not mine:
        raise MergeRequestNotFoundError
    if not any(can_lead_team(actor, one) for one in (source, target)):
        raise NotCaptainError
    session.delete(request)
    session.flush()
    if can_lead_team(actor, target):
        facts: dict[str, Fact] = {"says": "declined", "team": target.name, "problem": problem.title}
        path = f"/problems/{problem.slug}/team"
        notify(session, [source.captain_id], Topic.MERGE, facts, path, now=now)


def check_fit(
    session: Session, problem: Problem, source: Team, target: Team, now: datetime
) -> None:
    """Refuse two teams that together would break a rule that each keeps alone.

    Raises:
        MergedTeamTooLargeError: too many people.
        MergedQuotaError: more submissions than one team could have made since A opened.
        MergeDivisionError: different divisions, disqualified, or beside the board.
        MergeChoicesError: more submissions chosen to count than a team may choose.
    """
    people = sum(teams.count_members(session, team) for team in (source, target))
    if people > problem.team_size:
        raise MergedTeamTooLargeError(count=people, limit=problem.team_size)
    made = sum(_count_charged(session, team) for team in (source, target))
    allowed = _most_submissions(problem, now)
    if made > allowed:
        raise MergedQuotaError(count=made, limit=allowed)
    classes = map_classes(session, [source.id, target.id])
    if _class_of(classes.get(source.id)) != _class_of(classes.get(target.id)) or any(
        one.pinned or one.disqualified_at is not None for one in classes.values()
    ):
        raise MergeDivisionError
    chosen = sum(len(list_choices(session, team.id)) for team in (source, target))
    if chosen > problem.rules.most_choices and chosen:
        raise MergeChoicesError(count=chosen, limit=problem.rules.most_choices)


def _move(session: Session, source: Team, target: Team, now: datetime) -> None:
    """Move everything of one team into the other; what was asked of either is answered."""
    for model in (Submission, FinalChoice, Membership):
        session.execute(
            update(model)
            .where(model.team_id == source.id)
            .values(team_id=target.id)
            .execution_options(synchronize_session=False)
        )
    _move_slots(session, source, target)
    both = (source.id, target.id)
    session.execute(
        delete(MergeRequest).where(
            or_(MergeRequest.from_team_id == source.id, MergeRequest.into_team_id == source.id)
        )
    )
    session.execute(delete(MergeRequest).where(MergeRequest.from_team_id.in_(both)))
    session.execute(delete(Invitation).where(Invitation.team_id == source.id))
    session.add(TeamMerge(from_team_id=source.id, into_team_id=target.id, merged_at=now))
    session.flush()
    session.expire_all()


def _move_slots(session: Session, source: Team, target: Team) -> None:
    """Give each used slot the lowest free place of its day: together they may exceed that day."""
    taken: dict[object, set[int]] = {}
    for slot in session.scalars(select(QuotaSlot).where(QuotaSlot.team_id == target.id)):
        taken.setdefault(slot.day, set()).add(slot.ordinal)
    moved = session.scalars(
        select(QuotaSlot).where(QuotaSlot.team_id == source.id).order_by(QuotaSlot.id)
    )
    for slot in moved.all():
        used = taken.setdefault(slot.day, set())
        slot.ordinal = next(number for number in range(1, len(used) + 2) if number not in used)
        used.add(slot.ordinal)
        slot.team_id = target.id
    session.flush()


def _count_charged(session: Session, team: Team) -> int:
    return session.scalars(
        select(func.count(QuotaSlot.id)).where(QuotaSlot.team_id == team.id)
    ).one()


def _count_submissions(session: Session, team: Team) -> int:
    return session.scalars(
        select(func.count(Submission.id)).where(Submission.team_id == team.id)
    ).one()


def _most_submissions(problem: Problem, now: datetime) -> int:
    """Return how many submissions one team could have made: a day's quota since A opened."""
    stage = problem.stage(Board.A)
    if stage is None or stage.opens_at is None:
        return 0
    days = (beijing_day(now) - beijing_day(stage.opens_at)).days + 1
    return max(0, days) * problem.submissions_per_day


def _class_of(found: TeamClass | None) -> str:
    return "" if found is None else found.division


def _hold(session: Session, one: Team, other: Team) -> None:
    for team in _in_order([one, other]):
        teams.lock_team(session, team)


def _in_order(both: Sequence[Team]) -> Sequence[Team]:
    return sorted(both, key=lambda team: team.id)


def _get(session: Session, problem: Problem, number: int) -> MergeRequest:
    found = session.scalar(
        select(MergeRequest)
        .join(MergeRequest.into_team)
        .where(MergeRequest.id == number, Team.problem_id == problem.id)
    )
    if found is None:
        raise MergeRequestNotFoundError
    return found
