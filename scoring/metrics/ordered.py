"""Metrics of grades on an ordered scale: whole numbers, compared by how far apart they are."""

from typing import Final

import numpy as np
from sklearn import metrics as sk

from scoring.errors import InvalidSubmission
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
    truth, given = sample.truth.astype(np.int64), sample.prediction.astype(np.int64)
    if len(np.union1d(truth, given)) == 1:
        code = "undefined_agreement"
        raise UndefinedMetricError(code)
    # ranks keep the distances as long as every grade between is listed
    grades = np.arange(min(truth.min(), given.min()), max(truth.max(), given.max()) + 1)
    return float(sk.cohen_kappa_score(truth, given, labels=grades, weights="quadratic"))


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
