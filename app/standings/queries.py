"""Reads of standings: a page of a board, a team's place, without reading what lies before them.

A place is the number of rows before it: whole buckets are added up, and only the rows of one bucket
are counted. A page of the longest board so costs its buckets (a board of 100,000 has some 600), at
most two buckets' rows of the index, and its own rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select, union_all
from sqlalchemy.orm import Session

from app.core.pagination import Page, PageRequest
from app.problems.models import Board, Problem
from app.standings.models import (
    ALL_TEAMS,
    BoardState,
    Edition,
    FinalChoice,
    Standing,
    StandingBucket,
    TeamClass,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which rows: of which edition of which board, all or those of a division."""

    problem_id: int
    board: Board
    edition: Edition = Edition.LIVE
    division: str = ALL_TEAMS

    def of(self, edition: Edition) -> "Stretch":
        """Return the same rows in another edition."""
        return replace(self, edition=edition)

    def within(self, division: str) -> "Stretch":
        """Return the rows of a division of the same board."""
        return replace(self, division=division)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A row with its rank among the rows of its stretch."""

    rank: int | None
    """Empty where it is none: of an organiser's entry."""
    row: Standing


def map_states(session: Session, problem: Problem) -> dict[Board, BoardState]:
    """Return what is true of each board of a problem; one on which nothing was put is left out."""
    found = session.scalars(
        select(BoardState)
        .where(BoardState.problem_id == problem.id)
        .execution_options(populate_existing=True)
    )
    return {state.board: state for state in found}


def list_ranked(
    session: Session, stretch: Stretch, request: PageRequest, rank_width: int | None
) -> Page[Ranked]:
    """Return one page, ranked; at most four queries.

    `rank_width` is how many bytes of a key have to be equal for a shared rank; None shares none.
    """
    buckets = _list_buckets(session, stretch)
    total = sum(bucket.size for bucket in buckets)
    rows = _rows_from(session, stretch, buckets, request)
    if not rows:
        return Page([], total, request)
    if rank_width is None:
        ranked = [Ranked(request.offset + number, row) for number, row in enumerate(rows, 1)]
        return Page(ranked, total, request)
    rank = 1 + _before(session, stretch, buckets, rows[0].place_key[:rank_width])
    ranked = []
    for number, row in enumerate(rows, 1):
        if ranked and row.place_key[:rank_width] != ranked[-1].row.place_key[:rank_width]:
            rank = request.offset + number
        ranked.append(Ranked(rank, row))
    return Page(ranked, total, request)


def find_ranked(
    session: Session, stretch: Stretch, team_id: int, rank_width: int | None
) -> Ranked | None:
    """Return a team's row and rank; None where it is not ranked there."""
    row = session.scalar(select(Standing).where(*in_stretch(stretch), Standing.team_id == team_id))
    if row is None:
        return None
    buckets = _list_buckets(session, stretch)
    return Ranked(1 + _before(session, stretch, buckets, row.place_key[:rank_width]), row)


def map_ranks(
    session: Session, stretch: Stretch, team_ids: Sequence[int], rank_width: int | None
) -> dict[int, int]:
    """Return the ranks of a page's teams on another board; three queries whatever their number."""
    keys = {
        row.team_id: row.place_key[:rank_width]
        for row in session.execute(
            select(Standing.team_id, Standing.place_key).where(
                *in_stretch(stretch), Standing.team_id.in_(team_ids)
            )
        )
    }
    if not keys:
        return {}
    buckets = _list_buckets(session, stretch)
    before, counts = {}, []
    for team_id, key in keys.items():
        lower = [bucket for bucket in buckets if bucket.low_key <= key]
        before[team_id] = sum(bucket.size for bucket in lower[:-1])
        low = lower[-1].low_key if lower else b""
        inside = (
            select(func.count())
            .select_from(Standing)
            .where(*in_stretch(stretch), Standing.place_key >= low, Standing.place_key < key)
        )
        counts.append(select(literal(team_id), inside.scalar_subquery()))
    return {team: 1 + before[team] + inside for team, inside in session.execute(union_all(*counts))}


def find_row(session: Session, stretch: Stretch, team_id: int) -> Standing | None:
    """Return a team's row whether it is ranked or not."""
    return session.scalar(select(Standing).where(*on_board(stretch), Standing.team_id == team_id))


