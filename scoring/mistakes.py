"""A small picture of where an answer is wrong: which classes it confuses, or how far off it is.

Counts alone, no row: 21 by 21 classes, or a grid of residuals, whatever the length of the answer.
It tells of the truth all the same, so who sees it is for the caller to decide.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from scoring.metrics import METRICS
from scoring.metrics.base import Kind
from scoring.spec import BoardColumn, Scoring
from scoring.tables import Table
from scoring.types import FloatArray, IntArray, TextArray

__all__ = ["MOST_CLASSES", "draw_mistakes"]

MOST_CLASSES: Final = 20
"""The most frequent classes; all others together make one more."""
ACROSS: Final = 24
"""Columns of the grid of residuals, over the range of the truth."""
UP: Final = 15
"""Its rows, around no residual at all; the outermost hold all that is further off."""
_LABEL_LENGTH: Final = 40
_BEYOND: Final = 1e150
"""Numbers of this size are left out: sums of them could overflow."""
_SPREAD: Final = 99.0
"""How many percent of the residuals lie inside the grid."""


def draw_mistakes(given: Table, true: Table, scoring: Scoring) -> Mapping[str, object] | None:
    """Return the picture of the first column that has one, the primary first; or None.

    The rows of both tables are matched already. The result is plain JSON.
    """
    columns = sorted(scoring.measured, key=lambda column: not column.primary)
    for column in columns:
        kind, targets, predictions = _kind(column), column.target or (), column.predictions
        if kind is None or len(targets) != 1 or len(predictions) != 1:
            continue
        truth, answer = true.columns[targets[0]], given.columns[predictions[0]]
        found = (
            _confusion(_as_texts(truth), _as_texts(answer))
            if kind is Kind.LABEL
            else _residuals(truth.astype(np.float64), answer.astype(np.float64))
        )
        if found is not None:
            return {"column": column.key, **found}
    return None


def _kind(column: BoardColumn) -> Kind | None:
    metric = METRICS[column.metric or ""]
    if metric.target is not metric.prediction or metric.predictions != 1:
        return None
    return metric.target if metric.target in {Kind.LABEL, Kind.NUMBER} else None


def _as_texts(values: np.ndarray) -> TextArray:
    """Write every class as text: 1 and 1.0 are one class, as they are to the metrics."""
    if values.dtype.kind == "f":
        return np.array([f"{value:g}" for value in values], dtype=object)
    return np.array([str(value) for value in values], dtype=object)


def _confusion(truth: TextArray, answer: TextArray) -> Mapping[str, object]:
    names, indices = np.unique(np.concatenate([truth, answer]), return_inverse=True)
    rows, columns = indices[: len(truth)], indices[len(truth) :]
    often = np.argsort(-np.bincount(indices), kind="stable")[:MOST_CLASSES]
    kept = np.sort(often)
    place = np.full(len(names), len(kept), np.int64)
    place[kept] = np.arange(len(kept))
    size = len(kept) + (len(names) > len(kept))
    counts: IntArray = np.zeros((size, size), np.int64)
    np.add.at(counts, (place[rows], place[columns]), 1)
    return {
        "kind": "confusion",
        "labels": [str(names[index])[:_LABEL_LENGTH] for index in kept],
        "others": len(names) - len(kept),
        "counts": counts.tolist(),
    }


def _residuals(truth: FloatArray, answer: FloatArray) -> Mapping[str, object] | None:
    """Count residuals over the truth; None where nothing can be drawn."""
    known = (np.abs(truth) < _BEYOND) & (np.abs(answer) < _BEYOND)  # false for NaN as well
    truth, answer = truth[known], answer[known]
    if not len(truth):
        return None
    off = answer - truth
    low, high = float(truth.min()), float(truth.max())
    reach = float(np.percentile(np.abs(off), _SPREAD))
    across = _bins(truth, low, high, ACROSS)
    up = _bins(off, -reach, reach, UP)
    counts: IntArray = np.zeros((UP, ACROSS), np.int64)
    np.add.at(counts, (up, across), 1)
    return {
        "kind": "residuals",
        "low": low,
        "high": high,
        "reach": reach,
        "bias": float(off.mean()),
        "distance": float(np.abs(off).mean()),
        "counts": counts.tolist(),
    }


def _bins(values: FloatArray, low: float, high: float, count: int) -> IntArray:
    """Number the bin of each value; what lies outside is in the outermost."""
    if not high > low:
        return np.full(len(values), count // 2, np.int64)
    place = np.floor((values - low) / (high - low) * count)
    return np.clip(place, 0, count - 1).astype(np.int64)
