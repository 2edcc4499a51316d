"""Metrics that compare a class with a class, computed by scikit-learn on class indices.

Classes that occur in neither the truth nor the answer do not count; a class nobody predicted
has precision 0 (scikit-learn's `zero_division=0`).
"""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from sklearn import metrics as sk

from scoring.metrics.base import Kind, Metric, Param, ParamKind, Sample, UndefinedMetricError
from scoring.spec import Direction
from scoring.types import FloatArray

__all__ = ["FAMILY"]

_SCORES: Final[dict[str, Callable[..., float]]] = {
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "f1": sk.f1_score,
}


def _error(sample: Sample) -> FloatArray:
    """Return 1 for each wrong row."""
    return np.asarray(sample.truth != sample.prediction, np.float64)


def _accuracy(sample: Sample) -> float:
    return float(sk.accuracy_score(sample.truth, sample.prediction))


def _balanced_accuracy(sample: Sample) -> float:
    """Average the recall over the truth's classes; classes only predicted do not count."""
    present = np.unique(sample.truth)
    recalls = sk.recall_score(
        sample.truth, sample.prediction, labels=present, average="macro", zero_division=0
    )
    return float(recalls)


def _averaged(name: str, average: str, sample: Sample) -> float:
    score = _SCORES[name]
    return float(score(sample.truth, sample.prediction, average=average, zero_division=0))


def _binary(name: str, sample: Sample) -> float:
    if not sample.truth.any():
        code = "undefined_no_positive"
        raise UndefinedMetricError(code)
    return float(_SCORES[name](sample.truth, sample.prediction, pos_label=1, zero_division=0))


def _fbeta(average: str, sample: Sample) -> float:
    if average == "binary" and not sample.truth.any():
        code = "undefined_no_positive"
        raise UndefinedMetricError(code)
    beta = sample.number("beta")
    return float(
        sk.fbeta_score(sample.truth, sample.prediction, beta=beta, average=average, zero_division=0)
    )


def _rate(of: int, sample: Sample) -> float:
    """Return the share of wrong rows among those whose truth is `of`."""
    rows = sample.truth == of
    if not rows.any():
        code = "undefined_no_positive" if of else "undefined_no_negative"
        raise UndefinedMetricError(code)
    return float(np.mean(sample.prediction[rows] != of))


def _exact_losses(sample: Sample) -> FloatArray:
    """Return 1 for each row where any column is wrong."""
    return np.asarray(np.any(sample.truth != sample.prediction, axis=1), np.float64)


def _exact_match(sample: Sample) -> float:
    return 1.0 - float(np.mean(_exact_losses(sample)))


def _matthews(sample: Sample) -> float:
    """Return the correlation of truth and answer: 0 where one of them is constant."""
    if len(np.union1d(sample.truth, sample.prediction)) == 1:
        return 0.0  # what scikit-learn returns too, with a warning
    return float(sk.matthews_corrcoef(sample.truth, sample.prediction))


def _kappa(sample: Sample) -> float:
    if len(np.union1d(sample.truth, sample.prediction)) == 1:
        code = "undefined_agreement"
        raise UndefinedMetricError(code)
    return float(sk.cohen_kappa_score(sample.truth, sample.prediction))


_of_labels = partial(
    Metric, direction=Direction.MAX, low=0.0, high=1.0, target=Kind.LABEL, prediction=Kind.LABEL
)

_BETA: Final = Param(ParamKind.NUMBER, required=True, high=100.0)

FAMILY: Final = (
    _of_labels("accuracy", score=_accuracy, loss=_error, source="sklearn.metrics.accuracy_score"),
    _of_labels(
        "balanced_accuracy",
        score=_balanced_accuracy,
        source="sklearn.metrics.balanced_accuracy_score",
    ),
    *(
        _of_labels(
            f"{name}_{average}",
            score=partial(_averaged, name, average),
            loss=_error if average == "micro" else None,
            source=f"sklearn.metrics.{name}_score, average={average}",
        )
        for name in _SCORES
        for average in ("macro", "micro", "weighted")
    ),
    *(
        _of_labels(
            name,
            score=partial(_binary, name),
            params={"positive": Param(ParamKind.LABELS)},
            source=f"sklearn.metrics.{name}_score, average=binary",
        )
        for name in _SCORES
    ),
    _of_labels(
        "fbeta",
        score=partial(_fbeta, "binary"),
        params={"beta": _BETA, "positive": Param(ParamKind.LABELS)},
        source="sklearn.metrics.fbeta_score, average=binary",
    ),
    _of_labels(
        "fbeta_macro",
        score=partial(_fbeta, "macro"),
        params={"beta": _BETA},
        source="sklearn.metrics.fbeta_score, average=macro",
    ),
    _of_labels(
        "false_alarm_rate",
        direction=Direction.MIN,
        score=partial(_rate, 0),
        params={"positive": Param(ParamKind.LABELS)},
        source="FP / (FP + TN), also called FAR or overkill (过杀率)",
    ),
    _of_labels(
        "missed_alarm_rate",
        direction=Direction.MIN,
        score=partial(_rate, 1),
        params={"positive": Param(ParamKind.LABELS)},
        source="FN / (FN + TP), also called MAR or escape (漏检率)",
    ),
    _of_labels(
        "exact_match",
        score=_exact_match,
        loss=_exact_losses,
        predictions=None,
        targets=(),
        source="share of rows with every column right; sklearn.metrics.accuracy_score of"
        " multilabel rows",
    ),
    _of_labels(
        "matthews_corrcoef", low=-1.0, score=_matthews, source="sklearn.metrics.matthews_corrcoef"
    ),
    _of_labels("cohen_kappa", low=-1.0, score=_kappa, source="sklearn.metrics.cohen_kappa_score"),
)
