"""Metrics of probabilities and ranking scores: one column for two classes, else one per class."""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from sklearn import metrics as sk

from scoring.errors import InvalidSubmission
from scoring.messages import Message
from scoring.metrics.base import Kind, Metric, Param, ParamKind, Sample, UndefinedMetricError
from scoring.spec import Direction
from scoring.types import FloatArray, IntArray

__all__ = ["FAMILY", "check_two_classes"]

SUM_TOLERANCE: Final = 0.001
TWO_CLASS_MARGIN: Final = 1e-15
LARGE: Final = 100_000
"""From so many rows on the same numbers are worked out by shorter ways."""
MARGIN: Final = float(np.finfo(np.float64).eps)


def check_two_classes(positive: IntArray | FloatArray) -> None:
    """Refuse a truth without positive, or without negative rows."""
    if not positive.any():
        code = "undefined_no_positive"
        raise UndefinedMetricError(code)
    if positive.all():
        code = "undefined_no_negative"
        raise UndefinedMetricError(code)


def _check_sums(sample: Sample) -> None:
    """Refuse the first row whose probabilities do not add up to 1, rounding aside."""
    sums = sample.prediction.sum(axis=1)
    wrong = np.flatnonzero(np.abs(sums - 1.0) > SUM_TOLERANCE)
    if len(wrong):
        row = int(wrong[np.argmin(sample.lines[wrong])])
        line = int(sample.lines[row])
        params: dict[str, str | float] = {"value": f"{sums[row]:.6g}", "limit": SUM_TOLERANCE}
        raise InvalidSubmission(Message("not_probabilities", params, line, ", ".join(sample.names)))


def _of_truth(sample: Sample) -> FloatArray:
    """Return the probability each row gave its true class, kept off 0, shape (n,)."""
    truth, shares = sample.truth.astype(np.int64), _kept_inside(sample)
    if shares.ndim == 1:
        return np.where(truth == 1, shares, 1.0 - shares)
    _check_sums(sample)
    return shares[np.arange(len(truth)), truth]


def _log_losses(sample: Sample) -> FloatArray:
    """Return -ln p of the true class, worked out once for the score and the losses."""
    key = ("log losses", sample.names, sample.targets, tuple(sorted(sample.params.items())))
    return sample.memo.once(key, lambda: _logarithms(_of_truth(sample)))


def _logarithms(shares: FloatArray) -> FloatArray:
    losses: FloatArray = np.log(shares, out=shares)
    return np.negative(losses, out=losses)


def _kept_inside(sample: Sample) -> FloatArray:
    """Keep probabilities off 0 and 1, where a wrong answer would cost infinitely much.

    The margin is the parameter `eps`. Without it one column for two classes keeps 1e-15, which
    binary competitions are used to (scikit-learn's own until 1.2: sure and wrong costs 34.5);
    several columns keep scikit-learn's present one, the type's epsilon (36.0).
    """
    margin = TWO_CLASS_MARGIN if sample.prediction.ndim == 1 else MARGIN
    if "eps" in sample.params:
        margin = sample.number("eps")
    return np.clip(sample.prediction.astype(np.float64), margin, 1.0 - margin)


def _brier_losses(sample: Sample) -> FloatArray:
    """Return the squared distance to the truth: one term for two classes, else one per class."""
    if sample.prediction.ndim == 1:
        return np.square(np.asarray(sample.prediction - sample.truth, np.float64))
    _check_sums(sample)
    truth = np.eye(sample.prediction.shape[1])[sample.truth.astype(np.int64)]
    distances: FloatArray = ((sample.prediction - truth) ** 2).sum(axis=1)
    return distances


def _log_loss(sample: Sample) -> float:
    if sample.prediction.ndim == 1 and len(sample.truth) < LARGE:
        return float(sk.log_loss(sample.truth, _kept_inside(sample), labels=[0, 1]))
    return float(np.average(_log_losses(sample)))  # scikit-learn's formula, without its warning


def _brier(sample: Sample) -> float:
    return float(np.average(_brier_losses(sample)))


def _roc_auc(sample: Sample) -> float:
    """Return the area under the ROC curve, averaged one class against the rest where several."""
    if sample.prediction.ndim == 1:
        check_two_classes(sample.truth)
        if len(sample.truth) >= LARGE:
            return _area(sample.truth, sample.prediction.astype(np.float64, copy=False))
        return float(sk.roc_auc_score(sample.truth, sample.prediction))
    return _one_against_rest(sample, _roc_auc)


def _area(positive: FloatArray | IntArray, scores: FloatArray) -> float:
    """Return the share of pairs of a positive and a negative row in order; ties count half.

    That is the area under the ROC curve, counted in whole numbers: sorting the two kinds apart and
    merging them is several times faster than drawing the curve, and differs by rounding alone.
    """
    marks = positive == 1
    low, high = np.sort(scores[~marks]), np.sort(scores[marks])
    below = int(np.searchsorted(low, high, "left").sum())
    until = int(np.searchsorted(low, high, "right").sum())
    return (below + until) / (2 * len(low) * len(high))


def _f1_at_threshold(sample: Sample) -> float:
    """Return F1 of the rows whose score reaches the threshold; 0 where none is right."""
    called, marks = sample.prediction >= sample.number("threshold"), sample.truth == 1
    right = int(np.count_nonzero(called & marks))
    wrong = int(np.count_nonzero(called != marks))
    return 2 * right / (2 * right + wrong) if right else 0.0