def list_pinned(session: Session, stretch: Stretch) -> Sequence[Standing]:
    """Return the organisers' entries, best first."""
    return session.scalars(
        select(Standing)
        .where(*on_board(stretch), Standing.pinned)
        .order_by(Standing.place_key)
        .limit(100)
    ).all()


def list_told(session: Session, stretch: Stretch) -> Iterator[tuple[Any, ...]]:
    """Return what every row of a board's edition says, to be compared; pinned ones too."""
    rows = session.execute(
        select(
            Standing.team_id,
            Standing.place_key,
            Standing.submission_id,
            Standing.evaluation_id,
            Standing.entries,
            Standing.last_at,
            Standing.division,
            Standing.pinned,
        ).where(*on_board(stretch))
    )
    yield from (tuple(row) for row in rows)


def count_ranked(session: Session, stretch: Stretch) -> int:
    """Return how many rows the buckets of a stretch count."""
    return sum(bucket.size for bucket in _list_buckets(session, stretch))


def find_bucket(session: Session, within: Stretch, key: bytes) -> StandingBucket | None:
    """Return the bucket a key belongs to."""
    return session.scalar(
        select(StandingBucket)
        .where(*_of_stretch(within), StandingBucket.low_key <= key)
        .order_by(StandingBucket.low_key.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )


def find_class(session: Session, team_id: int) -> TeamClass | None:
    """Return how a team is classed, where somebody said anything about it."""
    return session.get(TeamClass, team_id)


def list_choices(session: Session, team_id: int) -> list[int]:
    """Return the submissions a team chose, the oldest choice first."""
    return list(
        session.scalars(
            select(FinalChoice.submission_id)
            .where(FinalChoice.team_id == team_id)
            .order_by(FinalChoice.chosen_at, FinalChoice.submission_id)
        )
    )


def on_board(stretch: Stretch) -> list[ColumnElement[bool]]:
    """Return the condition for every row of a board's edition, pinned ones too."""
    return [
        Standing.problem_id == stretch.problem_id,
        Standing.board == stretch.board,
        Standing.edition == stretch.edition,
    ]


def in_stretch(stretch: Stretch) -> list[ColumnElement[bool]]:
    """Return the condition for the ranked rows."""
    wanted = [*on_board(stretch), Standing.pinned.is_(False)]
    if stretch.division != ALL_TEAMS:
        wanted.append(Standing.division == stretch.division)
    return wanted


def _of_stretch(stretch: Stretch) -> list[ColumnElement[bool]]:
    return [
        StandingBucket.problem_id == stretch.problem_id,
        StandingBucket.board == stretch.board,
        StandingBucket.edition == stretch.edition,
        StandingBucket.division == stretch.division,
    ]


@dataclass(frozen=True, slots=True)
class _Bucket:
    low_key: bytes
    size: int


def _list_buckets(session: Session, stretch: Stretch) -> list[_Bucket]:
    rows = session.execute(
        select(StandingBucket.low_key, StandingBucket.size)
        .where(*_of_stretch(stretch))
        .order_by(StandingBucket.low_key)
    )
    return [_Bucket(bytes(low), size) for low, size in rows]


def _rows_from(
    session: Session, stretch: Stretch, buckets: Sequence[_Bucket], request: PageRequest
) -> Sequence[Standing]:
    before = 0
    for bucket in buckets:
        if before + bucket.size > request.offset:
            return session.scalars(
                select(Standing)
                .where(*in_stretch(stretch), Standing.place_key >= bucket.low_key)
                .order_by(Standing.place_key)
                .offset(request.offset - before)
                .limit(request.per_page)
            ).all()
        before += bucket.size
    return []


def _before(session: Session, stretch: Stretch, buckets: Sequence[_Bucket], key: bytes) -> int:
    """Count the rows whose keys are smaller."""
    lower = [bucket for bucket in buckets if bucket.low_key <= key]
    if not lower:
        return 0
    inside = session.scalars(
        select(func.count())
        .select_from(Standing)
        .where(
            *in_stretch(stretch), Standing.place_key >= lower[-1].low_key, Standing.place_key < key
        )
    ).one()
    return sum(bucket.size for bucket in lower[:-1]) + inside
