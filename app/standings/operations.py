"""Writes of standings: put a row, take it off, make a board anew. The caller owns the transaction.

Whoever writes holds the `BoardState` of the board first, so that of two at once the second sees
what the first did; board A before board B, so that no two wait for each other.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import delete, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.problems.models import Board, Problem
from app.standings.counting import Place
from app.standings.models import (
    ALL_TEAMS,
    BoardState,
    Edition,
    Standing,
    StandingBucket,
    TeamClass,
)
from app.standings.queries import Stretch, find_bucket, in_stretch, on_board

BUCKET: Final = 128
"""How many rows a bucket is made with; it is split when it has twice as many."""
_BATCH: Final = 2_000


@dataclass(frozen=True, slots=True)
class Classed:
    """A team's row with how the team is classed."""

    place: Place
    division: str = ALL_TEAMS
    pinned: bool = False


def hold_board(session: Session, problem: Problem, board: Board) -> BoardState:
    """Return a board's state and keep others from changing the board until the transaction ends."""
    wanted = (
        select(BoardState)
        .where(BoardState.problem_id == problem.id, BoardState.board == board)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    session.flush()
    found = session.scalar(wanted)
    if found is None:
        try:
            with session.begin_nested():
                session.add(BoardState(problem_id=problem.id, board=board))
        except IntegrityError:
            pass  # another made it meanwhile
        found = session.scalars(wanted).one()
    return found


def put_row(session: Session, stretch: Stretch, row: Classed, *, bucket: int = BUCKET) -> None:
    """Put a team where it belongs, in place of where it was; `bucket` is what one is split to.

    Most scores do not move a team: then its row is written, and no count.
    """
    old = session.execute(
        select(Standing.id, Standing.place_key, Standing.division, Standing.pinned).where(
            *on_board(stretch), Standing.team_id == row.place.team_id
        )
    ).one_or_none()
    values, key = _values(stretch, row), row.place.key
    new = dict.fromkeys(_divisions(row.division, pinned=row.pinned), key)
    if old is None:
        session.execute(insert(Standing), [values])
        _recount(session, stretch, {}, new, bucket)
        return
    session.execute(
        update(Standing)
        .where(Standing.id == old.id)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    before = dict.fromkeys(_divisions(old.division, pinned=old.pinned), bytes(old.place_key))
    _recount(session, stretch, before, new, bucket)


def take_off(session: Session, stretch: Stretch, team_id: int) -> None:
    """Take a team off; one that is not there is no error."""
    gone = session.execute(
        delete(Standing)
        .where(*on_board(stretch), Standing.team_id == team_id)
        .returning(Standing.place_key, Standing.division, Standing.pinned)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if gone is not None:
        for division in _divisions(gone.division, pinned=gone.pinned):
            _count(session, stretch, division, gone.place_key, -1, BUCKET)


def clear(session: Session, stretch: Stretch) -> None:
    """Empty an edition of a board."""
    for model in (Standing, StandingBucket):
        session.execute(
            delete(model)
            .where(
                model.problem_id == stretch.problem_id,
                model.board == stretch.board,
                model.edition == stretch.edition,
            )
            .execution_options(synchronize_session=False)
        )


def fill(session: Session, stretch: Stretch, rows: Iterable[Classed]) -> None:
    """Fill an empty edition of a board; buckets follow from what was put there."""
    batch: list[dict[str, Any]] = []
    keys: dict[str, list[bytes]] = {}
    for row in rows:
        batch.append(_values(stretch, row))
        for division in _divisions(row.division, pinned=row.pinned):
            keys.setdefault(division, []).append(row.place.key)
        if len(batch) == _BATCH:
            session.execute(insert(Standing), batch)
            batch = []
    if batch:
        session.execute(insert(Standing), batch)
    buckets = [one for name in keys for one in _buckets(stretch, name, sorted(keys[name]))]
    if buckets:
        session.execute(insert(StandingBucket), buckets)


def copy_to_shown(session: Session, state: BoardState, until: datetime) -> None:
    """Keep the board as it is for everybody to see; the caller is about to change it."""
    live = Stretch(state.problem_id, state.board, Edition.LIVE)
    clear(session, live.of(Edition.SHOWN))
    for model in (Standing, StandingBucket):
        kept = [column.name for column in model.__table__.columns if column.name != "id"]
        source = [
            literal(Edition.SHOWN, model.edition.type)
            if name == "edition"
            else getattr(model, name)
            for name in kept
        ]
        session.execute(
            insert(model).from_select(
                kept,
                select(*source).where(
                    model.problem_id == live.problem_id,
                    model.board == live.board,
                    model.edition == Edition.LIVE,
                ),
            )
        )
    state.shown_until = until


def map_classes(session: Session, team_ids: Sequence[int]) -> dict[int, TeamClass]:
    """Return how teams are classed, where somebody said anything about them."""
    found = session.scalars(select(TeamClass).where(TeamClass.team_id.in_(team_ids)))
    return {one.team_id: one for one in found}


def _values(stretch: Stretch, row: Classed) -> dict[str, Any]:
    place = row.place
    return {
        "problem_id": stretch.problem_id,
        "board": stretch.board,
        "edition": stretch.edition,
        "team_id": place.team_id,
        "division": row.division,
        "pinned": row.pinned,
        "place_key": place.key,
        "submission_id": place.submission_id,
        "evaluation_id": place.evaluation_id,
        "submitted_at": place.submitted_at,
        "entries": place.entries,
        "last_at": place.last_at,
    }


def _divisions(division: str, *, pinned: bool) -> tuple[str, ...]:
    """Return the buckets a row is counted in: the whole board's and its division's."""
    if pinned:
        return ()
    return (ALL_TEAMS,) if division == ALL_TEAMS else (ALL_TEAMS, division)


def _recount(
    session: Session,
    stretch: Stretch,
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
    most: int,
) -> None:
    """Move a row from one bucket to another in each division; within one nothing is written."""
    for division in {**before, **after}:
        old, new = before.get(division), after.get(division)
        if old == new:
            continue
        if old is not None and new is not None:
            within = stretch.within(division)
            first, second = find_bucket(session, within, old), find_bucket(session, within, new)
            if first is not None and second is not None and first.id == second.id:
                continue
        if old is not None:
            _count(session, stretch, division, old, -1, most)
        if new is not None:
            _count(session, stretch, division, new, 1, most)


def _count(
    session: Session, stretch: Stretch, division: str, key: bytes, by: int, most: int
) -> None:
    within = stretch.within(division)
    bucket = find_bucket(session, within, key)
    if bucket is None:
        session.execute(insert(StandingBucket), list(_buckets(stretch, division, [key])))
        return
    size = bucket.size + by
    session.execute(
        update(StandingBucket)
        .where(StandingBucket.id == bucket.id)
        .values(size=size)
        .execution_options(synchronize_session=False)
    )
    if size > 2 * most:
        _split(session, within, bucket.id, bucket.low_key, size)


def _split(session: Session, within: Stretch, bucket_id: int, low: bytes, size: int) -> None:
    """Halve the bucket that begins at `low`; its second half begins at its middle row."""
    middle = session.scalars(
        select(Standing.place_key)
        .where(*in_stretch(within), Standing.place_key >= low)
        .order_by(Standing.place_key)
        .offset(size // 2)
        .limit(1)
    ).one()
    session.execute(
        update(StandingBucket)
        .where(StandingBucket.id == bucket_id)
        .values(size=size // 2)
        .execution_options(synchronize_session=False)
    )
    session.execute(insert(StandingBucket), [_bucket(within, middle, size - size // 2)])


def _buckets(stretch: Stretch, division: str, keys: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    within = stretch.within(division)
    for number, group in groupby(enumerate(keys), key=lambda item: item[0] // BUCKET):
        members = [key for _, key in group]
        yield _bucket(within, members[0] if number else b"", len(members))


def _bucket(within: Stretch, low: bytes, size: int) -> dict[str, Any]:
    return {
        "problem_id": within.problem_id,
        "board": within.board,
        "edition": within.edition,
        "division": within.division,
        "low_key": low,
        "size": size,
    }