def _roc_auc_ovo(sample: Sample) -> float:
    """Return the area averaged over the ordered pairs of classes; Hand and Till (2001)."""
    classes = np.arange(sample.prediction.shape[1])
    if len(np.unique(sample.truth)) != len(classes):
        code = "undefined_no_positive"
        raise UndefinedMetricError(code)
    areas = [
        _roc_auc(_between(sample, int(one), int(other)))
        for one in classes
        for other in classes
        if one != other
    ]
    return float(np.mean(areas))


def _between(sample: Sample, one: int, other: int) -> Sample:
    """Return the rows of two classes, scored by the column of the first."""
    rows = (sample.truth == one) | (sample.truth == other)
    return Sample(
        (sample.truth[rows] == one).astype(np.int64),
        sample.prediction[rows, one],
        sample.lines[rows],
        sample.names[one : one + 1],
    )


def _partial_roc_auc(sample: Sample) -> float:
    check_two_classes(sample.truth)
    return float(
        sk.roc_auc_score(sample.truth, sample.prediction, max_fpr=sample.number("max_fpr"))
    )


def _top_k_losses(sample: Sample) -> FloatArray:
    """Return 1 where the true class is not among the k highest; ties count against the answer."""
    own = sample.prediction[np.arange(len(sample.truth)), sample.truth.astype(np.int64)]
    at_least = (sample.prediction >= own[:, None]).sum(axis=1)
    return np.asarray(at_least > sample.number("k"), np.float64)


def _top_k(sample: Sample) -> float:
    return 1.0 - float(np.mean(_top_k_losses(sample)))


def _average_precision(sample: Sample) -> float:
    """Return the average precision, averaged one class against the rest where several."""
    if sample.prediction.ndim == 1:
        check_two_classes(sample.truth)
        return float(sk.average_precision_score(sample.truth, sample.prediction))
    return _one_against_rest(sample, _average_precision)


def _one_against_rest(sample: Sample, metric: Callable[[Sample], float]) -> float:
    """Average a binary metric over the classes, each against all others, all weighing the same."""
    parts = [
        metric(
            Sample(
                (sample.truth == place).astype(np.int64),
                sample.prediction[:, place],
                sample.lines,
                sample.names[place : place + 1],
            )
        )
        for place in range(sample.prediction.shape[1])
    ]
    return float(np.mean(parts))


_CLASSES: Final = {"positive": Param(ParamKind.LABELS), "labels": Param(ParamKind.LABELS)}
_of_classes = partial(
    Metric,
    low=0.0,
    target=Kind.LABEL,
    predictions=None,
    params=_CLASSES,
)

FAMILY: Final = (
    _of_classes(
        "roc_auc",
        direction=Direction.MAX,
        high=1.0,
        prediction=Kind.SCORE,
        score=_roc_auc,
        source="sklearn.metrics.roc_auc_score; several classes: multi_class=ovr, average=macro",
    ),
    _of_classes(
        "roc_auc_ovo",
        direction=Direction.MAX,
        high=1.0,
        prediction=Kind.SCORE,
        predictions=None,
        score=_roc_auc_ovo,
        params={"labels": Param(ParamKind.LABELS)},
        source="sklearn.metrics.roc_auc_score, multi_class=ovo; Hand and Till (2001)",
    ),
    _of_classes(
        "partial_roc_auc",
        direction=Direction.MAX,
        high=1.0,
        prediction=Kind.SCORE,
        predictions=1,
        score=_partial_roc_auc,
        params={
            "max_fpr": Param(ParamKind.NUMBER, required=True),
            "positive": Param(ParamKind.LABELS),
        },
        source="sklearn.metrics.roc_auc_score, max_fpr; McClish (1989)",
    ),
    _of_classes(
        "top_k_accuracy",
        direction=Direction.MAX,
        high=1.0,
        prediction=Kind.SCORE,
        predictions=None,
        score=_top_k,
        loss=_top_k_losses,
        params={
            "k": Param(ParamKind.COUNT, required=True, high=1000),
            "labels": Param(ParamKind.LABELS),
        },
        source="share of rows whose class has fewer than k others scored as high or higher",
    ),
    _of_classes(
        "average_precision",
        direction=Direction.MAX,
        high=1.0,
        prediction=Kind.SCORE,
        score=_average_precision,
        source="sklearn.metrics.average_precision_score",
    ),
    _of_classes(
        "f1_at_threshold",
        direction=Direction.MAX,
        high=1.0,
        prediction=Kind.SCORE,
        predictions=1,
        score=_f1_at_threshold,
        params={
            "threshold": Param(ParamKind.NUMBER, low=float("-inf"), high=float("inf"), default=0.5),
            "positive": Param(ParamKind.LABELS),
        },
        source="sklearn.metrics.f1_score of score >= threshold",
    ),
    _of_classes(
        "log_loss",
        direction=Direction.MIN,
        high=float("inf"),
        prediction=Kind.PROBABILITY,
        score=_log_loss,
        loss=_log_losses,
        params={**_CLASSES, "eps": Param(ParamKind.NUMBER, high=0.5)},
        source="sklearn.metrics.log_loss; two classes: probabilities kept in [1e-15, 1 - 1e-15]",
    ),
    _of_classes(
        "brier_score",
        direction=Direction.MIN,
        high=2.0,
        prediction=Kind.PROBABILITY,
        score=_brier,
        loss=_brier_losses,
        source="sklearn.metrics.brier_score_loss; Brier (1950) where several classes",
    ),
)
