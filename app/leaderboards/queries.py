"""Reads of leaderboards. One submission of a team counts: see `counting`.

Rules, for the page to state in words:

* board A: a team's best scored submission by the primary column; of two equal ones the earlier.
* board B: the scores on B of the submission that counts on A; with `sets`, a team's latest
  predictions for B count before the B run of its code.
* ties between teams: the earlier submission is first, or the rank is shared (`Problem.tie_rule`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    Subquery,
    and_,
    case,
    func,
    select,
)
from sqlalchemy.orm import Session, aliased

from app.core.pagination import Page, PageRequest
from app.evaluations.models import Evaluation, Score, State
from app.problems.models import Board, Problem, TieRule
from app.submissions.models import Submission
from app.teams.models import Team
from scoring import BoardColumn, Direction, Scoring


@dataclass(frozen=True, slots=True)
class Row:
    """One team on a board. `last_at` is when it last submitted anything that was scored."""

    rank: int
    team_id: int
    team_name: str
    submission_id: int
    submitted_at: datetime
    scores: Mapping[str, float]
    entries: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """A baseline's scores: shown at its place, never ranked."""

    submission_id: int
    scores: Mapping[str, float]
    last_at: datetime


def list_board(
    session: Session, problem: Problem, scoring: Scoring, board: Board, request: PageRequest
) -> Page[Row]:
    """Return one page of a board, ranked; four queries whatever its length."""
    ranked = _ranked(problem, scoring.primary, board)
    total = session.scalars(select(func.count()).select_from(ranked)).one()
    page = session.execute(
        select(ranked, Team.name.label("team_name"))
        .join(Team, Team.id == ranked.c.team_id)
        .order_by(ranked.c.place)
        .offset(request.offset)
        .limit(request.per_page)
    ).all()
    return Page(_complete(session, problem, board, page), total, request)


def find_team_row(
    session: Session, problem: Problem, scoring: Scoring, board: Board, team_id: int
) -> Row | None:
    """Return a team's row wherever it stands, or None when it has no score."""
    ranked = _ranked(problem, scoring.primary, board)
    rows = session.execute(
        select(ranked, Team.name.label("team_name"))
        .join(Team, Team.id == ranked.c.team_id)
        .where(ranked.c.team_id == team_id)
    ).all()
    completed = _complete(session, problem, board, rows)
    return completed[0] if completed else None


def list_baselines(
    session: Session, problem: Problem, scoring: Scoring, board: Board
) -> list[BaselineRow]:
    """Return the baseline of the revision in force, best first."""
    rows = session.execute(
        select(Submission.id, Submission.created_at, Evaluation.id)
        .select_from(Submission)
        .join(Evaluation, _scored_on(board))
        .where(
            Submission.problem_id == problem.id,
            Submission.is_baseline,
            Submission.retracted_at.is_(None),
        )
        .order_by(Submission.id.desc())
    ).all()
    scores = _scores(session, board, [evaluation for _, _, evaluation in rows])
    found = [
        BaselineRow(submission, scores[evaluation], at)
        for submission, at, evaluation in rows
        if evaluation in scores
    ]
    # a revision submits its baseline anew: the last one stands for all
    return sorted(found[:1], key=lambda row: _key(row.scores, scoring.primary))


def best_scores(
    session: Session, problems: Sequence[Problem], primaries: Mapping[int, BoardColumn]
) -> dict[int, float]:
    """Return the best primary score on A of each problem that has one, in one query."""
    best = case(
        *[(Submission.problem_id == one.id, _aggregate(primaries[one.id])) for one in problems],
        else_=None,
    )
    if not problems:
        return {}
    wanted = [
        and_(Submission.problem_id == one.id, Score.key == primaries[one.id].key)
        for one in problems
    ]
    condition = wanted[0]
    for more in wanted[1:]:
        condition |= more
    rows = session.execute(
        select(Submission.problem_id, best)
        .select_from(Submission)
        .join(Evaluation, _scored_on(Board.A))
        .join(Score, and_(Score.evaluation_id == Evaluation.id, Score.board == Board.A))
        .where(condition, Submission.team_id.is_not(None), Submission.retracted_at.is_(None))
        .group_by(Submission.problem_id)
    )
    return {problem: value for problem, value in rows if value is not None}


def count_teams(session: Session, problem_ids: Sequence[int]) -> dict[int, int]:
    """Return how many teams each problem has."""
    rows = session.execute(
        select(Team.problem_id, func.count(Team.id))
        .where(Team.problem_id.in_(problem_ids))
        .group_by(Team.problem_id)
    )
    return {row[0]: row[1] for row in rows}


def _aggregate(column: BoardColumn) -> ColumnElement[Any]:
    return func.max(Score.value) if column.direction is Direction.MAX else func.min(Score.value)


def _key(scores: Mapping[str, float], column: BoardColumn) -> float:
    value = scores[column.key]
    return -value if column.direction is Direction.MAX else value


def _scored_on(board: Board) -> ColumnElement[bool]:
    """Join a submission to the scored evaluation that has its scores on a board.

    With `rows` one evaluation, on A, holds both boards' scores; with `sets` each has its own.
    """
    any_score = aliased(Score)
    has = (
        select(any_score.evaluation_id)
        .where(any_score.evaluation_id == Evaluation.id, any_score.board == board)
        .exists()
    )
    return and_(
        Evaluation.submission_id == Submission.id,
        Evaluation.is_current,
        Evaluation.state == State.SCORED,
        Submission.is_debug.is_(False),
        has,
    )


