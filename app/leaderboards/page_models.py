"""What a page of a board shows: its rows, and where the baselines lie between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.core.pagination import Page
from app.leaderboards.climbing import Climbs
from app.leaderboards.queries import BaselineRow, Row, View
from app.leaderboards.race import Race
from app.statistics.queries import Statistics
from scoring import BoardColumn, Direction


@dataclass(frozen=True, slots=True)
class Placed:
    """Baselines before each row of a page, by the row's index, and those after the last one."""

    before: Mapping[int, Sequence[BaselineRow]]
    after: Sequence[BaselineRow]


@dataclass(frozen=True, slots=True)
class Axis:
    """The common axis of a page's primary scores: the better end is on the right."""

    worst: float
    best: float

    def position(self, value: float) -> float:
        """Return where a score lies: 0 at the page's worst, 1 at its best, never outside."""
        span = self.best - self.worst
        return min(1.0, max(0.0, (value - self.worst) / span)) if span else 1.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page of a board shows below its heading."""

    view: View
    page: Page[Row]
    baselines: Sequence[BaselineRow]
    placed: Placed
    axis: Axis | None
    pinned: Sequence[Row]
    own: Row | None
    statistics: Statistics
    own_now: Row | None
    """What the own team has by now, where that is not what the board shows."""
    moves: Mapping[int, "Move"]
    """On board B, how far each team of the page moved since A, by team id."""
    climbs: Climbs | None
    """On board A, how far teams moved since the day began."""
    race: Race | None
    """On the first page of board A, how the best came there."""


@dataclass(frozen=True, slots=True)
class Move:
    """A team's way from its rank on A to its rank on B."""

    on_a: int
    on_b: int
    start: float
    """Where the line begins on the left, 0 at the best of the page and 1 at the worst."""
    end: float

    @property
    def gain(self) -> int:
        """How many ranks the team went up; negative where it went down."""
        return self.on_a - self.on_b


def make_moves(rows: Sequence[Row], ranks_on_a: Mapping[int, int]) -> dict[int, Move]:
    """Return the ways of a page's teams from A to B; a team that is not on A has none."""
    both = [(row, ranks_on_a[row.team_id]) for row in rows if row.team_id in ranks_on_a]
    by_a = sorted(both, key=lambda one: one[1])
    start = {row.team_id: place for place, (row, _) in enumerate(by_a)}
    steps = max(1, len(both) - 1)
    return {
        row.team_id: Move(on_a, row.rank or 0, start[row.team_id] / steps, place / steps)
        for place, (row, on_a) in enumerate(both)
    }


def make_shown(  # noqa: PLR0913 — the rows of a page, by what they are
    view: View,
    page: Page[Row],
    baselines: Sequence[BaselineRow],
    *,
    pinned: Sequence[Row],
    own: Row | None,
    own_now: Row | None,
    ranks_on_a: Mapping[int, int],
    statistics: Statistics,
    climbs: Climbs | None,
    race: Race | None,
) -> Shown:
    """Put together what a page of a board shows."""
    column = view.rules.scoring.primary
    every = [*page.items, *pinned, *(row for row in (own, own_now) if row is not None)]
    has_news = own_now is not None and own_now != _unranked(own)
    return Shown(
        view,
        page,
        baselines,
        place_baselines(page, baselines, column),
        make_axis(every, baselines, column, statistics),
        pinned,
        own,
        statistics,
        own_now if has_news else None,
        make_moves(page.items, ranks_on_a),
        climbs,
        race,
    )


def _unranked(row: Row | None) -> Row | None:
    """Return a row as if it had no rank."""
    return None if row is None else replace(row, rank=None)


def make_axis(
    rows: Sequence[Row],
    baselines: Sequence[BaselineRow],
    column: BoardColumn,
    statistics: Statistics,
) -> Axis | None:
    """Return the axis over a page's teams and the baselines; None where there is nothing on it."""
    values = [row.scores[column.key] for row in rows]
    values += [baseline.scores[column.key] for baseline in baselines]
    for row in rows:
        spread = statistics.spreads.get(row.evaluation_id)
        values += [spread.low, spread.high] if spread else []
    if not values:
        return None
    low, high = min(values), max(values)
    return Axis(low, high) if column.direction is Direction.MAX else Axis(high, low)


def place_baselines(
    page: Page[Row], baselines: Sequence[BaselineRow], column: BoardColumn
) -> Placed:
    """Put each baseline between the rows it divides; one that lies on another page is left out.

    A team that equals a baseline stands above it.
    """
    before: dict[int, list[BaselineRow]] = {}
    after: list[BaselineRow] = []
    is_first = page.request.page == 1
    is_last = page.request.page >= page.pages
    for baseline in baselines:
        place = _first_worse(page.items, baseline, column)
        if place is None:
            if is_last:
                after.append(baseline)
        elif place > 0 or is_first:
            before.setdefault(place, []).append(baseline)
    return Placed(before, after)


def _first_worse(rows: Sequence[Row], baseline: BaselineRow, column: BoardColumn) -> int | None:
    mark = baseline.scores[column.key]
    for place, row in enumerate(rows):
        value = row.scores[column.key]
        if value < mark if column.direction is Direction.MAX else value > mark:
            return place
    return None
