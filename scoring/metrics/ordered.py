"""Metrics of grades on an ordered scale: whole numbers, compared by how far apart they are."""

from typing import Final

import numpy as np

from scoring.errors import InvalidSubmission, TruthError
from scoring.messages import Message
from scoring.metrics.base import Kind, Metric, Sample, UndefinedMetricError
from scoring.spec import Direction

__all__ = ["FAMILY"]


def _quadratic_kappa(sample: Sample) -> float:
    """Return Cohen's kappa with weights (i - j)² over the grades between the extremes."""
    broken = np.flatnonzero(sample.prediction != np.round(sample.prediction))
    if len(broken):
        row = int(broken[np.argmin(sample.lines[broken])])
        params = {"value": f"{float(sample.prediction[row]):.6g}"}
        raise InvalidSubmission(
            Message("not_integer", params, int(sample.lines[row]), sample.names[0])
        )
    if (sample.truth != np.round(sample.truth)).any():
        params = {"name": "target", "reason": "a grade is not a whole number"}
        raise TruthError(Message("truth_unreadable", params))
    truth, given = sample.truth.astype(np.float64), sample.prediction.astype(np.float64)
    if len(np.union1d(truth, given)) == 1:
        code = "undefined_agreement"
        raise UndefinedMetricError(code)
    # the weights are squares, so their means need no table of all grades between the extremes
    observed = np.mean(np.square(truth - given))
    expected = np.var(truth) + np.var(given) + np.square(np.mean(truth) - np.mean(given))
    return float(1.0 - observed / expected)


FAMILY: Final = (
    Metric(
        "quadratic_kappa",
        direction=Direction.MAX,
        low=-1.0,
        high=1.0,
        target=Kind.NUMBER,
        prediction=Kind.NUMBER,
        score=_quadratic_kappa,
        source="sklearn.metrics.cohen_kappa_score, weights=quadratic; Cohen (1968)",
    ),
)
