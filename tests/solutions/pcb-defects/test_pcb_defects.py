"""The pack's defects are what the statement calls them, and the problem has headroom."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[3]
PACK = ROOT / "problems" / "pcb-defects"
BOARDS = 30


@pytest.fixture
def defects(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(PACK))
    yield importlib.import_module("defects")
    for name in ("defects", "board"):
        sys.modules.pop(name)


def pieces(mask: np.ndarray, neighbours: int) -> int:
    return ndimage.label(mask, ndimage.generate_binary_structure(2, neighbours))[1]


# label: does it hold, given the change of copper pieces, of laminate pieces, of copper area
EXPECTED = {
    "open": lambda copper, _laminate, area: copper > 0 > area,
    "short": lambda copper, laminate, area: area > 0 and (copper == -1 or laminate > 0),
    "mousebite": lambda copper, laminate, area: copper == laminate == 0 > area,
    "spur": lambda copper, laminate, area: copper == laminate == 0 < area,
    "pinhole": lambda copper, laminate, area: copper == 0 < laminate == 1 and area < 0,
    "copper": lambda copper, laminate, area: copper == 1 and laminate == 0 < area,
}


@pytest.mark.parametrize("label", EXPECTED)
def test_a_defect_changes_the_topology_as_its_name_says(label: str, defects: ModuleType) -> None:
    rng, right, drawn = np.random.default_rng(11), 0, 0
    while drawn < BOARDS:
        board = defects.route(rng)
        before = board.copper.copy()
        if not defects.spoil(board, label, rng):
            continue
        drawn += 1
        right += EXPECTED[label](
            pieces(board.copper, 1) - pieces(before, 1),
            pieces(~board.copper, 2) - pieces(~before, 2),
            int(board.copper.sum()) - int(before.sum()),
        )
    assert right >= BOARDS - 1  # a ragged outline may rarely shed a crumb
