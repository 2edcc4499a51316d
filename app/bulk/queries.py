"""Reads of acts on many submissions: what fits a filter, progress, what would move."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, selectinload

from app.bulk.choosing import Choice
from app.bulk.errors import BulkNotFoundError
from app.bulk.models import Bulk, BulkItem, BulkMove, BulkState, ItemState
from app.core.pagination import Page, PageRequest
from app.problems.models import Board, Problem
from app.submissions.models import Submission

BUSY = (BulkState.WEIGHING, BulkState.UNDER_WAY)
"""What the scheduler has something to do for."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an act has come, in submissions."""

    waiting: int
    done: int
    skipped: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.waiting + self.done + self.skipped

    @property
    def share(self) -> float:
        """The part that is over with, from 0 to 1."""
        return (self.done + self.skipped) / self.total if self.total else 1.0


@dataclass(frozen=True, slots=True)
class MoveCounts:
    """How many teams an act would move on a board."""

    up: int
    down: int
    leaves: int


def list_fitting(
    session: Session, problem: Problem, choice: Choice, page: PageRequest
) -> Page[Submission]:
    """Return the submissions that fit, newest first. Three queries."""
    wanted = choice.conditions(problem)
    total = session.scalars(select(func.count(Submission.id)).where(*wanted)).one()
    rows = session.scalars(
        select(Submission)
        .where(*wanted)
        .order_by(Submission.id.desc())
        .offset(page.offset)
        .limit(page.per_page)
        .options(selectinload(Submission.team), selectinload(Submission.problem))
    ).all()
    return Page(rows, total, page)


def get_bulk(session: Session, number: int) -> Bulk:
    """Return an act with its problem and who planned and confirmed it.

    Raises:
        BulkNotFoundError: there is none of that number.
    """
    found = session.get(
        Bulk,
        number,
        options=[
            selectinload(Bulk.problem),
            selectinload(Bulk.planned_by),
            selectinload(Bulk.confirmed_by),
        ],
    )
    if found is None:
        raise BulkNotFoundError(number=number)
    return found


def list_bulks(session: Session, page: PageRequest) -> Page[Bulk]:
    """Return all acts, newest first."""
    total = session.scalars(select(func.count(Bulk.id))).one()
    rows = session.scalars(
        select(Bulk)
        .order_by(Bulk.id.desc())
        .offset(page.offset)
        .limit(page.per_page)
        .options(selectinload(Bulk.problem), selectinload(Bulk.planned_by))
    ).all()
    return Page(rows, total, page)


def list_busy_ids(session: Session) -> Sequence[int]:
    """Return the acts that are being weighed or done, oldest first."""
    return session.scalars(select(Bulk.id).where(Bulk.state.in_(BUSY)).order_by(Bulk.id)).all()


def get_progress(session: Session, bulk: Bulk) -> Progress:
    """Count; one query."""
    rows = session.execute(
        select(BulkItem.state, func.count())
        .where(BulkItem.bulk_id == bulk.id)
        .group_by(BulkItem.state)
    )
    counted = dict.fromkeys(ItemState, 0) | {row[0]: row[1] for row in rows}
    return Progress(counted[ItemState.WAITING], counted[ItemState.DONE], counted[ItemState.SKIPPED])


def list_items(session: Session, bulk: Bulk, page: PageRequest) -> Page[BulkItem]:
    """Return the submissions of an act, what was passed over first."""
    mine = BulkItem.bulk_id == bulk.id
    total = session.scalars(select(func.count()).select_from(BulkItem).where(mine)).one()
    first = case((BulkItem.state == ItemState.SKIPPED, 0), else_=1)
    rows = session.scalars(
        select(BulkItem)
        .where(mine)
        .order_by(first, BulkItem.submission_id)
        .offset(page.offset)
        .limit(page.per_page)
        .options(selectinload(BulkItem.submission).selectinload(Submission.team))
    ).all()
    return Page(rows, total, page)


def list_waiting(session: Session, bulk: Bulk, limit: int) -> Sequence[BulkItem]:
    """Return the next submissions of an act, oldest first."""
    return session.scalars(
        select(BulkItem)
        .where(BulkItem.bulk_id == bulk.id, BulkItem.state == ItemState.WAITING)
        .order_by(BulkItem.submission_id)
        .limit(limit)
        .options(selectinload(BulkItem.submission).selectinload(Submission.problem))
    ).all()


def count_moves(session: Session, bulk: Bulk, board: Board) -> MoveCounts:
    """Count whom an act would move on a board; one query."""
    leaves = BulkMove.new_rank.is_(None)
    row = session.execute(
        select(
            func.count(case((BulkMove.new_rank < BulkMove.old_rank, 1))),
            func.count(case((BulkMove.new_rank > BulkMove.old_rank, 1))),
            func.count(case((leaves, 1))),
        ).where(BulkMove.bulk_id == bulk.id, BulkMove.board == board)
    ).one()
    return MoveCounts(row[0], row[1], row[2])


def list_moves(session: Session, bulk: Bulk, board: Board, limit: int) -> Sequence[BulkMove]:
    """Return whom an act would move on a board: the best ranks before it first."""
    return session.scalars(
        select(BulkMove)
        .where(BulkMove.bulk_id == bulk.id, BulkMove.board == board)
        .order_by(BulkMove.old_rank, BulkMove.team_id)
        .limit(limit)
        .options(selectinload(BulkMove.team))
    ).all()
