"""Reads of evaluations."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, load_only, selectinload

from app.accounts.models import User
from app.evaluations.models import Evaluation, EvaluationEvent, State
from app.problems.board_rules import BoardRules
from app.problems.models import Board, Problem
from app.submissions.errors import SubmissionNotFoundError
from app.submissions.models import Submission
from app.submissions.policy import (
    can_read_board,
    can_read_column,
    can_read_picture,
    can_read_raw,
)
from app.submissions.queries import readable_by
from scoring import BoardColumn


def get_current(session: Session, submission: Submission) -> Evaluation:
    """Return the evaluation that says how a submission stands: the current one on its board."""
    return session.scalars(
        select(Evaluation)
        .where(
            Evaluation.submission_id == submission.id,
            Evaluation.board == submission.board,
            Evaluation.is_current,
        )
        .options(selectinload(Evaluation.scores), joinedload(Evaluation.told))
    ).one()


def get_run(
    session: Session, submission: Submission, board: Board | None, actor: User
) -> Evaluation:
    """Return the evaluation in force on a board, or on the submission's own; to read its log.

    Raises:
        SubmissionNotFoundError: there is none on that board, or the actor may not know of it.
    """
    if board is None or board is submission.board:
        return get_current(session, submission)
    found = session.scalar(
        select(Evaluation).where(
            Evaluation.submission_id == submission.id,
            Evaluation.board == board,
            Evaluation.is_current,
        )
    )
    if found is None or not can_read_board(actor, submission.problem, board):
        raise SubmissionNotFoundError
    return found


def map_current(session: Session, submissions: Iterable[Submission]) -> Mapping[int, Evaluation]:
    """Return the current evaluation of each submission, by submission id, in two queries."""
    wanted = {submission.id: submission.board for submission in submissions}
    found = session.scalars(
        select(Evaluation)
        .where(Evaluation.submission_id.in_(wanted), Evaluation.is_current)
        .options(selectinload(Evaluation.scores), joinedload(Evaluation.told))
    )
    return {one.submission_id: one for one in found if one.board is wanted[one.submission_id]}


def list_evaluations(session: Session, submission: Submission) -> list[Evaluation]:
    """Return all evaluations of a submission, newest first: its history, without shadows."""
    return list(
        session.scalars(
            select(Evaluation)
            .where(Evaluation.submission_id == submission.id, Evaluation.is_shadow.is_(False))
            .order_by(Evaluation.id.desc())
            .options(selectinload(Evaluation.scores), joinedload(Evaluation.told))
        )
    )


def list_standings(
    session: Session, submission_id: int, actor: User
) -> tuple[Board, BoardRules, list[Evaluation]]:
    """Return a submission's own board, the boards' rules and its evaluations, newest first.

    One query.

    What a page asks every second: only the columns that say whether anything changed are read.

    Raises:
        SubmissionNotFoundError: there is none, or the actor may not know that there is.
    """
    rows = session.execute(
        select(Submission.board, Problem.board_rules, Evaluation)
        .join(Evaluation, Evaluation.submission_id == Submission.id)
        .join(Problem, Submission.problem_id == Problem.id)
        .where(
            Submission.id == submission_id,
            Evaluation.is_shadow.is_(False),
            readable_by(actor),
        )
        .order_by(Evaluation.id.desc())
        .options(
            load_only(
                Evaluation.board,
                Evaluation.state,
                Evaluation.attempt,
                Evaluation.is_current,
                Evaluation.pool,
            ),
            joinedload(Evaluation.told),
        )
    ).all()
    if not rows:
        raise SubmissionNotFoundError
    rules = BoardRules.model_validate(rows[0][1] or {})
    return rows[0][0], rules, [row[2] for row in rows]


def list_events(session: Session, evaluation: Evaluation) -> list[EvaluationEvent]:
    """Return the steps of an evaluation, oldest first."""
    return list(
        session.scalars(
            select(EvaluationEvent)
            .where(EvaluationEvent.evaluation_id == evaluation.id)
            .order_by(EvaluationEvent.id)
        )
    )


def visible_scores(
    evaluations: Iterable[Evaluation], problem: Problem, actor: User | None
) -> dict[str, dict[str, float]]:
    """Return the scores an actor may see, by board and column; B is for staff until the reveal.

    Of an A that answers by the Ladder everybody but staff sees what it tells.
    """
    found: dict[str, dict[str, float]] = {}
    for evaluation in evaluations:
        told = evaluation.told
        if told is not None and not can_read_raw(actor, problem, evaluation.board):
            found.setdefault(evaluation.board.value, {})[told.key] = told.value
        for score in evaluation.scores:
            shown = can_read_column(actor, problem, score.key)
            shown = shown and can_read_raw(actor, problem, score.board)
            if shown and can_read_board(actor, problem, score.board):
                found.setdefault(score.board.value, {})[score.key] = score.value
    return found


def map_on_a(
    current: Mapping[int, Evaluation],
    submissions: Iterable[Submission],
    columns: Mapping[int, BoardColumn],
    actor: User | None,
) -> dict[int, float | None]:
    """Return what an actor sees of each submission in the column that ranks on A."""
    return {
        one.id: visible_scores([current[one.id]], one.problem, actor)
        .get(Board.A.value, {})
        .get(columns[one.id].key)
        for one in submissions
    }


def map_ladder(evaluations: Iterable[Evaluation], rules: BoardRules) -> dict[str, float]:
    """Return what the Ladder tells of evaluations, by board; staff see it beside what was found."""
    return {
        one.board.value: one.told.value
        for one in evaluations
        if one.told is not None and rules.has_ladder_on(one.board)
    }


def is_untold(evaluation: Evaluation, rules: BoardRules) -> bool:
    """Tell whether it is scored and its team has not been told: an earlier one has not ended."""
    waits = evaluation.state is State.SCORED and evaluation.told is None
    return waits and rules.has_ladder_on(evaluation.board)


def find_rung(session: Session, evaluation: Evaluation) -> int | None:
    """Return the submission whose score the Ladder tells of an evaluation; None where it does not.

    That is its own where it was clearly better than those before.
    """
    if evaluation.told is None:
        return None
    return session.scalar(
        select(Evaluation.submission_id).where(Evaluation.id == evaluation.told.rung_id)
    )


def visible_pictures(
    evaluation: Evaluation, problem: Problem, actor: User | None
) -> dict[str, dict[str, Any]]:
    """Return where an answer is wrong, by board, as far as an actor may see it."""
    return {
        board: picture
        for board, picture in (evaluation.pictures or {}).items()
        if can_read_picture(actor, problem, Board(board))
    }


def visible_cases(
    evaluation: Evaluation, problem: Problem, actor: User | None
) -> dict[str, list[object]]:
    """Return the per-case details an actor may see, by board."""
    return {
        board: cases
        for board, cases in (evaluation.cases or {}).items()
        if can_read_board(actor, problem, Board(board))
        and can_read_raw(actor, problem, Board(board))
    }
