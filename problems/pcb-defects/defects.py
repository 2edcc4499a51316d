"""Give a piece of board one etching defect.

The six are those an etched, unpopulated board shows: open circuit, short circuit, mousebite, spur,
pinhole, spurious copper. The taxonomy follows Tang, He, Huang and Yang, "Online PCB defect detector
on a new PCB defect dataset" (arXiv:1902.06197, 2019), and Moganti, Ercal, Dagli and Tsunekawa,
"Automatic PCB inspection algorithms: a survey", Computer Vision and Image Understanding 63 (1996)
287-313. Outlines are ellipses whose radius carries random harmonics.

All lengths are in pixels of the finished image; points are (y, x). Every `make_` function draws one
random defect and returns False where the place it picked has no room for it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from board import CANVAS, SCALE, Board, Field, Link, Point, paint_blob, paint_box, route

AIM = 8.0  # the inspection machine centres a patch on its call to within so many pixels
TRIES = 60


@dataclass(frozen=True, slots=True)
class Spot:
    """A point on the middle line of a trace, away from pads."""

    y: float
    x: float
    horizontal: bool

    def offset(self, along: float, across: float) -> Point:
        """Return the point that lies `along` and `across` the trace from here."""
        step = (across, along) if self.horizontal else (along, across)
        return self.y + step[0], self.x + step[1]

    def radii(self, along: float, across: float) -> Point:
        """Order two radii as (ry, rx)."""
        return (across, along) if self.horizontal else (along, across)


def waves_of(rng: np.random.Generator) -> Field:
    """Draw the harmonics of an irregular outline."""
    return np.stack([rng.normal(0, [0.16, 0.10, 0.06]), rng.uniform(0, 2 * np.pi, 3)], axis=1)


def is_central(y: float, x: float) -> bool:
    """Tell whether the machine would centre its patch on this point."""
    return max(abs(y - CANVAS / 2), abs(x - CANVAS / 2)) <= AIM


def near_links(board: Board) -> list[Link]:
    """Return the links that pass through where the machine looks."""
    reach = AIM + board.pitch
    ends = ((link, board.at(link[0])) for link in board.links)
    return [link for link, end in ends if max(abs(v - CANVAS / 2) for v in end) <= reach]


def pick_spot(board: Board, links: list[Link], rng: np.random.Generator) -> Spot | None:
    """Pick a random spot on a trace near the middle of the patch; None where it has no room."""
    first, second = links[int(rng.integers(len(links)))]
    (y0, x0), (y1, x1) = board.at(first), board.at(second)
    start = max(board.pads.get(first, 0.0), 0.5 * board.width) + 1.5
    stop = board.pitch - max(board.pads.get(second, 0.0), 0.5 * board.width) - 1.5
    share = (start + rng.random() * (stop - start)) / board.pitch
    y, x = y0 + share * (y1 - y0), x0 + share * (x1 - x0)
    return Spot(y, x, y0 == y1) if stop > start and is_central(y, x) else None


def has_copper(board: Board, at: Point, reach: float = 0.0) -> bool:
    """Tell whether any copper lies within `reach` pixels (a square) of a point."""
    y0, x0 = (int(SCALE * (v - reach)) for v in at)
    y1, x1 = (int(SCALE * (v + reach)) + 1 for v in at)
    return bool(board.copper[y0:y1, x0:x1].any())


def make_open(board: Board, spot: Spot, rng: np.random.Generator) -> bool:
    """Cut a trace through with a ragged gap."""
    half, reach = rng.uniform(0.9, 3.2), 0.5 * board.width + 1
    paint_box(board.copper, spot.offset(-half, -reach), spot.offset(half, reach), value=False)
    for across in (-0.35, 0.0, 0.35):
        at = spot.offset(rng.normal(0, 0.4), across * board.width)
        radii = spot.radii(half * rng.uniform(0.8, 1.3), 0.35 * board.width)
        paint_blob(board.copper, at, radii, waves_of(rng), value=False)
    return True


def make_short(board: Board, spot: Spot, rng: np.random.Generator) -> bool:
    """Bridge two neighbouring parallel traces with a ragged strip."""
    side, half = rng.choice([-1, 1]), rng.uniform(0.9, 2.6)
    far, middle = spot.offset(0, side * board.pitch), spot.offset(0, side * board.pitch / 2)
    if has_copper(board, middle, 1.0) or not (has_copper(board, far) and is_central(*middle)):
        return False
    ends = sorted([0.0, side * board.pitch])
    paint_box(board.copper, spot.offset(-half, ends[0]), spot.offset(half, ends[1]))
    for share in (0.3, 0.5, 0.7):
        at = spot.offset(rng.normal(0, 0.4), side * share * board.pitch)
        radii = spot.radii(half * rng.uniform(0.8, 1.5), 0.17 * board.pitch)
        paint_blob(board.copper, at, radii, waves_of(rng), value=True)
    return True


def make_mousebite(board: Board, spot: Spot, rng: np.random.Generator) -> bool:
    """Bite up to two thirds of the width out of one edge of a trace."""
    side = rng.choice([-1, 1])
    depth, length = rng.uniform(0.35, 0.65) * board.width, rng.uniform(1.8, 4.5)
    at = spot.offset(0, side * 0.5 * board.width)
    paint_blob(board.copper, at, spot.radii(length, depth), waves_of(rng), value=False)
    return True


def make_spur(board: Board, spot: Spot, rng: np.random.Generator) -> bool:
    """Grow a tongue of copper from one edge of a trace without reaching other copper."""
    side = rng.choice([-1, 1])
    gap = board.pitch - board.width
    reach, length = min(rng.uniform(0.4, 0.65) * gap, 7.0), rng.uniform(1.3, 3.2)
    edge = side * 0.5 * board.width
    beyond = spot.offset(0, edge + side * (0.5 * reach + 3))
    if has_copper(board, beyond, max(0.5 * reach + 1, length)):
        return False
    at = spot.offset(0, edge)
    paint_blob(board.copper, at, spot.radii(length, reach), waves_of(rng), value=True)
    return True


def make_pinhole(board: Board, spot: Spot, rng: np.random.Generator) -> bool:
    """Leave a hole in the inside of a trace."""
    radius = rng.uniform(1.2, 0.5 * board.width - 1.1)
    slack = 0.5 * board.width - 1 - radius
    at = spot.offset(0, rng.uniform(-1, 1) * slack)
    radii = spot.radii(radius * rng.uniform(1.0, 1.5), radius)
    paint_blob(board.copper, at, radii, np.empty(0), value=False)
    return True


def make_copper(board: Board, _spot: Spot, rng: np.random.Generator) -> bool:
    """Leave an island of copper on the bare laminate."""
    y, x = CANVAS / 2 + rng.uniform(-AIM, AIM, 2)
    radius = rng.uniform(1.5, 4.5)
    if has_copper(board, (y, x), 1.3 * radius + 2):
        return False
    radii = (radius, radius * rng.uniform(0.7, 1.3))
    paint_blob(board.copper, (y, x), radii, waves_of(rng), value=True)
    return True


DEFECTS: dict[str, Callable[[Board, Spot, np.random.Generator], bool]] = {
    "open": make_open,
    "short": make_short,
    "mousebite": make_mousebite,
    "spur": make_spur,
    "pinhole": make_pinhole,
    "copper": make_copper,
}


def spoil(board: Board, label: str, rng: np.random.Generator) -> bool:
    """Give the board the defect `label`; False where no place for it was found."""
    links = near_links(board)
    for _ in range(TRIES if links else 0):
        spot = pick_spot(board, links, rng)
        if spot is not None and DEFECTS[label](board, spot, rng):
            return True
    return False


def draw_copper(label: str, rng: np.random.Generator) -> Field:
    """Return the copper coverage (CANVAS, CANVAS) of a board with the defect `label`, or ok."""
    board = route(rng)
    while label != "ok" and not spoil(board, label, rng):
        board = route(rng)
    fine = rng.choice([board.copper, board.copper.T])
    return fine.reshape(CANVAS, SCALE, CANVAS, SCALE).mean(axis=(1, 3))
