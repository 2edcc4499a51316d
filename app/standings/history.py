"""Ranks as they were when the day began, so that a board can say who moved since.

Kept for two days: a board that takes scores in at midnight is compared with the midnight before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, delete, exists, func, insert, literal, or_, select
from sqlalchemy.orm import Session

from app.core.clock import beijing_day
from app.problems.models import Board, Problem, Stage
from app.standings.models import PastRank, RankSnapshot, Standing
from app.standings.queries import Stretch, in_stretch

_STILL = timedelta(days=2)
"""How long after its stage closed a board is still compared."""


@dataclass(frozen=True, slots=True)
class PastRanks:
    """The ranks of some teams at an instant; a team that was not on the board has none."""

    taken_at: datetime
    ranks: Mapping[int, int]


def list_due(session: Session, *, now: datetime) -> Sequence[Problem]:
    """Return the problems whose ranks of today are not kept yet and may still change."""
    kept = exists().where(
        RankSnapshot.problem_id == Problem.id, RankSnapshot.day == beijing_day(now)
    )
    return session.scalars(
        select(Problem)
        .join(Stage, and_(Stage.problem_id == Problem.id, Stage.key == Board.A))
        .where(
            Problem.withdrawn_at.is_(None),
            Problem.b_revealed_at.is_(None),
            or_(Stage.closes_at.is_(None), Stage.closes_at > now - _STILL),
            ~kept,
        )
        .order_by(Problem.id)
    ).all()


def keep_ranks(
    session: Session, stretch: Stretch, rank_width: int | None, *, now: datetime
) -> None:
    """Keep the ranks of a stretch as today's, and drop what is older than yesterday's.

    One statement whatever the number of teams. Two at once write the same: one of them fails on
    the primary key, and its transaction with it.
    """
    today, problem_id = beijing_day(now), stretch.problem_id
    for model in (PastRank, RankSnapshot):
        session.execute(
            delete(model)
            .where(model.problem_id == problem_id, model.day < today - timedelta(days=1))
            .execution_options(synchronize_session=False)
        )
    session.add(RankSnapshot(problem_id=problem_id, day=today, taken_at=now))
    session.flush()
    key = (
        Standing.place_key if rank_width is None else func.substr(Standing.place_key, 1, rank_width)
    )
    ranked = select(
        literal(problem_id),
        literal(today, PastRank.day.type),
        Standing.team_id,
        func.rank().over(order_by=key),
    ).where(*in_stretch(stretch))
    session.execute(insert(PastRank).from_select(["problem_id", "day", "team_id", "rank"], ranked))


def find_past(
    session: Session, problem_id: int, day: date, team_ids: Sequence[int]
) -> PastRanks | None:
    """Return the ranks of teams when a day began; None where they were not kept. One query."""
    rows = session.execute(
        select(RankSnapshot.taken_at, PastRank.team_id, PastRank.rank)
        .outerjoin(
            PastRank,
            and_(
                PastRank.problem_id == RankSnapshot.problem_id,
                PastRank.day == RankSnapshot.day,
                PastRank.team_id.in_(team_ids),
            ),
        )
        .where(RankSnapshot.problem_id == problem_id, RankSnapshot.day == day)
    ).all()
    if not rows:
        return None
    return PastRanks(
        rows[0].taken_at, {row.team_id: row.rank for row in rows if row.team_id is not None}
    )
