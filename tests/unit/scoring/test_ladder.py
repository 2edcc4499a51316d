"""The Ladder releases what is clearly better, and nothing an attacker could build on."""

import math

import numpy as np
import pytest

from scoring.ladder import Ladder, Rung
from scoring.types import FloatArray


def losses(errors: int, items: int = 1000) -> FloatArray:
    return (np.arange(items) < errors).astype(np.float64)


def test_a_fixed_step_releases_improvements_of_more_than_a_step() -> None:
    ladder, rung = Ladder(step=0.01), Rung()

    told = []
    for errors in (303, 300, 294, 285, 400, 100):
        rung = ladder.climb(rung, losses(errors))
        told.append(round(rung.released, 6))

    assert told == [0.3, 0.3, 0.3, 0.28, 0.28, 0.1]


def test_without_parameters_the_standard_error_of_the_difference_is_the_step() -> None:
    ladder = Ladder()
    first = ladder.climb(Rung(), losses(300))
    assert first.released == 0.3

    rng = np.random.default_rng(0)
    noise = losses(300)[rng.permutation(1000)]  # as many errors elsewhere: no better
    assert ladder.climb(first, noise) is first
    noise[np.flatnonzero(noise)[:10]] = 0  # 10 fewer of 1000: less than one standard error
    assert ladder.climb(first, noise) is first
    assert ladder.climb(first, losses(299)).released == 0.3  # one item on its own is no evidence
    assert ladder.climb(first, losses(290)).released == 0.29


def test_the_first_answer_is_always_told() -> None:
    assert Ladder().climb(Rung(), np.array([1.0])).released == 1.0
    assert Ladder(step=0.1).climb(Rung(), losses(1000)).released == pytest.approx(1.0)


@pytest.mark.parametrize("step", [0.0, -1.0, math.inf, math.nan])
def test_a_step_is_a_positive_number(step: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        Ladder(step)


def test_a_loss_beyond_any_number_of_steps_is_told_as_it_is() -> None:
    huge = np.full(10, 1e300)
    assert Ladder(step=1e-300).climb(Rung(), huge).released == pytest.approx(1e300)
    assert Ladder().climb(Rung(), np.array([1e308])).released == pytest.approx(1e308)


def test_small_losses_are_not_all_rounded_to_nothing() -> None:
    small = np.full(100, 0.000123456)
    assert Ladder().climb(Rung(), small).released == pytest.approx(0.00012, abs=1e-12)
    assert Ladder().climb(Rung(), np.zeros(100)).released == 0.0


def test_of_other_items_only_what_beats_two_independent_means_is_better() -> None:
    ladder = Ladder()
    first = ladder.climb(Rung(), losses(300))
    assert ladder.climb(first, losses(285)).released == 0.285  # paired: 15 of the same items mended
    assert ladder.climb(first, losses(285), is_paired=False) is first
    assert ladder.climb(first, losses(140, items=500), is_paired=False) is first
    assert ladder.climb(first, losses(100, items=500), is_paired=False).released == 0.2


@pytest.mark.parametrize("mean", [5e-324, 1e308, 1.7e308, 1e-300])
def test_no_loss_is_too_small_or_too_large_to_be_told(mean: float) -> None:
    told = Ladder().climb(Rung(), np.array([mean])).released
    assert math.isfinite(told)
