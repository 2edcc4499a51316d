"""A run's memory and processor use over time, as the paths of two small drawings."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from problems.spec import Resources
from sandbox.types import UsageSample

WIDTH: Final = 600
HEIGHT: Final = 90
_FEWEST: Final = 3
_SHORTEST_S: Final = 0.2
_MOST_STEPS: Final = 60
_ROOM: Final = 1.08
"""How much higher than the limit a drawing goes, so that its line is seen."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One drawing: an area below a line in a box of `WIDTH` by `HEIGHT`; where its limit is."""

    area: str
    line: str
    limit_y: float
    most: float
    """The highest value, in bytes or processors."""
    limit: float


@dataclass(frozen=True, slots=True)
class Curves:
    """Both drawings on the same time axis of `seconds`."""

    memory: Curve
    processors: Curve
    seconds: float


def draw_curves(samples: Sequence[UsageSample], resources: Resources) -> Curves | None:
    """Return the drawings of a run; None where it was too short to be seen often enough."""
    if len(samples) < _FEWEST or samples[-1].at_s <= 0:
        return None
    end = samples[-1].at_s
    memory = [(sample.at_s / end, float(sample.memory_bytes)) for sample in samples]
    busy = [
        (later.at_s / end, max(0.0, later.cpu_s - earlier.cpu_s) / (later.at_s - earlier.at_s))
        for earlier, later in pairwise(_spaced(samples, max(_SHORTEST_S, end / _MOST_STEPS)))
    ]
    if not busy:
        return None
    return Curves(
        _draw(memory, float(resources.memory)),
        _draw([(0.0, busy[0][1]), *busy], float(resources.cpus)),
        end,
    )


def _spaced(samples: Sequence[UsageSample], step_s: float) -> Sequence[UsageSample]:
    """Return samples at least `step_s` apart: a quota lets a program run ahead for a moment."""
    kept = [samples[0]]
    for sample in samples[1:]:
        if sample.at_s - kept[-1].at_s >= step_s:
            kept.append(sample)
    return kept


def _draw(points: Sequence[tuple[float, float]], limit: float) -> Curve:
    most = max(value for _, value in points)
    top = max(most, limit) * _ROOM
    places = [(x * WIDTH, HEIGHT - value / top * HEIGHT) for x, value in points]
    line = " L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    first, last = places[0][0], places[-1][0]
    area = f"M{first:.1f} {HEIGHT} L{line} L{last:.1f} {HEIGHT} Z"
    return Curve(area, f"M{line}", round(HEIGHT - limit / top * HEIGHT, 1), most, limit)
