"""The paired bootstrap: against formulas where there are some, and against its own promises."""

import numpy as np
import pytest

from scoring.bootstrap import Resampler, chance_to_win, score_intervals, tied_groups
from scoring.metrics import METRICS
from scoring.types import FloatArray
from tests.unit.scoring.metrics.test_reference import sample


def errors(*rates: float, items: int = 2000, seed: int = 0) -> FloatArray:
    """Answers that err on the hardest items first: paired, as real ones are."""
    hardness = np.random.default_rng(seed).permutation(items) / items
    return np.array([hardness < rate for rate in rates], np.float64)


def test_the_spread_of_an_accuracy_is_that_of_the_binomial() -> None:
    losses = errors(0.2)
    means = Resampler(2000, resamples=4000).means(losses)

    assert means.mean() == pytest.approx(0.2, abs=0.001)
    assert means.std() == pytest.approx(np.sqrt(0.2 * 0.8 / 2000), rel=0.05)
    interval = score_intervals([0.8], losses, means, best=1.0)[0]
    assert interval.low == pytest.approx(0.8 - 1.96 * means.std(), abs=0.002)
    assert interval.high == pytest.approx(0.8 + 1.96 * means.std(), abs=0.002)


def test_the_same_data_give_the_same_board_and_a_new_entry_moves_no_other() -> None:
    losses = errors(0.1, 0.2, 0.3)
    draws = Resampler(2000, resamples=300, seed=7)

    assert np.array_equal(draws.means(losses), draws.means(losses))
    assert np.allclose(draws.means(losses)[:2], draws.means(losses[:2]), rtol=0, atol=1e-15)
    assert not np.array_equal(draws.means(losses), Resampler(2000, 300, seed=8).means(losses))


def test_strata_keep_their_size_in_every_draw() -> None:
    strata = np.repeat([0, 1], [50, 150])
    indicator = (strata == 0).astype(np.float64)[None]

    assert Resampler(200, 100).means(indicator).std() > 0.01
    stratified = Resampler(200, 100, strata=strata).means(indicator)
    assert stratified == pytest.approx(np.full((1, 100), 0.25))


def test_a_stratified_draw_is_what_it_says() -> None:
    """Against the straightforward way: from each stratum, as many of its own as it has."""
    rng = np.random.default_rng(11)
    strata = rng.permutation(np.repeat([7, 2, 5], [5, 40, 155]))
    losses = rng.random((3, 200)) + strata
    found = Resampler(200, 4000, seed=3, strata=strata).means(losses)

    expected = np.empty((3, 4000))
    for draw in range(4000):
        picked = np.concatenate(
            [
                rng.choice(np.flatnonzero(strata == stratum), (strata == stratum).sum())
                for stratum in (7, 2, 5)
            ]
        )
        expected[:, draw] = losses[:, picked].mean(axis=1)
    assert found.mean(axis=1) == pytest.approx(losses.mean(axis=1), abs=0.002)
    assert found.std(axis=1) == pytest.approx(expected.std(axis=1), rel=0.06)
    for share in (0.025, 0.975):
        assert np.quantile(found, share, axis=1) == pytest.approx(
            np.quantile(expected, share, axis=1), abs=0.005
        )
    # paired: the same draw serves all entries
    assert np.cov(found) == pytest.approx(np.cov(expected), rel=0.15, abs=2e-5)


@pytest.mark.parametrize("name", ["rmse", "r2", "wmape", "mae"])
def test_intervals_agree_with_scoring_each_draw(name: str) -> None:
    """Scores whose denominator is not resampled differ a little: they are judged with room."""
    rng = np.random.default_rng(4)
    truth = rng.uniform(5, 15, 1000)
    answer = sample(truth, truth + rng.normal(size=1000))
    metric = METRICS[name]
    assert metric.loss is not None
    losses = metric.loss(answer)[None]
    means = Resampler(1000, 1000).means(losses)
    score = metric.score(answer)
    interval = score_intervals([score], losses, means, best=metric.best, power=metric.power)[0]

    draws = [rng.integers(0, 1000, 1000) for _ in range(1000)]
    direct = [metric.score(sample(truth[rows], answer.prediction[rows])) for rows in draws]
    low, high = np.quantile(direct, [0.025, 0.975])
    assert interval.low <= score <= interval.high
    assert interval.high - interval.low == pytest.approx(high - low, rel=0.25)


def test_an_answer_without_a_fault_has_no_width() -> None:
    losses = np.zeros((1, 10))
    interval = score_intervals([1.0], losses, Resampler(10, 20).means(losses), best=1.0)[0]

    assert (interval.low, interval.high) == (1.0, 1.0)


def test_the_chance_to_win_is_even_for_equals_and_sure_for_clear_winners() -> None:
    means = Resampler(2000, 500).means(errors(0.1, 0.3, 0.1))

    assert chance_to_win(means[0], means[1]) == 1.0
    assert chance_to_win(means[1], means[0]) == 0.0
    assert chance_to_win(means[0], means[2]) == 0.5


def test_groups_begin_where_the_leader_clearly_wins() -> None:
    losses = errors(0.100, 0.101, 0.102, 0.2, 0.201, 0.4)
    means = Resampler(2000, 1000).means(losses)

    assert tied_groups(losses, means).tolist() == [1, 1, 1, 2, 2, 3]
    assert tied_groups(losses[:1], means[:1]).tolist() == [1]
    same = np.repeat(losses[:1], 3, axis=0)
    assert tied_groups(same, np.repeat(means[:1], 3, axis=0)).tolist() == [1, 1, 1]


def test_equals_are_seldom_torn_apart_however_many_there_are() -> None:
    """Of forty boards of equally good answers about two may have a second group, by the level."""
    torn = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        losses = (rng.random((40, 300)) < 0.2).astype(np.float64)
        losses = losses[np.argsort(losses.mean(axis=1))]
        means = Resampler(300, 200, seed=seed).means(losses)
        torn += tied_groups(losses, means).max() > 1
    assert torn <= 5


def test_losses_of_another_board_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        Resampler(10).means(np.zeros((2, 9)))
