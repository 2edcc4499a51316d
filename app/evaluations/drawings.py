"""Places what `scoring.mistakes` counted on a drawing: a confusion matrix, a grid of residuals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

CELL: Final = 26
_ROOM: Final = 130
"""For the names of classes, to the left and above."""
_FAINTEST: Final = 0.08
_LONGEST_NAME: Final = 14


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a drawing, with what it counts; `share` is of its row, or of the fullest."""

    x: int
    y: int
    count: int
    share: float
    right: bool = False
    """Whether what is counted is right."""

    @property
    def ink(self) -> str:
        """How dark it is, as an SVG attribute."""
        return f"{_FAINTEST + (1 - _FAINTEST) * self.share:.3f}"


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows are what is true, columns what was answered."""

    column: str
    labels: Sequence[str]
    """`…` stands for all other classes."""
    short: Sequence[str]
    cells: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    others: int
    size: int
    room: int = _ROOM
    cell: int = CELL
    kind: str = "confusion"


@dataclass(frozen=True, slots=True)
class Residuals:
    """Answer minus truth, upwards, over the truth."""

    column: str
    cells: Sequence[Cell]
    width: int
    height: int
    low: float
    high: float
    reach: float
    bias: float
    distance: float
    steps: Sequence[tuple[float, float, int]]
    """From, to and how many: the grid's rows without its columns."""
    kind: str = "residuals"


def draw_pictures(pictures: Mapping[str, Mapping[str, Any]]) -> dict[str, Confusion | Residuals]:
    """Return the drawings by board."""
    return {
        board: _confusion(one) if one["kind"] == "confusion" else _residuals(one)
        for board, one in pictures.items()
    }


def _confusion(picture: Mapping[str, Any]) -> Confusion:
    labels = [*picture["labels"], *(["…"] if picture["others"] else [])]
    rows = []
    for y, counts in enumerate(picture["counts"]):
        total = sum(counts)
        rows.append(
            [
                Cell(x * CELL, y * CELL, count, count / total if total else 0.0, right=x == y)
                for x, count in enumerate(counts)
            ]
        )
    short = [_shorten(label) for label in labels]
    cells = [cell for row in rows for cell in row if cell.count]
    size = len(labels) * CELL
    return Confusion(picture["column"], labels, short, cells, rows, picture["others"], size)


def _residuals(picture: Mapping[str, Any]) -> Residuals:
    counts: list[list[int]] = picture["counts"]
    fullest = max(max(row) for row in counts)
    up, across, reach = len(counts), len(counts[0]), float(picture["reach"])
    cells = [
        Cell(x * CELL, (up - 1 - y) * CELL, count, count / fullest, right=y == up // 2)
        for y, row in enumerate(counts)
        for x, count in enumerate(row)
        if count
    ]
    edges = [reach * (2 * step / up - 1) for step in range(up + 1)]
    steps = [(edges[y], edges[y + 1], sum(row)) for y, row in enumerate(counts)]
    return Residuals(
        picture["column"],
        cells,
        across * CELL,
        up * CELL,
        picture["low"],
        picture["high"],
        reach,
        picture["bias"],
        picture["distance"],
        steps,
    )


def _shorten(label: str) -> str:
    return label if len(label) <= _LONGEST_NAME else f"{label[: _LONGEST_NAME - 1]}…"
