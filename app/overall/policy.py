"""Who may do what with overall boards, and what they may count."""

from app.accounts.models import User
from app.problems.models import Board, Problem
from app.problems.policy import can_read_problem
from app.submissions.policy import can_read_all_rows


def can_edit_overall(actor: User | None) -> bool:
    """Organisers decide what is counted and how; everybody reads."""
    return actor is not None and actor.is_organiser


def can_count_board(problem: Problem, board: Board) -> bool:
    """Count what a visitor may read and nothing else: an overall board is everybody's."""
    exists = problem.stage(board) is not None
    return exists and can_read_problem(None, problem) and can_read_all_rows(None, problem, board)
