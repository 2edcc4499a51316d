"""Forecasts, grades and correlations against scikit-learn, SciPy and numbers worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from scoring.errors import InvalidSubmission
from scoring.metrics.base import UndefinedMetricError
from tests.unit.scoring.metrics.test_reference import score

POSITIVE = st.lists(st.floats(0, 1e6), min_size=2, max_size=20)


@settings(max_examples=30)
@given(POSITIVE, st.integers(0, 2**32 - 1))
def test_rmsle_is_that_of_scikit_learn(truth: list[float], seed: int) -> None:
    forecast = np.random.default_rng(seed).uniform(0, 1e6, len(truth))
    expected = sk.root_mean_squared_log_error(truth, forecast)

    assert score("rmsle", truth, forecast) == pytest.approx(expected, rel=1e-12)


def test_rmsle_refuses_a_negative_forecast_and_names_its_line() -> None:
    with pytest.raises(InvalidSubmission) as refusal:
        score("rmsle", [1.0, 2.0, 3.0], [1.0, -0.5, 3.0])
    assert [message.line for message in refusal.value.messages] == [3]
    with pytest.raises(UndefinedMetricError):
        score("rmsle", [-1.0], [1.0])


def test_mase_divides_each_error_by_its_rows_scale() -> None:
    truth = np.array([[10.0, 2.0], [20.0, 4.0]])

    assert score("mase", truth, [12.0, 14.0]) == pytest.approx((1.0 + 1.5) / 2)
    with pytest.raises(UndefinedMetricError):
        score("mase", np.array([[1.0, 0.0]]), [1.0])


def test_the_reference_forecast_has_an_owa_of_one() -> None:
    rng = np.random.default_rng(1)
    truth, reference = rng.uniform(1, 2, 50), rng.uniform(1, 2, 50)
    table = np.column_stack([truth, np.full(50, 0.3), reference])

    assert score("owa", table, reference) == pytest.approx(1.0)
    better = (truth + reference) / 2
    smape = np.mean(2 * abs(truth - better) / (truth + better))
    smape /= np.mean(2 * abs(truth - reference) / (truth + reference))
    assert score("owa", table, better) == pytest.approx((smape + 0.5) / 2)
    with pytest.raises(UndefinedMetricError):
        score("owa", np.column_stack([truth, truth, truth]), truth)


def test_crps_of_dense_quantiles_tends_to_the_closed_form_for_a_normal_forecast() -> None:
    levels = tuple((np.arange(999) + 0.5) / 999)
    quantiles = np.tile(stats.norm.ppf(levels), (3, 1))
    truth = np.array([-1.0, 0.0, 2.0])
    # Gneiting and Raftery (2007), equation 21, for the standard normal
    exact = (
        truth * (2 * stats.norm.cdf(truth) - 1) + 2 * stats.norm.pdf(truth) - 1 / math.sqrt(math.pi)
    )

    assert score("crps", truth, quantiles, quantiles=levels) == pytest.approx(
        exact.mean(), rel=2e-3
    )


def test_weighted_quantile_loss_of_the_median_is_wmape() -> None:
    truth, forecast = [1.0, 2.0, 4.0], np.array([[2.0], [2.0], [1.0]])

    assert score("weighted_quantile_loss", truth, forecast, quantiles=(0.5,)) == pytest.approx(
        4 / 7
    )
    with pytest.raises(UndefinedMetricError):
        score("weighted_quantile_loss", [0.0], np.array([[1.0]]), quantiles=(0.5,))


def test_phm08_punishes_late_more_than_early() -> None:
    early, late = score("phm08", [50.0], [37.0]), score("phm08", [50.0], [63.0])

    assert early == pytest.approx(math.e - 1)
    assert late == pytest.approx(math.exp(1.3) - 1)


def test_columnwise_means_weigh_every_column_alike() -> None:
    truth = np.array([[0.0, 0.0], [0.0, 0.0]])
    given_values = np.array([[3.0, 0.0], [4.0, 0.0]])

    assert score("mcrmse", truth, given_values) == pytest.approx(math.sqrt(12.5) / 2)
    assert score("mcmae", truth, given_values) == pytest.approx(3.5 / 2)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=30))
def test_quadratic_kappa_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, grades = (np.array(column, np.float64) for column in zip(*pairs, strict=True))
    if len(np.union1d(truth, grades)) == 1:
        with pytest.raises(UndefinedMetricError):
            score("quadratic_kappa", truth, grades)
        return
    levels = np.arange(5)
    expected = sk.cohen_kappa_score(
        truth.astype(int), grades.astype(int), labels=levels, weights="quadratic"
    )

    assert score("quadratic_kappa", truth, grades) == pytest.approx(expected)


def test_a_grade_is_whole() -> None:
    with pytest.raises(InvalidSubmission) as refusal:
        score("quadratic_kappa", [1.0, 2.0], [1.0, 1.5])
    assert refusal.value.messages[0].line == 3


def test_correlations_are_those_of_scipy_and_a_constant_says_nothing() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(size=40)
    other = truth + rng.normal(size=40)

    assert score("pearson", truth, other) == pytest.approx(stats.pearsonr(truth, other).statistic)
    assert score("spearman", truth, other) == pytest.approx(stats.spearmanr(truth, other).statistic)
    assert score("pearson", truth, np.ones(40)) == 0.0
    with pytest.raises(UndefinedMetricError):
        score("spearman", np.ones(40), other)


def test_quadratic_kappa_takes_grades_far_apart() -> None:
    # sums by hand: ((0 + 10**16) / 2) over the variances and the squared distance of the means
    truth, grades = [0.0, 1.0e8], [0.0, 2.0e8]
    expected = 1 - (1e16 / 2) / (0.25e16 + 1e16 + 0.25e16)
    assert score("quadratic_kappa", truth, grades) == pytest.approx(expected)
