"""Plan an act, weigh it, confirm it, do it piece by piece. Callers own the transaction.

Nothing is remembered between two pieces but what the database holds: killed in the middle, an act
goes on where it was.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.bulk import queries
from app.bulk.choosing import Choice, chosen
from app.bulk.errors import BulkStateError, NoBulkReasonError, NothingSelectedError
from app.bulk.models import Bulk, BulkItem, BulkKind, BulkMove, BulkState, ItemState
from app.core.audit import record_audit
from app.core.db import hold, undone
from app.core.errors import AppError
from app.core.jobs import JobQueue
from app.evaluations.jobs import ring
from app.evaluations.models import Evaluation
from app.evaluations.operations import rerun
from app.evaluations.standings import refresh_submission, refresh_team
from app.problems.models import Board, Problem
from app.problems.operations import require_unsigned, subject
from app.rescoring.boards import Place, read_boards, rebuild_boards
from app.submissions.models import Submission
from app.submissions.operations import retract

LONGEST_REASON: Final = 500
PIECE: Final = 25
"""So many submissions are dealt with in one transaction: others wait no longer than that."""
WEIGHED_AT_ONCE: Final = 200
"""An act on no more than these is weighed while its planner waits; the scheduler weighs others."""
_TEAM_BY_TEAM: Final = 50
"""Boards are made anew where more teams than these are concerned."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done, to which submissions, and why."""

    kind: BulkKind
    choice: Choice
    reason: str


def plan(session: Session, problem: Problem, wish: Wish, actor: User, *, now: datetime) -> Bulk:
    """Fix which submissions an act is done to; nothing is done to them yet.

    Raises:
        NoBulkReasonError: there is no reason, or too long a one.
        NothingSelectedError: no submission fits.
    """
    text = wish.reason.strip()
    if not 0 < len(text) <= LONGEST_REASON:
        raise NoBulkReasonError(limit=LONGEST_REASON)
    bulk = Bulk(
        problem=problem,
        kind=wish.kind,
        reason=text,
        chosen_by=wish.choice.told(),
        total=0,
        planned_by_id=actor.id,
        planned_at=now,
    )
    session.add(bulk)
    session.flush()
    found = chosen(problem, wish.choice, wish.kind).subquery()
    rows = select(
        literal(bulk.id), found.c.id, literal(ItemState.WAITING, BulkItem.state.type), literal("")
    )
    columns = ["bulk_id", "submission_id", "state", "because"]
    session.execute(insert(BulkItem).from_select(columns, rows))
    bulk.total = queries.get_progress(session, bulk).total
    if not bulk.total:
        raise NothingSelectedError
    session.flush()
    return bulk


def weigh(session: Session, bulk: Bulk, *, now: datetime) -> None:
    """Find out whom an act would move: it is done to the boards, looked at and undone.

    A re-run and a re-score take a score off until there is another: that is what is found here.

    Raises:
        BulkStateError: it is confirmed already.
    """
    hold(session, bulk)
    if bulk.state not in {BulkState.WEIGHING, BulkState.PLANNED}:
        raise BulkStateError
    problem = bulk.problem
    before = read_boards(session, problem, now=now)
    with undone(session):
        _pretend(session, bulk, now=now)
        after = read_boards(session, problem, now=now)
    _note_moves(session, bulk, before, after)
    bulk.state, bulk.weighed_at = BulkState.PLANNED, now
    session.flush()


def confirm(session: Session, bulk: Bulk, actor: User, *, now: datetime) -> None:
    """Decide that an act is done; from here on it goes by itself.

    Raises:
        BulkStateError: it is not weighed yet, or decided already.
        BoardSignedOffError: a judge has signed a board of the problem off.
    """
    hold(session, bulk)
    if bulk.state is not BulkState.PLANNED:
        raise BulkStateError
    require_unsigned(session, bulk.problem)
    bulk.state, bulk.confirmed_by_id, bulk.confirmed_at = BulkState.UNDER_WAY, actor.id, now
    facts = _facts(bulk) | {"reason": bulk.reason, "chosen_by": bulk.chosen_by}
    record_audit(
        session, actor.as_actor(), f"bulk.{bulk.kind}", subject(bulk.problem), facts, now=now
    )


