"""Operating points of a detector: how good it is where false alarms are capped.

Both walk the exact ROC curve, one threshold per distinct score; rows that share a score are
flagged together, so an answer cannot gain from ties.
"""

import math
from functools import partial
from typing import Final

import numpy as np

from scoring.metrics.base import Kind, Metric, Param, ParamKind, Sample
from scoring.metrics.probabilities import check_two_classes
from scoring.spec import Direction

__all__ = ["FAMILY"]

ROUNDING: Final = 1e-9


def _recall_at(rate: float, sample: Sample) -> float:
    """Return the best recall whose false alarms stay within `rate` of the negative rows."""
    check_two_classes(sample.truth)
    order = np.argsort(-sample.prediction, kind="stable")
    positive, scores = sample.truth[order] == 1, sample.prediction[order]
    last_of_tie = np.append(scores[1:] != scores[:-1], True)
    hits, alarms = np.cumsum(positive)[last_of_tie], np.cumsum(~positive)[last_of_tie]
    allowed = math.floor(rate * alarms[-1] + ROUNDING)
    within = hits[alarms <= allowed]
    return float(within[-1] / hits[-1]) if len(within) else 0.0


def _miss_rate_at_far(sample: Sample) -> float:
    return 1.0 - _recall_at(sample.number("far"), sample)


def _recall_at_fpr(sample: Sample) -> float:
    return _recall_at(sample.number("fpr"), sample)


_of_detector = partial(
    Metric, low=0.0, high=1.0, target=Kind.LABEL, prediction=Kind.SCORE, predictions=1
)

FAMILY: Final = (
    _of_detector(
        "miss_rate_at_far",
        direction=Direction.MIN,
        score=_miss_rate_at_far,
        params={
            "far": Param(ParamKind.NUMBER, required=True),
            "positive": Param(ParamKind.LABELS),
        },
        source="1 - TPR on the ROC curve at the largest FPR <= far; Fawcett (2006)",
    ),
    _of_detector(
        "recall_at_fpr",
        direction=Direction.MAX,
        score=_recall_at_fpr,
        params={
            "fpr": Param(ParamKind.NUMBER, required=True),
            "positive": Param(ParamKind.LABELS),
        },
        source="TPR on the ROC curve at the largest FPR <= fpr; Fawcett (2006)",
    ),
)
