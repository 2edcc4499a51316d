"""Metrics of alarms on time series: rows are points in time, in the truth's order.

The truth has the event a point belongs to (1, 2, …; 0 where all is well) and the series. The answer
has an anomaly score; a point raises an alarm where it reaches `threshold`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.metrics.base import Kind, Metric, Param, ParamKind, Sample, UndefinedMetricError
from scoring.spec import Direction
from scoring.types import FloatArray, IntArray

__all__ = ["FAMILY", "PROFILES"]

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Profile:
    """What NAB's application profiles weigh a hit, a false alarm and a missed window."""

    hit: float
    false_alarm: float
    missed: float


PROFILES: Final = {
    "standard": Profile(1.0, 0.11, 1.0),
    "reward_low_fp_rate": Profile(1.0, 0.22, 1.0),
    "reward_low_fn_rate": Profile(1.0, 0.11, 2.0),
}
FARTHEST: Final = 3.0
STEEPNESS: Final = 5.0
PROBATION: Final = 0.15
PROBATION_POINTS: Final = 5000


@dataclass(frozen=True, slots=True)
class _Series:
    """One series: each point's event, and whether it raised an alarm."""

    events: FloatArray | IntArray
    alarms: Flags

    def windows(self) -> list[tuple[int, int]]:
        """Return the first and the last point of each event, in order."""
        numbers = [number for number in dict.fromkeys(self.events.tolist()) if number]
        places = [np.flatnonzero(self.events == number) for number in numbers]
        return [(int(found[0]), int(found[-1])) for found in places]


def _series(sample: Sample) -> Iterator[_Series]:
    alarms = sample.prediction >= sample.number("threshold")
    names = sample.truth[:, 1]
    for name in dict.fromkeys(names.tolist()):
        rows = names == name
        yield _Series(sample.truth[rows, 0], alarms[rows])


def _episodes(alarms: Flags) -> list[tuple[int, int]]:
    """Return the first and the last point of each unbroken run of alarms."""
    edges = np.diff(np.concatenate([[0], alarms.astype(np.int64), [0]]))
    return list(
        zip(
            np.flatnonzero(edges == 1).tolist(),
            (np.flatnonzero(edges == -1) - 1).tolist(),
            strict=True,
        )
    )


def _event_f1(sample: Sample) -> float:
    """Count an event as found when an alarm falls into it or up to `lead` points before it.

    An alarm episode is right when it meets such a span; the F1 is of these two shares.
    """
    lead = int(sample.number("lead")) if "lead" in sample.params else 0
    events = found = episodes = right = 0
    for series in _series(sample):
        spans = [(start - lead, end) for start, end in series.windows()]
        runs = _episodes(series.alarms)
        events, episodes = events + len(spans), episodes + len(runs)
        found += _count_hit(spans, series.alarms)
        right += _count_hit(runs, _drawn(spans, len(series.alarms)))
    if not events:
        code = "undefined_no_positive"
        raise UndefinedMetricError(code)
    recall, precision = found / events, right / episodes if episodes else 0.0
    return 2.0 * precision * recall / (precision + recall) if precision + recall else 0.0


def _count_hit(spans: list[tuple[int, int]], marks: Flags) -> int:
    """Return how many spans hold a marked point, in time that grows with their number alone."""
    before = np.concatenate([[0], np.cumsum(marks)])
    places = np.array(spans, np.int64).reshape(-1, 2)
    starts, ends = np.maximum(places[:, 0], 0), places[:, 1] + 1
    return int((before[ends] > before[starts]).sum())


def _drawn(spans: list[tuple[int, int]], points: int) -> Flags:
    marks = np.zeros(points, np.bool_)
    for start, end in spans:
        marks[max(start, 0) : end + 1] = True
    return marks


def scaled_sigmoid(place: float) -> float:
    """Return NAB's weight of an alarm at a place relative to a window: 1 early, 0 at its end."""
    if place > FARTHEST:
        return -1.0
    return float(2.0 / (1.0 + np.exp(STEEPNESS * place)) - 1.0)


def _nab_raw(sample: Sample) -> float:
    """Return the sum over the series of what their windows and false alarms earn."""
    profile = PROFILES[sample.choice("profile")]
    return sum(_earned(series, profile) for series in _series(sample))


def _earned(series: _Series, profile: Profile) -> float:
    windows = series.windows()
    first = probation(len(series.events))
    alarms = [place for place in np.flatnonzero(series.alarms).tolist() if place >= first]
    total = sum(_window_score(window, alarms, profile) for window in windows)
    ends = [end for _, end in windows]
    for place in alarms:
        if series.events[place] == 0:
            before = bisect_left(ends, place)
            behind = windows[max(before - 1, 0) : before]
            total += profile.false_alarm * _false_alarm(place, behind)
    return total


def probation(points: int) -> int:
    """Return how many points at the start a detector may learn from without being judged."""
    return int(min(PROBATION * points, PROBATION * PROBATION_POINTS))


def _window_score(window: tuple[int, int], alarms: list[int], profile: Profile) -> float:
    start, end = window
    inside = alarms[bisect_left(alarms, start) : bisect_right(alarms, end)]
    if not inside:
        return -profile.missed
    places = (-(end - place + 1) / (end - start + 1) for place in inside)
    return profile.hit * max(map(scaled_sigmoid, places)) / scaled_sigmoid(-1.0)


def _false_alarm(place: int, behind: list[tuple[int, int]]) -> float:
    """Return -1, or less of a loss shortly behind a window: the last one before, if there is."""
    if not behind:
        return -1.0
    start, end = behind[0]
    return scaled_sigmoid((place - end) / (end - start)) if end > start else -1.0


def _nab(sample: Sample) -> float:
    """Return the raw score on the scale from no alarm (0) to a perfect detector (100)."""
    profile = PROFILES[sample.choice("profile")]
    windows = sum(len(series.windows()) for series in _series(sample))
    if not windows:
        code = "undefined_no_positive"
        raise UndefinedMetricError(code)
    nothing, perfect = -profile.missed * windows, profile.hit * windows
    return 100.0 * (_nab_raw(sample) - nothing) / (perfect - nothing)


_INFINITE: Final = float("inf")
_THRESHOLD: Final = Param(ParamKind.NUMBER, low=-_INFINITE, high=_INFINITE, default=0.5)
_NAB: Final = {
    "threshold": _THRESHOLD,
    "profile": Param(ParamKind.CHOICE, choices=tuple(PROFILES), default="standard"),
}
_of_alarms = partial(
    Metric,
    direction=Direction.MAX,
    target=Kind.NUMBER,
    prediction=Kind.NUMBER,
    targets=("event", "series"),
)
_NAB_SOURCE: Final = "Lavin and Ahmad (2015)"

FAMILY: Final = (
    _of_alarms(
        "event_f1",
        low=0.0,
        high=1.0,
        score=_event_f1,
        params={"threshold": _THRESHOLD, "lead": Param(ParamKind.COUNT, high=1_000_000)},
        source="F1 of events found, up to `lead` points early, and of episodes that are right",
    ),
    _of_alarms(
        "nab",
        low=-_INFINITE,
        high=100.0,
        score=_nab,
        params=_NAB,
        source=f"windowed score, 0 for no alarm and 100 for a perfect detector; {_NAB_SOURCE}",
    ),
    _of_alarms(
        "nab_raw",
        low=-_INFINITE,
        high=_INFINITE,
        score=_nab_raw,
        params=_NAB,
        source=f"windowed score before it is scaled; {_NAB_SOURCE}",
    ),
)
