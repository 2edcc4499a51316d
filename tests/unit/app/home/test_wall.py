from dataclasses import replace
from datetime import datetime

import pytest

from app.home.queries import BASELINE_HEIGHT, Window, fill_height, split_open
from app.home.wall import COLUMNS, HEIGHT, SIDE, WIDTH, build_wall
from app.problems.models import Area
from scoring import BoardColumn, Direction
from tests.factories.accounts import CREATED


def column(metric: str | None, direction: Direction) -> BoardColumn:
    target = ("label",) if metric else None
    return BoardColumn(key="x", metric=metric, target=target, direction=direction, primary=True)


F1 = column("f1_macro", Direction.MAX)
RMSE = column("rmse", Direction.MIN)
OWN_MAX = column(None, Direction.MAX)


def window(
    number: int,
    area: Area = Area.DESIGN,
    *,
    is_open: bool = True,
    closes_at: datetime | None = None,
) -> Window:
    return Window(
        slug=f"p{number}",
        area=area.value,
        code=f"E-{number:03d}",
        title={"en": "x"},
        owner=None,
        column=F1,
        teams=0,
        best=None,
        baseline=0.5,
        moved=False,
        is_open=is_open,
        closes_at=closes_at,
    )


@pytest.mark.parametrize(
    ("kind", "baseline", "best", "expected"),
    [
        (F1, None, None, 0.0),
        (F1, 0.5, None, BASELINE_HEIGHT),
        (F1, 0.5, 0.4, BASELINE_HEIGHT),
        (F1, 0.5, 0.5, BASELINE_HEIGHT),
        (F1, 0.5, 0.75, 0.6),
        (F1, 0.5, 1.0, 1.0),
        (RMSE, 4.0, 2.0, 0.6),
        (RMSE, 4.0, 8.0, BASELINE_HEIGHT),
        # nobody knows what is perfect: the share of the score beyond the baseline
        (OWN_MAX, 50.0, 100.0, 0.6),
        (OWN_MAX, 0.0, 0.0, BASELINE_HEIGHT),
    ],
)
def test_windows_fill_from_the_baseline_to_perfection(
    kind: BoardColumn, baseline: float | None, best: float | None, expected: float
) -> None:
    assert fill_height(kind, baseline, best) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "baseline", "best", "hundredths"),
    [
        (F1, 0.5, 0.75, 50),
        (F1, 0.5, 1.0, 100),
        (F1, 0.9, 0.9993, 99),
        (F1, 0.5, 0.4, 0),
        (RMSE, 4.0, 3.0, 25),
        (F1, None, 0.75, None),
        (F1, 0.5, None, None),
        (F1, 1.0, 1.0, None),
        (OWN_MAX, 50.0, 100.0, None),
    ],
)
def test_the_way_covered_is_told_only_where_perfect_is_known(
    kind: BoardColumn, baseline: float | None, best: float | None, hundredths: int | None
) -> None:
    shown = replace(window(1), column=kind, baseline=baseline, best=best)
    assert shown.covered == hundredths


def test_every_area_has_two_rows_of_its_own() -> None:
    wall = build_wall([window(0, Area.DESIGN), window(1, Area.QUALITY_INSPECTION)])
    design, quality = wall.panes[1], wall.panes[0]
    assert (design.window.slug, quality.window.slug) == ("p0", "p1")
    assert design.x == quality.x
    assert design.y > quality.y
    assert [band.count for band in wall.bands] == [1, 0, 0, 0, 1]
    outlines = sum(band.outlines.count("z") for band in wall.bands)
    assert outlines + len(wall.panes) == COLUMNS * COLUMNS


def test_an_area_with_more_borrows_and_a_hundred_is_all_there_is() -> None:
    wall = build_wall([window(number) for number in range(130)])
    assert len(wall.panes) == 100
    assert len({(pane.x, pane.y) for pane in wall.panes}) == 100
    assert all(0 < pane.x <= WIDTH - SIDE and 0 < pane.y <= HEIGHT - SIDE for pane in wall.panes)
    assert all(band.outlines == "" for band in wall.bands)


def test_the_fill_stands_on_the_sill() -> None:
    (pane,) = build_wall([window(0)]).panes
    assert pane.fill_top + pane.fill_height == pane.y + SIDE
    assert pane.baseline_y == pytest.approx(pane.fill_top)


def test_what_closes_first_is_listed_first() -> None:
    late, soon, never = (
        window(1, closes_at=CREATED.replace(year=2031)),
        window(2, closes_at=CREATED),
        window(3),
    )
    found = split_open([never, late, window(4, is_open=False), soon])
    assert [one.slug for one in found] == ["p2", "p1", "p3"]
