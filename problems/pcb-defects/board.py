"""Lay out a small piece of bare circuit board without defects.

Conductors are routed on a square track grid with right-angle turns, branches, round, square and
drilled pads, so that two nets never come closer than the design rule allows. Drills miss the centre
of their pads by up to one pixel, as drill-to-copper registration does.

All lengths are in pixels of the finished image; points are (y, x).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Node = tuple[int, int]
Link = tuple[Node, Node]
Point = tuple[float, float]
Field = NDArray[np.float64]

SIDE = 96  # pixels of a patch
MARGIN = 8  # pixels drawn around it, so that shifting never shows an edge
SCALE = 2  # drawing is done on a finer raster and averaged down
CANVAS = SIDE + 2 * MARGIN
SHARE_EMPTY = 0.12  # of all tracks
SHARE_ENTERING = 0.8  # of all tracks: those whose first net enters from the left
STEP_ASIDE = 0.16  # chance per node that a net turns or branches,
STEP_TURN = 0.10  # and the part of it that turns
STEP_STOP = 0.05  # chance per node that a net ends in a pad
STEP_VIA = 0.05  # chance per node that a via sits on the trace
SHARE_SQUARE = 0.3  # of all pads
SHARE_DRILLED = 0.7  # of the round ones


@dataclass(slots=True)
class Board:
    """A routed piece of board: its tracks, its copper and the places where nets run."""

    pitch: float
    width: float
    origin: Point
    copper: NDArray[np.bool_]
    owner: NDArray[np.int64]
    links: list[Link] = field(default_factory=list)
    pads: dict[Node, float] = field(default_factory=dict)

    def at(self, node: Node) -> Point:
        """Return the pixel position (y, x) of a grid node on the canvas."""
        return self.origin[0] + node[0] * self.pitch, self.origin[1] + node[1] * self.pitch


# ── drawing ──────────────────────────────────────────────────────────────────────────────────────


def paint_box(copper: NDArray[np.bool_], low: Point, high: Point, *, value: bool = True) -> None:
    """Set the axis-parallel box between two corners (y, x) to `value`."""
    y0, x0 = (max(round(SCALE * v), 0) for v in low)
    y1, x1 = (max(round(SCALE * v), 0) for v in high)
    copper[y0:y1, x0:x1] = value


def paint_blob(
    copper: NDArray[np.bool_],
    centre: Point,
    radii: Point,
    waves: Field,
    *,
    value: bool,
) -> None:
    """Set an ellipse with radii (ry, rx) to `value`; `waves` (k, 2) adds harmonics 2, 3, ... ."""
    reach = 1.6 * max(radii) + 1
    window = tuple(
        slice(max(round(SCALE * (c - reach)), 0), max(round(SCALE * (c + reach)), 0))
        for c in centre
    )
    part = copper[window]
    ys = (np.arange(part.shape[0]) + window[0].start + 0.5) / SCALE - centre[0]
    xs = (np.arange(part.shape[1]) + window[1].start + 0.5) / SCALE - centre[1]
    v, u = ys[:, None] / radii[0], xs[None, :] / radii[1]
    limit = np.ones(part.shape)
    if waves.size:
        angle = np.arctan2(v, u)
        for order, (size, phase) in enumerate(waves, start=2):
            limit += size * np.cos(order * angle + phase)
    part[u * u + v * v < limit * limit] = value


# ── layout ───────────────────────────────────────────────────────────────────────────────────────


def route(rng: np.random.Generator) -> Board:
    """Route nets from left to right over the track grid and draw their copper."""
    pitch, width = rng.uniform(15, 20), rng.uniform(6.0, 8.0)
    count = int(CANVAS / pitch) + 2
    board = Board(
        pitch=pitch,
        width=width,
        origin=(rng.uniform(-0.5, 0.5) * pitch, rng.uniform(-0.5, 0.5) * pitch),
        copper=np.zeros((SCALE * CANVAS, SCALE * CANVAS), dtype=bool),
        owner=np.full((count, count), -1),
    )
    for row in range(count):
        if rng.random() > SHARE_EMPTY:
            fill_row(board, row, rng)
    draw_traces(board)
    draw_pads(board, rng)
    return board


def fill_row(board: Board, row: int, rng: np.random.Generator) -> None:
    """Start nets in one row wherever it is free."""
    column = 0 if rng.random() < SHARE_ENTERING else int(rng.integers(1, 4))
    count = board.owner.shape[1]
    while column < count:
        if board.owner[row, column] >= 0:
            column += 1
            continue
        end = walk(board, (row, column), rng)
        if column > 0:
            board.pads[row, column] = 0.0
        column = max(end, column) + int(rng.integers(1, 3))


def walk(board: Board, start: Node, rng: np.random.Generator) -> int:
    """Lead one net from `start` to the right until it stops; return its last column."""
    net, node = int(board.owner.max()) + 1, start
    board.owner[node] = net
    while node[1] < board.owner.shape[1] - 1:
        row, column = node
        aside = (row + int(rng.choice([-1, 1])), column)
        chance = rng.random()
        if chance < STEP_ASIDE and is_free(board, aside):
            take(board, net, (node, aside))
            if chance < STEP_TURN:
                node = aside  # the net changes its track
            else:
                board.pads[aside] = 0.0  # a branch that ends in a pad
        ahead = (node[0], node[1] + 1)
        if not is_free(board, ahead) or rng.random() < STEP_STOP:
            board.pads[node] = 0.0
            return node[1]
        take(board, net, (node, ahead))
        if rng.random() < STEP_VIA:
            board.pads[ahead] = 0.0  # a via on the way
        node = ahead
    return node[1]


def is_free(board: Board, node: Node) -> bool:
    """Tell whether `node` lies on the grid and carries no net."""
    return min(node) >= 0 and max(node) < len(board.owner) and board.owner[node] < 0


def take(board: Board, net: int, link: Link) -> None:
    """Give the far end of `link` to `net` and remember the link."""
    board.owner[link[1]] = net
    board.links.append((min(link), max(link)))


def draw_traces(board: Board) -> None:
    """Draw a trace of full width along every link."""
    half = board.width / 2
    for first, second in board.links:
        (y0, x0), (y1, x1) = board.at(first), board.at(second)
        paint_box(board.copper, (y0 - half, x0 - half), (y1 + half, x1 + half))


def draw_pads(board: Board, rng: np.random.Generator) -> None:
    """Draw every pad: round, square or drilled with up to one pixel of drill error."""
    for node in board.pads:
        centre = board.at(node)
        radius = rng.uniform(0.5 * board.width + 1, board.pitch / 2 - 2)
        board.pads[node] = radius
        if rng.random() < SHARE_SQUARE:
            low, high = ([c + s * 0.9 * radius for c in centre] for s in (-1, 1))
            paint_box(board.copper, (low[0], low[1]), (high[0], high[1]))
            continue
        paint_blob(board.copper, centre, (radius, radius), np.empty(0), value=True)
        if rng.random() < SHARE_DRILLED:
            y, x = rng.uniform(-1, 1, 2) * min(1.0, 0.3 * radius)
            drill = (0.48 * radius, 0.48 * radius)
            paint_blob(
                board.copper, (centre[0] + y, centre[1] + x), drill, np.empty(0), value=False
            )
