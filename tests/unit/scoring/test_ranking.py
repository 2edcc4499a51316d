import math
from collections.abc import Sequence
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from scoring import Direction, Entry, Ties, best_entries, rank

UP = [("f1", Direction.MAX)]
DOWN = [("cost", Direction.MIN)]


def places(
    entries: list[Entry], order: Sequence[tuple[str, Direction]] = UP, ties: Ties = Ties.EARLIER
) -> list[tuple[int, object]]:
    return [(one.rank, one.entry.owner) for one in rank(entries, order, ties)]


def test_more_is_better_or_less_is() -> None:
    entries = [Entry("x", {"f1": 0.5, "cost": 9.0}, 1), Entry("y", {"f1": 0.7, "cost": 12.0}, 2)]

    assert places(entries) == [(1, "y"), (2, "x")]
    assert places(entries, DOWN) == [(1, "x"), (2, "y")]


def test_of_equals_the_earlier_is_ahead() -> None:
    entries = [Entry("late", {"f1": 0.5}, 9), Entry("early", {"f1": 0.5}, 3)]

    assert places(entries) == [(1, "early"), (2, "late")]


def test_equals_may_share_and_leave_a_gap() -> None:
    scores = {"a": 0.9, "b": 0.8, "c": 0.8, "d": 0.7}
    entries = [Entry(name, {"f1": score}, n) for n, (name, score) in enumerate(scores.items())]

    assert places(entries, UP, Ties.SHARED) == [(1, "a"), (2, "b"), (2, "c"), (4, "d")]


def test_equal_times_are_settled_by_number() -> None:
    entries = [Entry("second", {"f1": 0.5}, 3, 8), Entry("first", {"f1": 0.5}, 3, 7)]

    assert places(entries) == [(1, "first"), (2, "second")]


def test_further_columns_break_ties() -> None:
    order = [*UP, *DOWN]
    entries = [Entry("x", {"f1": 0.5, "cost": 9.0}, 1), Entry("y", {"f1": 0.5, "cost": 8.0}, 2)]

    assert places(entries, order) == [(1, "y"), (2, "x")]


def test_the_whole_number_counts_not_its_display() -> None:
    entries = [Entry("x", {"f1": 0.123451}, 1), Entry("y", {"f1": 0.123452}, 2)]

    assert places(entries) == [(1, "y"), (2, "x")]


def test_what_is_not_finite_or_not_there_is_never_ranked() -> None:
    entries = [
        Entry("nan", {"f1": math.nan}, 1),
        Entry("inf", {"f1": math.inf}, 2),
        Entry("none", {}, 3),
        Entry("ok", {"f1": -1e300}, 4),
    ]

    assert places(entries) == [(1, "ok")]


def test_each_owner_counts_once_with_the_best() -> None:
    entries = [
        Entry("x", {"f1": 0.5}, 1),
        Entry("x", {"f1": 0.7}, 2),
        Entry("y", {"f1": 0.6}, 3),
        Entry("x", {"f1": 0.7}, 4),
    ]

    assert [(best.owner, best.at) for best in best_entries(entries, UP)] == [("x", 2), ("y", 3)]


ENTRIES = st.lists(
    st.builds(
        Entry,
        st.sampled_from("abc"),
        st.fixed_dictionaries({"f1": st.sampled_from([0.0, 0.5, 1.0, math.nan])}),
        st.integers(0, 3).map(float),
        st.integers(0, 1000),
    ),
    max_size=12,
    unique_by=lambda entry: entry.number,
)


@given(ENTRIES, st.sampled_from(Ties), st.randoms())
def test_the_order_of_arrival_never_matters(
    entries: list[Entry], ties: Ties, random: Random
) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)
    ranked = rank(entries, UP, ties)

    assert ranked == rank(shuffled, UP, ties)
    for better, worse in pairwise(ranked):
        assert better.rank <= worse.rank
        assert better.entry.scores["f1"] >= worse.entry.scores["f1"]
    for place, one in enumerate(ranked, start=1):
        assert one.rank <= place
        assert ties is Ties.SHARED or one.rank == place
