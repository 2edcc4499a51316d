"""Who may see and do what with problems. Judges read, organisers write."""

from datetime import datetime

from sqlalchemy import ColumnElement, true

from app.accounts.models import User
from app.problems.models import Board, Problem, StageState


def is_staff(actor: User | None) -> bool:
    """Say whether somebody works for the contest."""
    return actor is not None and actor.is_staff


def can_read_problem(actor: User | None, problem: Problem) -> bool:
    """Everybody sees a problem on the site; staff also one that was withdrawn."""
    return problem.withdrawn_at is None or is_staff(actor)


def readable_problems(actor: User | None) -> ColumnElement[bool]:
    """Return `can_read_problem` as a clause for lists."""
    return true() if is_staff(actor) else Problem.withdrawn_at.is_(None)


def can_edit_problem(actor: User | None, problem: Problem) -> bool:
    """Organisers change settings, stages and reveals."""
    del problem
    return actor is not None and actor.is_organiser


def can_publish_problem(actor: User | None) -> bool:
    """Organisers publish packs."""
    return actor is not None and actor.is_organiser


def can_read_staff_pages(actor: User | None) -> bool:
    """Staff see publications and the settings of every problem."""
    return is_staff(actor)


def can_download_input(actor: User | None, problem: Problem, board: Board, now: datetime) -> bool:
    """Say whether a board's input may be downloaded: once its stage has opened, by staff always."""
    if is_staff(actor):
        return True
    stage = problem.stage(board)
    return stage is not None and stage.state(now) is not StageState.UPCOMING


def needs_rules(actor: User, accepted: bool) -> bool:  # noqa: FBT001 — a fact, not a switch
    """Say whether somebody still has to accept the rules before a download."""
    return not (accepted or actor.is_staff)
