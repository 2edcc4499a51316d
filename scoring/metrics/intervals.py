"""Metrics of prediction intervals: two answer columns, the lower bound first."""

from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.errors import InvalidSubmission
from scoring.messages import Message
from scoring.metrics.base import Kind, Metric, Param, ParamKind, Sample
from scoring.spec import Direction
from scoring.types import FloatArray

__all__ = ["FAMILY"]


def _bounds(sample: Sample) -> tuple[FloatArray, FloatArray]:
    """Return the lower and the upper bounds; refuse the first pair that is crossed."""
    lower, upper = sample.prediction[:, 0], sample.prediction[:, 1]
    crossed = np.flatnonzero(lower > upper)
    if len(crossed):
        line = int(sample.lines[crossed].min())
        raise InvalidSubmission(Message("crossed_bounds", {}, line, ", ".join(sample.names)))
    return lower.astype(np.float64), upper.astype(np.float64)


def _covered(sample: Sample) -> NDArray[np.bool_]:
    lower, upper = _bounds(sample)
    covered: NDArray[np.bool_] = (lower <= sample.truth) & (sample.truth <= upper)
    return covered


def _uncovered(sample: Sample) -> FloatArray:
    return (~_covered(sample)).astype(np.float64)


def _widths(sample: Sample) -> FloatArray:
    lower, upper = _bounds(sample)
    return upper - lower


def _interval_scores(sample: Sample) -> FloatArray:
    """Return the width plus 2/(1-level) times the distance by which the truth lies outside."""
    lower, upper = _bounds(sample)
    outside = np.maximum(lower - sample.truth, 0.0) + np.maximum(sample.truth - upper, 0.0)
    scores: FloatArray = upper - lower + 2.0 / (1.0 - sample.number("level")) * outside
    return scores


def _coverage(sample: Sample) -> float:
    return float(np.mean(_covered(sample)))


def _coverage_error(sample: Sample) -> float:
    return abs(_coverage(sample) - sample.number("level"))


def _width(sample: Sample) -> float:
    return float(np.mean(_widths(sample)))


def _interval_score(sample: Sample) -> float:
    return float(np.mean(_interval_scores(sample)))


_of_interval = partial(
    Metric,
    direction=Direction.MIN,
    low=0.0,
    high=float("inf"),
    target=Kind.NUMBER,
    prediction=Kind.NUMBER,
    predictions=2,
)
_LEVEL: Final = {"level": Param(ParamKind.NUMBER, required=True)}

FAMILY: Final = (
    _of_interval(
        "interval_coverage",
        direction=None,
        high=1.0,
        score=_coverage,
        loss=_uncovered,
        source="share of rows with lower <= y <= upper (PICP); Khosravi et al. (2011)",
    ),
    _of_interval(
        "interval_coverage_error",
        high=1.0,
        score=_coverage_error,
        params=_LEVEL,
        source="|PICP - level|; Khosravi et al. (2011)",
    ),
    _of_interval(
        "interval_width",
        score=_width,
        loss=_widths,
        source="mean of upper - lower; Khosravi et al. (2011)",
    ),
    _of_interval(
        "interval_score",
        score=_interval_score,
        loss=_interval_scores,
        params=_LEVEL,
        source="Winkler score; Gneiting and Raftery (2007), equation 43",
    ),
)
