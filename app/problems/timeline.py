"""The stages of problems on one axis of time, laid out to be drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.core.clock import BEIJING
from app.problems.models import Problem, Stage, StageState

WIDTH: Final = 880
"""Of the axis, in pixels."""
_LEAST: Final = timedelta(days=7)
_MARGIN: Final = 0.04
"""Of the span, on either side."""
_WEEKS_FROM: Final = timedelta(days=16)
_MONTHS_FROM: Final = timedelta(days=100)
_QUARTERS_FROM: Final = timedelta(days=900)
_MONTHS_OF_A_QUARTER: Final = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """One stage: where it begins and how long it is, in pixels; without an end it runs on."""

    board: str
    state: StageState
    x: float
    width: float
    opens_at: datetime
    closes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """One problem with those of its stages that have a time."""

    problem: Problem
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A day, a Monday or the first of a month in Beijing."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Rows below an axis; `now_x` is where the present stands."""

    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    now_x: float
    width: int = WIDTH


def lay_out(problems: Sequence[Problem], now: datetime) -> Timeline:
    """Place the stages of problems on an axis that holds all of them and the present."""
    axis = _Axis(problems, now)
    rows = tuple(
        Row(problem, tuple(axis.bar(stage, now) for stage in problem.stages if stage.opens_at))
        for problem in problems
    )
    return Timeline(rows, tuple(axis.ticks()), axis.x(now))


class _Axis:
    """From a little before the first time to a little after the last."""

    def __init__(self, problems: Sequence[Problem], now: datetime) -> None:
        times = [now]
        for problem in problems:
            for stage in problem.stages:
                if stage.opens_at is not None:
                    times += [one for one in (stage.opens_at, stage.closes_at) if one is not None]
        first, last = min(times), max(times)
        span = max(last - first, _LEAST)
        self.begins = first - span * _MARGIN
        self.span = span * (1 + 2 * _MARGIN)

    def x(self, instant: datetime) -> float:
        share = (instant - self.begins) / self.span
        return round(min(1.0, max(0.0, share)) * WIDTH, 1)

    def bar(self, stage: Stage, now: datetime) -> Bar:
        assert stage.opens_at is not None  # noqa: S101 — the caller left out stages without a time
        x = self.x(stage.opens_at)
        end = WIDTH if stage.closes_at is None else self.x(stage.closes_at)
        width = max(2.0, round(end - x, 1))
        return Bar(stage.key.value, stage.state(now), x, width, stage.opens_at, stage.closes_at)

    def ticks(self) -> Iterator[Tick]:
        day = self.begins.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
        end = self.begins + self.span
        while (day := day + timedelta(days=1)) < end:
            if self._is_marked(day):
                label = f"{day:%Y-%m}" if self.span > _MONTHS_FROM else f"{day:%m-%d}"
                yield Tick(self.x(day), label)

    def _is_marked(self, day: datetime) -> bool:
        if self.span > _QUARTERS_FROM:
            return day.day == 1 and day.month % _MONTHS_OF_A_QUARTER == 1
        if self.span > _MONTHS_FROM:
            return day.day == 1
        return self.span <= _WEEKS_FROM or day.weekday() == 0
