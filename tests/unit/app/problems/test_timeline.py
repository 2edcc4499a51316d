from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy.orm import Session

from app.problems.models import Board
from app.problems.timeline import WIDTH, lay_out
from tests.factories import make_problem

NOW = datetime(2030, 1, 1, 4, tzinfo=UTC)


def test_bars_lie_in_their_order_within_the_axis(session: Session) -> None:
    problem = make_problem(session, opens_at=NOW, closes_at=NOW + timedelta(days=30))
    stage_b = problem.stage(Board.B)
    assert stage_b is not None
    stage_b.opens_at, stage_b.closes_at = NOW + timedelta(days=40), None
    drawn = lay_out([problem], NOW)
    first, second = drawn.rows[0].bars
    assert (first.board, second.board) == ("A", "B")
    assert 0 < first.x < first.x + first.width < second.x
    assert second.x + second.width == pytest.approx(WIDTH)
    assert first.x == drawn.now_x


def test_without_times_there_is_the_present_and_no_bar(session: Session) -> None:
    drawn = lay_out([make_problem(session, opens_at=None)], NOW)
    assert drawn.rows[0].bars == ()
    assert 0 < drawn.now_x < WIDTH
    assert lay_out([], NOW).rows == ()


@pytest.mark.parametrize(
    ("days", "label", "most"),
    [(5, "01-02", 9), (60, "01-07", 12), (300, "2030-02", 13), (2000, "2030-04", 28)],
)
def test_the_axis_is_marked_in_beijing_and_never_crowded(
    session: Session, days: int, label: str, most: int
) -> None:
    problem = make_problem(session, opens_at=NOW, closes_at=NOW + timedelta(days=days))
    ticks = lay_out([problem], NOW).ticks
    assert label in [tick.label for tick in ticks]
    assert 1 < len(ticks) <= most
    gaps = [later.x - earlier.x for earlier, later in pairwise(ticks)]
    assert min(gaps) > 25
