"""Pictures for links that people share: the wall, or one window of it enlarged, as PNG.

They hold no words: the link's title stands beside the picture wherever it is shown.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from app.home.queries import BASELINE_HEIGHT, Window
from app.home.wall import SIDE, Pane, build_wall
from app.problems.covers import AREA_COLOURS
from app.problems.models import Area

WIDTH, HEIGHT = 1200, 630
_PAPER: Final = "#faf8f5"
_SURFACE: Final = "#fefdfc"
_RULE: Final = "#c9ccd2"
_INK: Final = "#171b24"
_SIGN: Final = 420
"""The enlarged window's side, in pixels."""
_LEFT, _TOP = 90, 105
_WALL_LEFT, _WALL_TOP, _SCALE = 640, 54, 0.92
_LEVEL: Final = 9


class Box(NamedTuple):
    """A filled rectangle, in pixels, with its colour as `#rrggbb`."""

    left: int
    top: int
    width: int
    height: int
    colour: str


def draw_wall_card(windows: Iterable[Window]) -> bytes:
    """Return the picture of the whole wall: the most filled window of it stands enlarged."""
    panes = build_wall(windows).panes
    best = max(panes, key=lambda pane: pane.window.height, default=None)
    return _encode(_boxes(panes, best))


def draw_card(windows: Iterable[Window], slug: str) -> bytes:
    """Return the picture of one problem: its window enlarged, and its place on the wall."""
    panes = build_wall(windows).panes
    return _encode(_boxes(panes, next((one for one in panes if one.window.slug == slug), None)))


def _boxes(panes: Sequence[Pane], shown: Pane | None) -> tuple[Box, ...]:
    boxes = [
        Box(24, 24, WIDTH - 48, HEIGHT - 48, _RULE),
        Box(26, 26, WIDTH - 52, HEIGHT - 52, _SURFACE),
    ]
    area = shown.window.area if shown else Area.DESIGN.value
    height = shown.window.height if shown else 0.0
    boxes += _window(_LEFT, _TOP, _SIGN, area, height)
    side = round(SIDE * _SCALE)
    for pane in panes:
        left, top = _WALL_LEFT + round(pane.x * _SCALE), _WALL_TOP + round(pane.y * _SCALE)
        if shown is pane:
            boxes.append(Box(left - 4, top - 4, side + 8, side + 8, _INK))
        boxes += _window(left, top, side, pane.window.area, pane.window.height)
    return tuple(boxes)


def _window(left: int, top: int, side: int, area: str, height: float) -> list[Box]:
    colour = AREA_COLOURS[area]
    frame = max(2, side // 60)
    fill, base = round(side * height), top + round(side * (1 - BASELINE_HEIGHT))
    return [
        Box(left, top, side, side, colour),
        Box(left + frame, top + frame, side - 2 * frame, side - 2 * frame, _pale(colour)),
        Box(left, top + side - fill, side, fill, colour),
        Box(left, base, side, frame if fill else 0, _SURFACE),
    ]


def _pale(colour: str) -> str:
    """Mix a colour with paper, one part to three."""
    parts = zip(_rgb(colour), _rgb(_SURFACE), strict=True)
    return "#" + "".join(f"{(one + 3 * paper) // 4:02x}" for one, paper in parts)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


@lru_cache(maxsize=256)
def _encode(boxes: tuple[Box, ...]) -> bytes:
    """Paint the rectangles one over the other and write them as PNG with a palette."""
    colours = list(dict.fromkeys([_PAPER, *(box.colour for box in boxes)]))
    pixels = np.zeros((HEIGHT, WIDTH + 1), np.uint8)  # the first of a row says: no filter
    for box in boxes:
        rows = slice(box.top, box.top + box.height)
        pixels[rows, 1 + box.left : 1 + box.left + box.width] = colours.index(box.colour)
    pixels[:, 0] = 0
    palette = b"".join(bytes(_rgb(colour)) for colour in colours)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    body = zlib.compress(pixels.tobytes(), _LEVEL)
    chunks = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
