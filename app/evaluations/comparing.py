"""A submission's scores beside those of the team's best other one and of the baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, and_, select, true
from sqlalchemy.orm import Session

from app.evaluations.models import Evaluation, Score, State, ToldScore
from app.problems.models import Board
from app.submissions.models import Submission
from scoring import BoardColumn, Direction

Kind = type[Score] | type[ToldScore]


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
    session: Session,
    submission: Submission,
    boards: Mapping[Board, bool],
    primary: BoardColumn,
) -> dict[str, Comparison]:
    """Return, by board, the best other submission of the team and the newest baseline.

    `boards` says of each whether what was found is compared, or else what the Ladder tells.
    Retracted and try runs do not count. Three queries a board at most.
    """
    return {
        board.value: _compare_on(
            session, submission, Score if is_raw else ToldScore, board, primary
        )
        for board, is_raw in boards.items()
    }


def gap(mine: float | None, other: float | None, direction: Direction) -> Gap | None:
    """Return the signed difference and whether it is to the good; None where either is missing."""
    if mine is None or other is None:
        return None
    difference = mine - other
    better = difference > 0 if direction is Direction.MAX else difference < 0
    return Gap(difference, better)


def _compare_on(
    session: Session, submission: Submission, kind: Kind, board: Board, primary: BoardColumn
) -> Comparison:
    best = None
    if submission.team_id is not None:
        worth = kind.value.desc() if primary.direction is Direction.MAX else kind.value
        best = session.execute(
            _scored(submission, kind, board, primary)
            .where(Submission.team_id == submission.team_id, Submission.id != submission.id)
            .order_by(worth, Submission.id)
            .limit(1)
        ).one_or_none()
    baseline = session.execute(
        _scored(submission, kind, board, primary)
        .where(Submission.is_baseline, Submission.id != submission.id)
        .order_by(Submission.id.desc())
        .limit(1)
    ).one_or_none()
    found = [row for row in (best, baseline) if row is not None]
    scores = _scores(session, kind, board, [evaluation for _, evaluation in found])
    rivals = {number: Rival(number, scores.get(evaluation, {})) for number, evaluation in found}
    return Comparison(
        own_best=None if best is None else rivals[best[0]],
        baseline=None if baseline is None else rivals[baseline[0]],
    )


def _scored(
    submission: Submission, kind: Kind, board: Board, primary: BoardColumn
) -> Select[int, int]:
    return (
        select(Submission.id, Evaluation.id)
        .join(Evaluation, Evaluation.submission_id == Submission.id)
        .join(
            kind,
            and_(
                kind.evaluation_id == Evaluation.id,
                _of_board(kind, board),
                kind.key == primary.key,
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


def _of_board(kind: Kind, board: Board) -> ColumnElement[bool]:
    """Return the condition for a board's numbers; the Ladder tells of A alone."""
    return Score.board == board if kind is Score else true()


def _scores(
    session: Session, kind: Kind, board: Board, evaluations: Sequence[int]
) -> dict[int, dict[str, float]]:
    rows = session.execute(
        select(kind.evaluation_id, kind.key, kind.value).where(
            kind.evaluation_id.in_(evaluations), _of_board(kind, board)
        )
    )
    found: dict[int, dict[str, float]] = {}
    for evaluation, key, value in rows:
        found.setdefault(evaluation, {})[key] = value
    return found
