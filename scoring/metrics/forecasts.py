"""Metrics of forecasts: errors against a scale or a reference, logarithms, asymmetric costs."""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from scoring.errors import InvalidSubmission
from scoring.messages import Message
from scoring.metrics.base import Param, ParamKind, Sample, UndefinedMetricError
from scoring.metrics.regression import of_numbers, pinball_losses, symmetric_errors
from scoring.types import FloatArray

__all__ = ["FAMILY"]

EARLY: Final = 13.0
LATE: Final = 10.0


def _log_errors(sample: Sample) -> FloatArray:
    """Return (ln(1 + f) - ln(1 + y))² by row; numbers must not be negative."""
    if (sample.truth < 0).any():
        code = "undefined_negative"
        raise UndefinedMetricError(code)
    below = np.flatnonzero(sample.prediction < 0)
    if len(below):
        row = int(below[np.argmin(sample.lines[below])])
        params: dict[str, str | float] = {
            "value": f"{float(sample.prediction[row]):.6g}",
            "limit": 0,
        }
        raise InvalidSubmission(
            Message("below_min", params, int(sample.lines[row]), sample.names[0])
        )
    errors: FloatArray = np.square(np.log1p(sample.prediction) - np.log1p(sample.truth))
    return errors


def _rmsle(sample: Sample) -> float:
    return float(np.sqrt(np.mean(_log_errors(sample))))


def _scaled(sample: Sample) -> FloatArray:
    """Return |y - f| / scale by row."""
    scale = sample.truth[:, 1]
    if not (scale > 0).all():
        code = "undefined_zero"
        raise UndefinedMetricError(code)
    scaled: FloatArray = np.abs(sample.truth[:, 0] - sample.prediction) / scale
    return scaled


def _mase(sample: Sample) -> float:
    return float(np.mean(_scaled(sample)))


def _owa(sample: Sample) -> float:
    """Return the mean of sMAPE and MASE, each relative to that of the reference forecast."""
    truth, reference = sample.truth[:, 0].astype(np.float64), sample.truth[:, 2].astype(np.float64)
    forecast = sample.prediction.astype(np.float64)
    theirs = float(np.mean(symmetric_errors(truth, reference)))
    scaled = float(np.mean(np.abs(truth - reference) / sample.truth[:, 1]))
    if theirs == 0 or scaled == 0:
        code = "undefined_zero"
        raise UndefinedMetricError(code)
    ours = float(np.mean(symmetric_errors(truth, forecast)))
    return 0.5 * (ours / theirs + _mase(sample) / scaled)


def _crps_losses(sample: Sample) -> FloatArray:
    losses: FloatArray = 2.0 * pinball_losses(sample)
    return losses


def _crps(sample: Sample) -> float:
    return float(np.mean(_crps_losses(sample)))


def _weighted_quantile_loss(sample: Sample) -> float:
    size = float(np.abs(sample.truth).sum())
    if size == 0:
        code = "undefined_zero"
        raise UndefinedMetricError(code)
    return float(_crps_losses(sample).sum() / size)


def _phm08_losses(sample: Sample) -> FloatArray:
    """Return e^(-d/13) - 1 for an early and e^(d/10) - 1 for a late estimate, d = f - y."""
    late = np.asarray(sample.prediction - sample.truth, np.float64)
    losses: FloatArray = np.expm1(np.where(late < 0, -late / EARLY, late / LATE))
    return losses


def _phm08(sample: Sample) -> float:
    return float(np.sum(_phm08_losses(sample)))


def _columns(sample: Sample) -> tuple[FloatArray, FloatArray]:
    """Return truth and answer with shape (n, k), also where k is 1."""
    rows = len(sample.lines)
    truth = sample.truth.reshape(rows, -1).astype(np.float64)
    return truth, sample.prediction.reshape(rows, -1).astype(np.float64)


def _columnwise(errors: Callable[[FloatArray], FloatArray], sample: Sample) -> float:
    truth, given = _columns(sample)
    return float(np.mean(errors(given - truth)))


def _root_mean_squares(errors: FloatArray) -> FloatArray:
    roots: FloatArray = np.sqrt(np.mean(np.square(errors), axis=0))
    return roots


def _mean_absolutes(errors: FloatArray) -> FloatArray:
    means: FloatArray = np.mean(np.abs(errors), axis=0)
    return means


def _mean_absolute_losses(sample: Sample) -> FloatArray:
    truth, given = _columns(sample)
    losses: FloatArray = np.mean(np.abs(given - truth), axis=1)
    return losses


_QUANTILES: Final = {"quantiles": Param(ParamKind.NUMBERS, required=True)}

FAMILY: Final = (
    of_numbers(
        "rmsle",
        score=_rmsle,
        loss=_log_errors,
        power=0.5,
        aliases=("root_mean_squared_log_error",),
        source="sklearn.metrics.root_mean_squared_log_error",
    ),
    of_numbers(
        "mase",
        score=_mase,
        loss=_scaled,
        targets=("value", "scale"),
        source="mean of |e| / scale, the scale being the in-sample mean absolute error of the"
        " (seasonal) naive forecast; Hyndman and Koehler (2006)",
    ),
    of_numbers(
        "owa",
        score=_owa,
        targets=("value", "scale", "reference"),
        source="(sMAPE / sMAPE_ref + MASE / MASE_ref) / 2; Makridakis, Spiliotis, Assimakopoulos"
        " (2020)",
    ),
    of_numbers(
        "crps",
        score=_crps,
        loss=_crps_losses,
        predictions=None,
        params=_QUANTILES,
        source="twice the mean pinball loss over the quantiles, which tends to the CRPS as they"
        " grow dense; Gneiting and Ranjan (2011)",
    ),
    of_numbers(
        "weighted_quantile_loss",
        score=_weighted_quantile_loss,
        predictions=None,
        params=_QUANTILES,
        source="2 · sum of pinball losses / sum |y|, averaged over the quantiles; Salinas et al."
        " (2020)",
    ),
    of_numbers(
        "phm08",
        score=_phm08,
        loss=_phm08_losses,
        source="sum of exp(-d/13) - 1 (early) or exp(d/10) - 1 (late); Saxena et al. (2008)",
    ),
    of_numbers(
        "mcrmse",
        score=partial(_columnwise, _root_mean_squares),
        predictions=None,
        targets=(),
        source="mean over the columns of the root mean squared error",
    ),
    of_numbers(
        "mcmae",
        score=partial(_columnwise, _mean_absolutes),
        loss=_mean_absolute_losses,
        predictions=None,
        targets=(),
        source="mean over the columns of the mean absolute error",
    ),
)
