"""The wall of a hundred windows: where each stands. Two rows of ten belong to each area.

A window keeps its place in its area's rows, in the order of scenario numbers. An area with more
than twenty borrows the free places of the others, from the last one up.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from app.home.queries import BASELINE_HEIGHT, Window
from app.problems.models import Area

COLUMNS: Final = 10
ROWS_PER_AREA: Final = 2
SIDE: Final = 44
_PITCH: Final = 52
_BAND_GAP: Final = 10
_LEFT: Final = 38
_TOP: Final = 24
_EDGE: Final = 14
_AREAS: Final = tuple(area.value for area in Area)
_PLACES: Final = COLUMNS * ROWS_PER_AREA * len(_AREAS)

WIDTH: Final = _LEFT + COLUMNS * _PITCH - (_PITCH - SIDE) + _EDGE
HEIGHT: Final = (
    _TOP
    + ROWS_PER_AREA * len(_AREAS) * _PITCH
    - (_PITCH - SIDE)
    + (len(_AREAS) - 1) * _BAND_GAP
    + _EDGE
)


@dataclass(frozen=True, slots=True)
class Pane:
    """A window at its place, in the drawing's units."""

    window: Window
    x: int
    y: int

    @property
    def fill_top(self) -> float:
        """Where the solid fill begins."""
        return round(self.y + SIDE * (1 - self.window.height), 1)

    @property
    def fill_height(self) -> float:
        """How high the solid fill is."""
        return round(self.y + SIDE - self.fill_top, 1)

    @property
    def baseline_y(self) -> float:
        """Where the baseline's line lies."""
        return round(self.y + SIDE * (1 - BASELINE_HEIGHT), 1)


@dataclass(frozen=True, slots=True)
class Band:
    """The two rows of an area: its sign's place, and its empty outlines as one path."""

    area: str
    middle: int
    outlines: str
    count: int


@dataclass(frozen=True, slots=True)
class Wall:
    """The whole drawing."""

    panes: tuple[Pane, ...]
    bands: tuple[Band, ...]

    @property
    def columns(self) -> Iterator[tuple[int, int]]:
        """Yield the number and the middle of each column."""
        for number in range(COLUMNS):
            yield number + 1, _LEFT + number * _PITCH + SIDE // 2


def build_wall(windows: Iterable[Window]) -> Wall:
    """Give every window a place; beyond a hundred the rest is left to the hall."""
    placed = _assign(windows)
    panes = [Pane(window, *_corner(place)) for place, window in sorted(placed.items())]
    counts = dict.fromkeys(_AREAS, 0)
    for window in placed.values():
        counts[window.area] += 1
    bands = [
        Band(area, _middle(number), _outlines(number, placed), counts[area])
        for number, area in enumerate(_AREAS)
    ]
    return Wall(tuple(panes), tuple(bands))


def _assign(windows: Iterable[Window]) -> dict[int, Window]:
    placed: dict[int, Window] = {}
    homeless = []
    for window in windows:
        free = next((place for place in _own_places(window.area) if place not in placed), None)
        if free is None:
            homeless.append(window)
        else:
            placed[free] = window
    spare = [place for place in reversed(range(_PLACES)) if place not in placed]
    placed.update(zip(spare, homeless, strict=False))
    return placed


def _own_places(area: str) -> range:
    size = COLUMNS * ROWS_PER_AREA
    first = _AREAS.index(area) * size
    return range(first, first + size)


def _corner(place: int) -> tuple[int, int]:
    row, column = divmod(place, COLUMNS)
    return _LEFT + column * _PITCH, _TOP + row * _PITCH + row // ROWS_PER_AREA * _BAND_GAP


def _middle(band: int) -> int:
    _, top = _corner(band * ROWS_PER_AREA * COLUMNS)
    return top + (ROWS_PER_AREA * _PITCH - (_PITCH - SIDE)) // 2


def _outlines(band: int, placed: dict[int, Window]) -> str:
    first = band * ROWS_PER_AREA * COLUMNS
    empty = (
        place for place in range(first, first + COLUMNS * ROWS_PER_AREA) if place not in placed
    )
    return "".join(
        f"M{x}.5 {y}.5h{SIDE - 1}v{SIDE - 1}h-{SIDE - 1}z" for x, y in map(_corner, empty)
    )