def _ordered(value: SQLColumnExpression[float], column: BoardColumn) -> ColumnElement[Any]:
    return value.desc() if column.direction is Direction.MAX else value.asc()


def _counting_on_a(problem: Problem, column: BoardColumn) -> Select[*tuple[Any, ...]]:
    """Return the scored A submissions of each team, numbered best first."""
    return (
        select(
            Submission.id.label("submission_id"),
            Submission.team_id.label("team_id"),
            Submission.created_at.label("submitted_at"),
            Evaluation.id.label("evaluation_id"),
            Score.value.label("value"),
            func.row_number()
            .over(
                partition_by=Submission.team_id,
                order_by=[_ordered(Score.value, column), Submission.created_at, Submission.id],
            )
            .label("choice"),
        )
        .select_from(Submission)
        .join(Evaluation, _scored_on(Board.A))
        .join(
            Score,
            and_(
                Score.evaluation_id == Evaluation.id,
                Score.board == Board.A,
                Score.key == column.key,
            ),
        )
        .where(
            Submission.problem_id == problem.id,
            Submission.team_id.is_not(None),
            Submission.retracted_at.is_(None),
        )
    )


def _counting_on_b(problem: Problem, column: BoardColumn) -> Select[*tuple[Any, ...]]:
    """Return each team's claims on B: its latest predictions for B, then what counts on A."""
    on_a = _counting_on_a(problem, column).subquery("on_a")
    on_b = aliased(Evaluation)
    direct = Submission.board == Board.B
    return (
        select(
            Submission.id.label("submission_id"),
            Submission.team_id.label("team_id"),
            Submission.created_at.label("submitted_at"),
            on_b.id.label("evaluation_id"),
            Score.value.label("value"),
            func.row_number()
            .over(
                partition_by=Submission.team_id,
                order_by=[
                    case((direct, 0), else_=1),
                    case((direct, -Submission.id), else_=on_a.c.choice),
                ],
            )
            .label("choice"),
        )
        .select_from(Submission)
        .outerjoin(on_a, on_a.c.submission_id == Submission.id)
        .join(
            on_b,
            and_(on_b.submission_id == Submission.id, on_b.is_current, on_b.state == State.SCORED),
        )
        .join(
            Score,
            and_(Score.evaluation_id == on_b.id, Score.board == Board.B, Score.key == column.key),
        )
        .where(
            Submission.problem_id == problem.id,
            Submission.team_id.is_not(None),
            Submission.retracted_at.is_(None),
            direct | (on_a.c.choice == 1),
        )
    )


def _ranked(problem: Problem, column: BoardColumn, board: Board) -> Subquery:
    """Rank the one submission of each team that counts."""
    choices = _counting_on_a if board is Board.A else _counting_on_b
    counting = choices(problem, column).subquery("counting")
    best_first = _ordered(counting.c.value, column)
    place = [best_first, counting.c.submitted_at, counting.c.submission_id]
    shared = problem.tie_rule is TieRule.SHARED
    rank = func.rank().over(order_by=[best_first] if shared else place)
    return (
        select(
            counting,
            rank.label("rank"),
            func.row_number().over(order_by=place).label("place"),
        )
        .where(counting.c.choice == 1)
        .subquery("ranked")
    )


def _complete(session: Session, problem: Problem, board: Board, rows: Sequence[Any]) -> list[Row]:
    """Add all columns, the number of entries and the last time to ranked rows."""
    scores = _scores(session, board, [row.evaluation_id for row in rows])
    activity = _activity(session, problem, [row.team_id for row in rows])
    return [
        Row(
            rank=row.rank,
            team_id=row.team_id,
            team_name=row.team_name,
            submission_id=row.submission_id,
            submitted_at=row.submitted_at,
            scores=scores[row.evaluation_id],
            entries=activity[row.team_id][0],
            last_at=activity[row.team_id][1],
        )
        for row in rows
    ]


def _scores(
    session: Session, board: Board, evaluations: Sequence[int]
) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = {}
    for score in session.scalars(
        select(Score).where(Score.evaluation_id.in_(evaluations), Score.board == board)
    ):
        found.setdefault(score.evaluation_id, {})[score.key] = score.value
    return found


def _activity(
    session: Session, problem: Problem, teams: Sequence[int]
) -> dict[int, tuple[int, datetime]]:
    """Count a team's scored submissions and find the last one."""
    rows = session.execute(
        select(
            Submission.team_id,
            func.count(Submission.id.distinct()),
            func.max(Submission.created_at),
        )
        .select_from(Submission)
        .join(
            Evaluation,
            and_(
                Evaluation.submission_id == Submission.id,
                Evaluation.is_current,
                Evaluation.state == State.SCORED,
            ),
        )
        .where(
            Submission.problem_id == problem.id,
            Submission.team_id.in_(teams),
            Submission.is_debug.is_(False),
            Submission.retracted_at.is_(None),
        )
        .group_by(Submission.team_id)
    )
    return {team: (count, last) for team, count, last in rows if team is not None}
