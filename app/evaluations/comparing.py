"""A submission's scores beside those of the team's best other one and of the baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from app.evaluations.models import Evaluation, Score, State
from app.problems.models import Board
from app.submissions.models import Submission
from scoring import BoardColumn, Direction


@dataclass(frozen=True, slots=True)
class Rival:
    """Another submission's scores on one board."""

    submission_id: int
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one board's scores stand beside; None where there is nothing to compare with."""

    own_best: Rival | None = None
    baseline: Rival | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """How far a score is from another's: positive `by` is better, whatever the direction."""

    difference: float
    is_better: bool = field(default=False)


def compare(
    session: Session, submission: Submission, boards: Sequence[Board], primary: BoardColumn
) -> dict[str, Comparison]:
    """Return, by board, the best other submission of the team and the newest baseline.

    Retracted and try runs do not count. Three queries a board at most.
    """
    return {board.value: _compare_on(session, submission, board, primary) for board in boards}


def gap(mine: float | None, other: float | None, direction: Direction) -> Gap | None:
    """Return the signed difference and whether it is to the good; None where either is missing."""
    if mine is None or other is None:
        return None
    difference = mine - other
    better = difference > 0 if direction is Direction.MAX else difference < 0
    return Gap(difference, better)


def _compare_on(
    session: Session, submission: Submission, board: Board, primary: BoardColumn
) -> Comparison:
    best = None
    if submission.team_id is not None:
        worth = Score.value.desc() if primary.direction is Direction.MAX else Score.value
        best = session.execute(
            _scored(submission, board, primary)
            .where(Submission.team_id == submission.team_id, Submission.id != submission.id)
            .order_by(worth, Submission.id)
            .limit(1)
        ).one_or_none()
    baseline = session.execute(
        _scored(submission, board, primary)
        .where(Submission.is_baseline, Submission.id != submission.id)
        .order_by(Submission.id.desc())
        .limit(1)
    ).one_or_none()
    found = [row for row in (best, baseline) if row is not None]
    scores = _scores(session, board, [evaluation for _, evaluation in found])
    rivals = {number: Rival(number, scores.get(evaluation, {})) for number, evaluation in found}
    return Comparison(
        own_best=None if best is None else rivals[best[0]],
        baseline=None if baseline is None else rivals[baseline[0]],
    )


def _scored(submission: Submission, board: Board, primary: BoardColumn) -> Select[int, int]:
    return (
        select(Submission.id, Evaluation.id)
        .join(Evaluation, Evaluation.submission_id == Submission.id)
        .join(
            Score,
            and_(
                Score.evaluation_id == Evaluation.id,
                Score.board == board,
                Score.key == primary.key,
            ),
        )
        .where(
            Submission.problem_id == submission.problem_id,
            Submission.retracted_at.is_(None),
            Submission.is_debug.is_(False),
            Evaluation.is_current,
            Evaluation.state == State.SCORED,
        )
    )


def _scores(
    session: Session, board: Board, evaluations: Sequence[int]
) -> dict[int, dict[str, float]]:
    rows = session.execute(
        select(Score.evaluation_id, Score.key, Score.value).where(
            Score.evaluation_id.in_(evaluations), Score.board == board
        )
    )
    found: dict[int, dict[str, float]] = {}
    for evaluation, key, value in rows:
        found.setdefault(evaluation, {})[key] = value
    return found