def advance(session: Session, queue: JobQueue, bulk: Bulk, *, now: datetime) -> int:
    """Do the next piece of an act that is under way; return how many submissions are left.

    A submission that has gone on meanwhile (it is being evaluated, it is retracted) is passed over
    with the reason.
    """
    hold(session, bulk)
    if bulk.state is not BulkState.UNDER_WAY:
        return 0
    act, by = _ACTS[bulk.kind], session.get_one(User, bulk.confirmed_by_id)
    fresh: list[Evaluation] = []
    for item in queries.list_waiting(session, bulk, PIECE):
        try:
            with session.begin_nested():
                fresh += act(session, bulk, item.submission, by, now)
            item.state = ItemState.DONE
        except AppError as error:
            item.state, item.because = ItemState.SKIPPED, error.code
    session.flush()
    for evaluation in fresh:
        ring(session, queue, evaluation)
    left = queries.get_progress(session, bulk).waiting
    if not left:
        _finish(session, bulk, BulkState.DONE, by, now=now)
    return left


def stop(session: Session, bulk: Bulk, actor: User, *, now: datetime) -> None:
    """Leave the rest of an act as it is; what is done stays done.

    Raises:
        BulkStateError: it is not under way.
    """
    hold(session, bulk)
    if bulk.state is not BulkState.UNDER_WAY:
        raise BulkStateError
    session.execute(
        update(BulkItem)
        .where(BulkItem.bulk_id == bulk.id, BulkItem.state == ItemState.WAITING)
        .values(state=ItemState.SKIPPED, because="stopped")
    )
    _finish(session, bulk, BulkState.STOPPED, actor, now=now)


def discard(session: Session, bulk: Bulk) -> None:
    """Drop a plan: nothing was done, so nothing has to be remembered.

    Raises:
        BulkStateError: it is decided already.
    """
    hold(session, bulk)
    if bulk.state not in {BulkState.WEIGHING, BulkState.PLANNED}:
        raise BulkStateError
    for part in (BulkMove, BulkItem):
        session.execute(delete(part).where(part.bulk_id == bulk.id))
    session.delete(bulk)
    session.flush()


def _finish(session: Session, bulk: Bulk, to: BulkState, by: User, *, now: datetime) -> None:
    bulk.state, bulk.finished_at = to, now
    progress = queries.get_progress(session, bulk)
    facts = _facts(bulk) | {"done": progress.done, "skipped": progress.skipped}
    action = "bulk.finish" if to is BulkState.DONE else "bulk.stop"
    record_audit(session, by.as_actor(), action, subject(bulk.problem), facts, now=now)


def _facts(bulk: Bulk) -> dict[str, object]:
    return {"bulk": bulk.id, "act": bulk.kind.value, "submissions": bulk.total}


def _retract(
    session: Session, bulk: Bulk, submission: Submission, by: User, now: datetime
) -> list[Evaluation]:
    retract(session, submission, by, bulk.reason, now=now)
    refresh_submission(session, submission, now=now, by_staff=True)
    return []


def _rerun(
    session: Session, bulk: Bulk, submission: Submission, by: User, now: datetime
) -> list[Evaluation]:
    keep = bulk.kind is BulkKind.RESCORE
    return rerun(session, submission, by, now=now, keep_answers=keep)


_ACTS: Final[
    Mapping[BulkKind, Callable[[Session, Bulk, Submission, User, datetime], list[Evaluation]]]
] = {BulkKind.RERUN: _rerun, BulkKind.RESCORE: _rerun, BulkKind.RETRACT: _retract}


def _pretend(session: Session, bulk: Bulk, *, now: datetime) -> None:
    """Take off the boards what the act would take off."""
    mine = select(BulkItem.submission_id).where(BulkItem.bulk_id == bulk.id)
    quietly = {"synchronize_session": False}
    session.execute(
        update(Submission)
        .where(Submission.id.in_(mine), Submission.retracted_at.is_(None))
        .values(retracted_at=now)
        .execution_options(**quietly)
    )
    session.expire_all()
    teams = session.scalars(
        select(Submission.team_id)
        .where(Submission.id.in_(mine), Submission.team_id.is_not(None))
        .distinct()
        .order_by(Submission.team_id)
    ).all()
    if len(teams) > _TEAM_BY_TEAM:
        rebuild_boards(session, bulk.problem, now=now)
        return
    for team in teams:
        refresh_team(session, bulk.problem, team, now=now, by_staff=True)


def _note_moves(
    session: Session,
    bulk: Bulk,
    before: Mapping[Board, Mapping[int, Place]],
    after: Mapping[Board, Mapping[int, Place]],
) -> None:
    session.execute(delete(BulkMove).where(BulkMove.bulk_id == bulk.id))
    rows = [
        {
            "bulk_id": bulk.id,
            "board": board,
            "team_id": team_id,
            "old_rank": old.rank,
            "new_rank": None if new is None else new.rank,
            "old_score": old.score,
            "new_score": None if new is None else new.score,
        }
        for board, places in before.items()
        for team_id, old in places.items()
        for new in [after[board].get(team_id)]
        if new != old
    ]
    if rows:
        session.execute(insert(BulkMove), rows)
