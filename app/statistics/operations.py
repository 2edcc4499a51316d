"""Claiming a board's statistics, working them out without a transaction, and writing them down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from sqlalchemy import and_, delete, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.blobs import BlobStore
from app.core.db import is_past
from app.evaluations.losses import read_losses
from app.evaluations.models import Evaluation, Score
from app.evaluations.standings import ensure_fresh, rules_of
from app.problems.models import Board, Problem
from app.standings.models import BoardState, Edition, Standing
from app.statistics.losses import (
    Draws,
    add_draws,
    keep_only,
    load_draws,
    store_draws,
)
from app.statistics.models import BoardStatistics, ScoreInterval
from scoring import METRICS
from scoring.bootstrap import Interval, score_intervals, tied_groups
from scoring.kept_losses import KeptLosses

MOST_TEAMS: Final = 1000
"""The best of a board are compared; what lies below them has no interval."""
LEASE: Final = timedelta(minutes=10)
_RING_AGAIN: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One team's entry on the board."""

    evaluation_id: int
    score: float
    losses_blob: str | None


@dataclass(frozen=True, slots=True)
class Task:
    """A board whose statistics are to be worked out."""

    problem_id: int
    board: Board
    version: int
    column: str
    best: float
    power: float
    entries: Sequence[Entry]
    """Best first."""
    draws_blob: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What was worked out, by evaluation in the order of the board."""

    intervals: Mapping[int, Interval]
    groups: Mapping[int, int]
    items: int
    draws_blob: str | None


def list_stale(session: Session, *, now: datetime) -> list[tuple[int, Board]]:
    """Return the boards that changed since their statistics and of which nobody was told lately."""
    return [
        (row.problem_id, row.board)
        for row in session.execute(
            select(BoardState.problem_id, BoardState.board)
            .outerjoin(
                BoardStatistics,
                and_(
                    BoardStatistics.problem_id == BoardState.problem_id,
                    BoardStatistics.board == BoardState.board,
                ),
            )
            .where(
                or_(
                    BoardStatistics.version.is_(None),
                    BoardStatistics.version != BoardState.version,
                ),
                is_past(BoardStatistics.rung_at, now - _RING_AGAIN),
                is_past(BoardStatistics.claimed_until, now),
            )
        )
    ]


def note_ringing(session: Session, problem_id: int, board: Board, *, now: datetime) -> None:
    """Note that a worker was asked, so that the next sweep does not ask again."""
    _hold(session, problem_id, board).rung_at = now


def claim(session: Session, problem_id: int, board: Board, *, now: datetime) -> Task | None:
    """Take a board's statistics on; None where they are up to date or somebody is at it."""
    problem = session.get_one(Problem, problem_id)
    ensure_fresh(session, problem, now=now)
    kept = _hold(session, problem_id, board)
    if kept.claimed_until is not None and kept.claimed_until > now:
        return None
    state = session.get(BoardState, (problem_id, board))
    if state is None or state.version == kept.version:
        return None
    kept.claimed_until = now + LEASE
    column = rules_of(session, problem).scoring.primary
    metric = METRICS.get(column.metric or "")
    if metric is None or metric.loss is None:
        return Task(problem_id, board, state.version, column.key, 0.0, 1.0, (), None)
    entries = _entries(session, problem_id, board, column.key)
    return Task(
        problem_id,
        board,
        state.version,
        column.key,
        metric.best,
        metric.power,
        entries,
        kept.draws_blob,
    )


def work_out(blobs: BlobStore, task: Task) -> Found:
    """Resample a board; entries whose draws are kept cost nothing. No transaction may be open."""
    scores = {one.evaluation_id: one.score for one in task.entries}
    kept = keep_only(load_draws(blobs, task.draws_blob), list(scores))
    fresh = _read_fresh(blobs, task, kept)
    draws = add_draws(kept, fresh)
    if fresh and not set(fresh) & set(draws.means):
        draws = add_draws(Draws(), _read_fresh(blobs, task, Draws()))  # the truth was replaced
    order = [one for one in scores if one in draws.means]
    if not order:
        return Found({}, {}, 0, None)
    means = np.stack([draws.means[one] for one in order])
    losses = np.asarray([[draws.average[one]] for one in order])
    intervals = score_intervals(
        [scores[one] for one in order], losses, means, best=task.best, power=task.power
    )
    groups = tied_groups(losses, means).tolist()
    return Found(
        dict(zip(order, intervals, strict=True)),
        dict(zip(order, groups, strict=True)),
        draws.items,
        store_draws(blobs, keep_only(draws, order)),
    )


def record(session: Session, task: Task, found: Found, *, now: datetime) -> None:
    """Write down what was found, in place of what was there."""
    kept = _hold(session, task.problem_id, task.board)
    session.execute(
        delete(ScoreInterval).where(
            ScoreInterval.problem_id == task.problem_id, ScoreInterval.board == task.board
        )
    )
    if found.intervals:
        session.execute(
            insert(ScoreInterval),
            [
                {
                    "evaluation_id": key,
                    "board": task.board,
                    "problem_id": task.problem_id,
                    "low": interval.low,
                    "high": interval.high,
                    "level_group": found.groups[key],
                }
                for key, interval in found.intervals.items()
            ],
        )
    kept.version, kept.items, kept.draws_blob = task.version, found.items, found.draws_blob
    kept.computed_at, kept.claimed_until, kept.rung_at = now, None, None


def _read_fresh(blobs: BlobStore, task: Task, kept: Draws) -> dict[int, KeptLosses]:
    found = {}
    for one in task.entries:
        if one.evaluation_id in kept.means or one.losses_blob is None:
            continue
        losses = read_losses(blobs, one.losses_blob, task.board, task.column)
        if losses is not None:
            found[one.evaluation_id] = losses
    return found


def _entries(session: Session, problem_id: int, board: Board, column: str) -> list[Entry]:
    rows = session.execute(
        select(Standing.evaluation_id, Score.value, Evaluation.losses_blob)
        .join(Evaluation, Evaluation.id == Standing.evaluation_id)
        .join(
            Score,
            and_(
                Score.evaluation_id == Standing.evaluation_id,
                Score.board == board,
                Score.key == column,
            ),
        )
        .where(
            Standing.problem_id == problem_id,
            Standing.board == board,
            Standing.edition == Edition.LIVE,
            Standing.pinned.is_(False),
        )
        .order_by(Standing.place_key)
        .limit(MOST_TEAMS)
    )
    return [Entry(*row) for row in rows]


def _hold(session: Session, problem_id: int, board: Board) -> BoardStatistics:
    wanted = (
        select(BoardStatistics)
        .where(BoardStatistics.problem_id == problem_id, BoardStatistics.board == board)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    session.flush()
    found = session.scalar(wanted)
    if found is not None:
        return found
    try:
        with session.begin_nested():
            session.add(BoardStatistics(problem_id=problem_id, board=board))
    except IntegrityError:
        pass  # another made it meanwhile
    return session.scalars(wanted).one()
