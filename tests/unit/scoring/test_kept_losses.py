"""Losses are kept in little room, whatever the size of the answer, and mean what they meant."""

import numpy as np
import pytest

from scoring.bootstrap import Resampler
from scoring.kept_losses import LARGEST_FILE, MOST_ITEMS, fold, pack_losses, unpack_losses
from scoring.matching import KeyTexts
from scoring.types import FloatArray, IntArray, ItemLosses, ScoreResult

MANY = MOST_ITEMS * 7 + 13


def kept(losses: ItemLosses) -> bytes:
    packed = pack_losses({"A": ScoreResult({}, losses={"x": losses})})
    assert packed is not None
    return packed


def stratified(count: int) -> tuple[FloatArray, IntArray]:
    """A large, a middling and a tiny stratum, of different means and spreads."""
    rng = np.random.default_rng(5)
    strata = rng.permutation(np.repeat([4, 0, 9], [count - count // 4 - 50, count // 4, 50]))
    values = rng.random(count) * np.where(strata == 4, 1.0, 0.2) + strata
    return values, strata


def test_few_items_are_kept_as_they_are() -> None:
    values, strata = np.array([0.5, 0.25, 1.0]), np.array([0, 1, 0])
    found = unpack_losses(kept(ItemLosses(("a", "b", "c"), values, strata)), "A", "x")
    assert found is not None
    assert found.values.tolist() == values.tolist()
    assert found.strata is not None
    assert found.strata.tolist() == [0, 1, 0]


def test_many_items_are_folded_and_keep_mean_and_spread() -> None:
    values = np.random.default_rng(3).random(MANY)
    folded, strata = fold(values)
    assert strata is None
    assert folded.shape == (MOST_ITEMS,)
    assert folded.mean() == pytest.approx(values.mean())
    standard_error = values.std() / np.sqrt(len(values))
    assert folded.std() / np.sqrt(len(folded)) == pytest.approx(standard_error, rel=0.05)


def test_folding_keeps_each_stratum_apart_and_the_spread_of_their_mean() -> None:
    values, strata = stratified(MANY)
    folded, places = fold(values, strata)
    assert places is not None
    assert len(folded) == len(places) <= MOST_ITEMS + 3 * 20
    assert folded.mean() == pytest.approx(values.mean(), rel=1e-9)
    assert np.bincount(places).min() >= 20
    whole = Resampler(len(values), 400, strata=strata).means(values[None])
    short = Resampler(len(folded), 400, strata=places).means(folded[None])
    assert short.std() == pytest.approx(whole.std(), rel=0.15)
    # without strata the same values would seem far less sure
    assert Resampler(len(folded), 400).means(folded[None]).std() > 5 * short.std()


def test_the_file_stays_small_and_no_list_of_all_keys_is_made() -> None:
    asked: list[int] = []

    def write(start: int, stop: int) -> list[str]:
        asked.append(stop - start)
        return [f"row-{number:09d}" for number in range(start, stop)]

    count = 300_000
    losses = ItemLosses(KeyTexts(write, count), np.random.default_rng(1).random(count))
    result = ScoreResult({}, losses={f"x{place}": losses for place in range(20)})
    packed = pack_losses({"A": result, "B": result})
    assert packed is not None
    assert len(packed) < 2 * 20 * MOST_ITEMS * 4 + 20_000 < LARGEST_FILE
    assert max(asked) <= 1 << 16


def test_the_name_of_a_truth_is_of_its_keys_in_order_and_its_strata() -> None:
    values = np.zeros(2)
    truths = [
        unpack_losses(kept(losses), "A", "x")
        for losses in (
            ItemLosses(("a", "b"), values),
            ItemLosses(("b", "a"), values),
            ItemLosses(("a", "b"), values, np.array([0, 1])),
            ItemLosses(("a", "b"), values, np.array([0, 0])),
            ItemLosses(KeyTexts(lambda start, stop: list("ab")[start:stop], 2), values),
        )
    ]
    names = [found.truth for found in truths if found is not None]
    assert len(set(names)) == 4
    assert names[0] == names[4]


def test_no_losses_no_file() -> None:
    assert pack_losses({"A": ScoreResult({"x": 1.0})}) is None


@pytest.mark.parametrize("data", [b"", b"junk", kept(ItemLosses(("a",), np.zeros(1)))[:-30]])
def test_a_damaged_file_is_no_losses(data: bytes) -> None:
    assert unpack_losses(data, "A", "x") is None


def test_what_is_not_there_is_none() -> None:
    data = kept(ItemLosses(("a",), np.zeros(1)))
    assert unpack_losses(data, "B", "x") is None
    assert unpack_losses(data, "A", "y") is None
    assert unpack_losses(kept(ItemLosses(("a",), np.array([np.inf]))), "A", "x") is None
