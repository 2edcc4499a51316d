"""Charts drawn on the server: shapes in a box of 100 by 100 that stretches, words outside of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.insights.queries import Best, Day
from scoring import Direction

_WIDE: Final = 1000.0
_HIGH: Final = 100.0
_GAP: Final = 0.18
_TENTHS: Final = (10, 20, 25, 50, 100)


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of one day's bar, and what it stands for."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class DailyChart:
    """Submissions per day as bars; `top` is the number at the upper edge."""

    bars: Sequence[Bar]
    top: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class ProgressChart:
    """The best score over time as steps, the best of each day as dots."""

    path: str
    dots: Sequence[tuple[float, float]]
    baseline_y: float | None
    high: float
    low: float
    first: date
    last: date


def draw_days(days: Sequence[Day]) -> DailyChart | None:
    """Return the bars of a range of days; None where nothing was handed in."""
    most = max((one.total for one in days), default=0)
    if not most:
        return None
    top, step = round_up(most), _WIDE / len(days)
    bars: list[Bar] = []
    for number, one in enumerate(days):
        y = _HIGH
        for kind, count in (("scored", one.scored), ("failed", one.failed), ("other", one.other)):
            height = count / top * _HIGH
            y -= height
            if count:
                x = (number + _GAP / 2) * step
                bars.append(
                    Bar(
                        round(x, 2),
                        round(y, 2),
                        round(step * (1 - _GAP), 2),
                        round(height, 2),
                        kind,
                    )
                )
    return DailyChart(bars, top, days[0].day, days[-1].day)


def draw_progress(
    found: Sequence[Best], baseline: float | None, direction: Direction
) -> ProgressChart | None:
    """Return the steps of the best score; better is up, whichever way the score goes."""
    if not found:
        return None
    values = [one.best for one in found] + [one.of_day for one in found if one.of_day is not None]
    values += [] if baseline is None else [baseline]
    low, high = min(values), max(values)
    span = (high - low) or 1.0

    def y(value: float) -> float:
        share = (value - low) / span
        share = share if direction is Direction.MAX else 1 - share
        return round((0.94 - 0.88 * share) * _HIGH, 2)

    step = _WIDE / max(1, len(found) - 1)
    points = [f"M0 {y(found[0].best)}"]
    points += [
        f"H{round(number * step, 2)}V{y(one.best)}" for number, one in enumerate(found) if number
    ]
    if len(found) == 1:
        points.append(f"H{_WIDE}")
    dots = [
        (round(number * step, 2), y(one.of_day))
        for number, one in enumerate(found)
        if one.of_day is not None
    ]
    upper, lower = (high, low) if direction is Direction.MAX else (low, high)
    line = None if baseline is None else y(baseline)
    return ProgressChart("".join(points), dots, line, upper, lower, found[0].day, found[-1].day)


def round_up(number: int) -> int:
    """Return the next number that is round: 1, 2, 2.5, 5 or 10 of some power of ten."""
    power: int = 10 ** (len(str(max(number, 1))) - 1)
    fits = (tenths * power // 10 for tenths in _TENTHS if tenths * power % 10 == 0)
    return next(one for one in fits if one >= number)
