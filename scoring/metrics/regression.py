"""Metrics of numbers against numbers."""

from functools import partial
from typing import Final

import numpy as np
from scipy import stats
from sklearn import metrics as sk

from scoring.metrics.base import Kind, Metric, Param, ParamKind, Sample, UndefinedMetricError
from scoring.spec import Direction
from scoring.types import FloatArray, IntArray

__all__ = ["FAMILY", "of_numbers", "pinball_losses", "symmetric_errors"]


def _distance(sample: Sample) -> FloatArray:
    return np.abs(np.asarray(sample.prediction - sample.truth, np.float64))


def _square(sample: Sample) -> FloatArray:
    return np.square(_distance(sample))


def _relative(sample: Sample) -> FloatArray:
    if not sample.truth.all():
        code = "undefined_zero"
        raise UndefinedMetricError(code)
    relative: FloatArray = _distance(sample) / np.abs(sample.truth)
    return relative


def _symmetric(sample: Sample) -> FloatArray:
    return symmetric_errors(sample.truth, sample.prediction)


def symmetric_errors(truth: FloatArray | IntArray, given: FloatArray | IntArray) -> FloatArray:
    """Return 2|e| / (|y| + |f|), and 0 where both are zero."""
    scale = np.abs(truth) + np.abs(given)
    parts: FloatArray = np.zeros(len(scale))
    np.divide(2.0 * np.abs(truth - given), scale, out=parts, where=scale > 0)
    return parts


def _mae(sample: Sample) -> float:
    return float(sk.mean_absolute_error(sample.truth, sample.prediction))


def _mse(sample: Sample) -> float:
    return float(sk.mean_squared_error(sample.truth, sample.prediction))


def _rmse(sample: Sample) -> float:
    return float(sk.root_mean_squared_error(sample.truth, sample.prediction))


def _r2(sample: Sample) -> float:
    if np.ptp(sample.truth) == 0:
        code = "undefined_constant"
        raise UndefinedMetricError(code)
    return float(sk.r2_score(sample.truth, sample.prediction))


def _mape(sample: Sample) -> float:
    return float(np.mean(_relative(sample)))


def _smape(sample: Sample) -> float:
    return float(np.mean(_symmetric(sample)))


def _wmape(sample: Sample) -> float:
    """Return sum |e| / sum |y|."""
    scale = np.abs(sample.truth).sum()
    if scale == 0:
        code = "undefined_zero"
        raise UndefinedMetricError(code)
    return float(_distance(sample).sum() / scale)


def _median_error(sample: Sample) -> float:
    return float(sk.median_absolute_error(sample.truth, sample.prediction))


def _correlation(truth: FloatArray, given: FloatArray) -> float:
    """Return the linear correlation: 0 where the answer is constant, as it then says nothing."""
    if np.ptp(truth) == 0:
        code = "undefined_constant"
        raise UndefinedMetricError(code)
    return 0.0 if np.ptp(given) == 0 else float(stats.pearsonr(truth, given).statistic)


def _pearson(sample: Sample) -> float:
    return _correlation(sample.truth.astype(np.float64), sample.prediction.astype(np.float64))


def _spearman(sample: Sample) -> float:
    return _correlation(stats.rankdata(sample.truth), stats.rankdata(sample.prediction))


def _max_error(sample: Sample) -> float:
    return float(sk.max_error(sample.truth, sample.prediction))


def pinball_losses(sample: Sample) -> FloatArray:
    """Return each row's quantile loss, averaged over the quantiles."""
    quantiles = np.array(sample.numbers("quantiles"))
    shortfall = sample.truth[:, None] - sample.prediction.reshape(len(sample.truth), -1)
    losses = np.maximum(quantiles * shortfall, (quantiles - 1.0) * shortfall)
    average: FloatArray = losses.mean(axis=1)
    return average


def _pinball(sample: Sample) -> float:
    return float(np.mean(pinball_losses(sample)))


of_numbers = partial(
    Metric,
    direction=Direction.MIN,
    low=0.0,
    high=float("inf"),
    target=Kind.NUMBER,
    prediction=Kind.NUMBER,
)

_of_correlation = partial(of_numbers, direction=Direction.MAX, low=-1.0, high=1.0)

FAMILY: Final = (
    of_numbers(
        "mae",
        score=_mae,
        loss=_distance,
        aliases=("mean_absolute_error",),
        source="sklearn.metrics.mean_absolute_error",
    ),
    of_numbers(
        "mse",
        score=_mse,
        loss=_square,
        aliases=("mean_squared_error",),
        source="sklearn.metrics.mean_squared_error",
    ),
    of_numbers(
        "rmse",
        score=_rmse,
        loss=_square,
        power=0.5,
        aliases=("root_mean_squared_error",),
        source="sklearn.metrics.root_mean_squared_error",
    ),
    of_numbers(
        "r2",
        direction=Direction.MAX,
        low=float("-inf"),
        high=1.0,
        score=_r2,
        loss=_square,
        source="sklearn.metrics.r2_score",
    ),
    of_numbers(
        "mape",
        score=_mape,
        loss=_relative,
        aliases=("mean_absolute_percentage_error",),
        source="mean of |e|/|y|, a fraction; sklearn.metrics.mean_absolute_percentage_error",
    ),
    of_numbers(
        "smape",
        high=2.0,
        score=_smape,
        loss=_symmetric,
        source="mean of 2|e|/(|y|+|f|), a fraction; Makridakis, Spiliotis, Assimakopoulos (2020)",
    ),
    of_numbers(
        "wmape",
        score=_wmape,
        loss=_distance,
        source="sum |e| / sum |y|, also called WAPE; Hyndman and Koehler (2006)",
    ),
    of_numbers(
        "median_absolute_error",
        score=_median_error,
        source="sklearn.metrics.median_absolute_error",
    ),
    _of_correlation("pearson", score=_pearson, source="scipy.stats.pearsonr"),
    _of_correlation("spearman", score=_spearman, source="scipy.stats.spearmanr"),
    of_numbers("max_error", score=_max_error, source="sklearn.metrics.max_error"),
    of_numbers(
        "pinball",
        score=_pinball,
        loss=pinball_losses,
        predictions=None,
        params={"quantiles": Param(ParamKind.NUMBERS, required=True)},
        source="mean over the quantiles of sklearn.metrics.mean_pinball_loss",
    ),
)
