"""Who may do what with submissions. Pure predicates: `can_<verb>_<noun>(actor, thing)`."""

from collections.abc import Set as AbstractSet

from app.accounts.models import User
from app.problems.board_rules import VisibleTo
from app.problems.models import Board, Problem
from app.submissions.models import Submission


def can_read_submission(actor: User, submission: Submission, teams: AbstractSet[int]) -> bool:
    """Allow the team's members (`teams` holds the ids of the actor's teams) and staff."""
    return actor.is_staff or (submission.team_id is not None and submission.team_id in teams)


def can_cancel_submission(actor: User, submission: Submission, teams: AbstractSet[int]) -> bool:
    """Allow the team's members and organisers; a judge only reads."""
    mine = submission.team_id is not None and submission.team_id in teams
    return actor.is_organiser or (mine and not actor.is_staff)


def can_annotate_submission(actor: User, submission: Submission, teams: AbstractSet[int]) -> bool:
    """Allow the team's members to write their note."""
    mine = submission.team_id is not None and submission.team_id in teams
    return mine and not actor.is_staff


def can_retract_submission(actor: User) -> bool:
    """Allow organisers to take a submission off the boards."""
    return actor.is_organiser


def can_rerun_submission(actor: User) -> bool:
    """Allow organisers to have a submission evaluated again."""
    return actor.is_organiser


def can_choose_submission(actor: User, submission: Submission, teams: AbstractSet[int]) -> bool:
    """Allow the team's members to say that it counts; whoever works for the contest may not."""
    return submission.team_id is not None and submission.team_id in teams and not actor.is_staff


def can_submit(actor: User) -> bool:
    """Refuse those who run the contest."""
    return not actor.is_staff


def can_read_board(actor: User | None, problem: Problem, board: Board) -> bool:
    """Allow everybody A, staff B at any time, everybody B after the reveal."""
    if board is Board.A or problem.b_revealed_at is not None:
        return True
    return actor is not None and actor.is_staff


def can_read_all_rows(actor: User | None, problem: Problem, board: Board) -> bool:
    """Allow whoever may read a board, but of an A that shows teams their own row staff alone.

    After the reveal A has no secret left.
    """
    if not can_read_board(actor, problem, board):
        return False
    if board is Board.B or problem.rules.visible_to is VisibleTo.ALL:
        return True
    return problem.b_revealed_at is not None or (actor is not None and actor.is_staff)


def can_read_raw(actor: User | None, problem: Problem, board: Board) -> bool:
    """Allow everybody what was found, but where a board answers by the Ladder staff alone.

    Whoever may not sees what the Ladder tells. That stays so after the end: what counted on A is
    what was told.
    """
    return not problem.rules.has_ladder_on(board) or (actor is not None and actor.is_staff)


def can_read_picture(actor: User | None, problem: Problem, board: Board) -> bool:
    """Allow staff; of A the team too, where organisers let it: confusions tell of the truth.

    Of B nobody else ever: who could correct an answer by it could do so in the next contest.
    """
    if actor is not None and actor.is_staff:
        return True
    return board is Board.A and problem.rules.explain_a and can_read_raw(actor, problem, board)


def can_read_column(actor: User | None, problem: Problem, key: str) -> bool:
    """Allow everybody what is shown, staff what is hidden too."""
    return key not in problem.rules.hidden_columns or (actor is not None and actor.is_staff)
