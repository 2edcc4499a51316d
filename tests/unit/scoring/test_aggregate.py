from hypothesis import given
from hypothesis import strategies as st

from scoring.aggregate import Combined, Method, Placed, RankedBoard, combine
from scoring.spec import Direction

# alpha is first and last, beta is second twice, gamma has one board only
UP = RankedBoard(
    {"alpha": Placed(1, 0.9), "beta": Placed(2, 0.8), "gamma": Placed(3, 0.5)}, Direction.MAX
)
DOWN = RankedBoard(
    {"delta": Placed(1, 10.0), "beta": Placed(2, 15.0), "alpha": Placed(3, 20.0)}, Direction.MIN
)


def told(found: list[Combined]) -> list[tuple[int, object, float]]:
    return [(one.rank, one.competitor, round(one.total, 12)) for one in found]


def test_the_mean_of_the_ranks_counts_the_missing_as_worse_than_the_last() -> None:
    found = combine([UP, DOWN], Method.MEAN_RANK)
    assert told(found) == [
        (1, "alpha", 2.0),
        (1, "beta", 2.0),
        (3, "delta", 2.5),
        (4, "gamma", 3.5),
    ]
    assert found[-1].parts == (3.0, 4.0)


def test_points_lie_between_the_worst_and_the_best_of_each_board() -> None:
    assert told(combine([UP, DOWN], Method.POINTS)) == [
        (1, "beta", 0.75 + 0.5),
        (2, "alpha", 1.0),
        (2, "delta", 1.0),
        (4, "gamma", 0.0),
    ]


def test_borda_gives_a_point_for_every_rank_from_the_last_up() -> None:
    assert told(combine([UP, DOWN], Method.BORDA)) == [
        (1, "alpha", 4.0),
        (1, "beta", 4.0),
        (3, "delta", 3.0),
        (4, "gamma", 1.0),
    ]


def test_a_board_of_equals_and_an_empty_one() -> None:
    same = RankedBoard({"a": Placed(1, 0.5), "b": Placed(1, 0.5)}, Direction.MAX)
    empty = RankedBoard({}, Direction.MAX)
    assert told(combine([same, empty], Method.POINTS)) == [(1, "a", 1.0), (1, "b", 1.0)]
    assert combine([empty], Method.BORDA) == []
    assert combine([], Method.MEAN_RANK) == []


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_points_are_never_outside(scores: list[float]) -> None:
    ordered = sorted(scores, reverse=True)
    board = RankedBoard(
        {number: Placed(1 + ordered.index(score), score) for number, score in enumerate(scores)},
        Direction.MAX,
    )
    totals = [one.total for one in combine([board], Method.POINTS)]
    assert totals[0] == 1.0
    assert all(0.0 <= total <= 1.0 for total in totals)
