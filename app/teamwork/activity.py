"""What a team did, newest first: who came, what was handed in, when its best score rose."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, joinedload

from app.evaluations.models import Evaluation, Score, State
from app.evaluations.standings import rules_of
from app.problems.models import Board, Problem
from app.submissions.models import Submission
from app.teams.models import Membership, Team, TeamMerge
from scoring import Direction

MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. What it is follows from which fields are filled."""

    at: datetime
    who: str
    """The person; of a merge the team."""
    what: str
    """`founded`, `joined`, `merged` or `submitted`."""
    submission_id: int | None = None
    state: State | None = None
    score: float | None = None
    """By the first column on A, where there is one."""
    gain: float | None = None
    """By how much it is better than all before; empty where it is not, 0 for the first score."""


def list_activity(session: Session, problem: Problem, team: Team) -> list[Step]:
    """Return the newest steps of a team; four queries whatever their number."""
    steps = [*_people(session, team), *_merges(session, team), *_handed_in(session, problem, team)]
    return sorted(steps, key=lambda step: step.at, reverse=True)[:MOST]


def _people(session: Session, team: Team) -> Iterator[Step]:
    yield Step(team.created_at, team.name, "founded")
    members = session.scalars(
        select(Membership).where(Membership.team_id == team.id).options(joinedload(Membership.user))
    )
    for member in members:
        yield Step(member.joined_at, member.user.name, "joined")


def _merges(session: Session, team: Team) -> Iterator[Step]:
    merges = session.scalars(
        select(TeamMerge)
        .where(TeamMerge.into_team_id == team.id)
        .options(joinedload(TeamMerge.from_team))
    )
    for merge in merges:
        yield Step(merge.merged_at, merge.from_team.name, "merged")


def _handed_in(session: Session, problem: Problem, team: Team) -> Iterator[Step]:
    """Go through every submission in order: only so it is known which one was the best so far."""
    primary = rules_of(session, problem).scoring.primary
    sign = 1 if primary.direction is Direction.MAX else -1
    on_a = and_(
        Score.evaluation_id == Evaluation.id, Score.board == Board.A, Score.key == primary.key
    )
    rows = session.execute(
        select(Submission, Evaluation.state, Score.value)
        .join(
            Evaluation,
            and_(
                Evaluation.submission_id == Submission.id,
                Evaluation.board == Submission.board,
                Evaluation.is_current,
                Evaluation.is_shadow.is_(False),
            ),
        )
        .outerjoin(Score, on_a)
        .where(
            Submission.team_id == team.id,
            Submission.is_debug.is_(False),
            Submission.retracted_at.is_(None),
        )
        .options(joinedload(Submission.user))
        .order_by(Submission.id)
    )
    best: float | None = None
    is_told = not problem.rules.has_ladder_on(Board.A)  # else the page tells what the Ladder does
    for submission, state, found in rows:
        score = found if is_told else None
        gain = None
        if score is not None and (best is None or sign * (score - best) > 0):
            gain = 0.0 if best is None else abs(score - best)
            best = score
        who = "" if submission.user is None else submission.user.name
        yield Step(submission.created_at, who, "submitted", submission.id, state, score, gain)
