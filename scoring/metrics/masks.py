"""Metrics of masks: one picture a row, its mask as run lengths.

A mask is "start length start length …": pixels counted from 1 down the columns, left column first,
as competitions write them. Runs ascend and do not touch the picture's end or each other's pixels.
The truth has the mask, the height and the width. An empty cell is an empty mask. The picture's size
may stand before the runs, "10x20: start length …": it is then checked.

The mean over pictures and the pooled score are different numbers with different names: the mean
weighs every picture alike (an empty mask where nothing is scores 1), pooling weighs every pixel.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from scoring.errors import InvalidSubmission, TruthError
from scoring.messages import Message
from scoring.metrics.base import Kind, Metric, Sample, UndefinedMetricError
from scoring.metrics.cells import CellError, CellFault, parse_answers, parse_truths, read_number
from scoring.spec import Direction
from scoring.types import FloatArray, IntArray

__all__ = ["FAMILY", "MASK_METRICS", "Mask", "read_mask", "read_runs", "shared_pixels"]

MAX_RUNS: Final = 1_000_000
_MAX_DIGITS: Final = 12
_SHOWN: Final = 60
_SIZE: Final = re.compile(r"\s*([0-9]{1,9})x([0-9]{1,9}):")
_MAX_MESSAGES: Final = 20


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """The runs of a mask, and its picture's height and width where the cell says them."""

    runs: IntArray
    size: tuple[int, int] | None


def read_mask(text: str) -> Mask:
    """Read runs, perhaps with a size before them; raise `CellError`."""
    found = _SIZE.match(text)
    if found is None:
        return Mask(read_runs(text), None)
    return Mask(read_runs(text[found.end() :]), (int(found[1]), int(found[2])))


def read_runs(text: str) -> IntArray:
    """Return the runs of a mask as (start, end) rows, ends excluded; raise `CellError`."""
    parts = text.split()
    if len(parts) > 2 * MAX_RUNS:
        raise CellError(CellFault.TOO_MANY, limit=MAX_RUNS)
    plain = all(part.isascii() and part.isdigit() and len(part) <= _MAX_DIGITS for part in parts)
    if len(parts) % 2 or not plain:
        raise CellError(CellFault.RUNS)
    numbers = np.array(parts, np.int64).reshape(-1, 2)
    runs = np.column_stack([numbers[:, 0], numbers[:, 0] + numbers[:, 1]])
    starts, ends = runs[:, 0], runs[:, 1]
    if (starts < 1).any() or (ends <= starts).any() or (starts[1:] < ends[:-1]).any():
        raise CellError(CellFault.RUNS)
    return runs


def _read_side(text: str) -> int:
    """Return a picture's height or width in pixels; raise `CellError`."""
    value = read_number(text)
    if value < 1 or not value.is_integer():
        raise CellError(CellFault.SIDE, value=text[:_SHOWN])
    return int(value)


def shared_pixels(one: IntArray, other: IntArray) -> int:
    """Return how many pixels two masks share, without drawing either."""
    if not len(one) or not len(other):
        return 0
    return int(_covered(one, other[:, 1]).sum() - _covered(one, other[:, 0]).sum())


def _covered(runs: IntArray, places: IntArray) -> IntArray:
    """Return how many pixels of the runs lie before each place."""
    sizes = runs[:, 1] - runs[:, 0]
    before = np.concatenate([[0], np.cumsum(sizes)])
    run = np.searchsorted(runs[:, 0], places, side="right")
    last = np.maximum(run - 1, 0)
    over = np.where(run > 0, np.maximum(runs[last, 1] - places, 0), 0)
    covered: IntArray = before[run] - np.minimum(over, before[run])
    return covered


def _size(runs: IntArray) -> int:
    return int((runs[:, 1] - runs[:, 0]).sum())


def _areas(sample: Sample) -> FloatArray:
    """Return (shared, true, given) pixels by picture, shape (n, 3)."""
    return sample.once("areas", lambda: _measure_areas(sample))


def _measure_areas(sample: Sample) -> FloatArray:
    truths = [mask.runs for mask in parse_truths(sample, read_mask)]
    masks = parse_answers(sample, read_mask)
    heights = parse_truths(sample, _read_side, 1)
    widths = parse_truths(sample, _read_side, 2)
    _check_sizes(sample, masks, list(zip(heights, widths, strict=True)))
    answers = [mask.runs for mask in masks]
    rows = []
    for row, (truth, given) in enumerate(zip(truths, answers, strict=True)):
        pixels = heights[row] * widths[row]
        if len(truth) and truth[-1, 1] > pixels + 1:
            name = f"row {row + 1}"
            raise TruthError(Message("truth_unreadable", {"name": name, "reason": "runs too far"}))
        if len(given) and given[-1, 1] > pixels + 1:
            line = int(sample.lines[row])
            message = Message("cell_runs_beyond", {"limit": pixels}, line, sample.names[0])
            raise InvalidSubmission(message)
        rows.append((shared_pixels(truth, given), _size(truth), _size(given)))
    return np.array(rows, np.float64)


def _check_sizes(
    sample: Sample, masks: Sequence[Mask], expected: Sequence[tuple[int, int]]
) -> None:
    """Raise `InvalidSubmission` where a mask is of another size than its picture."""
    messages = [
        Message(
            "picture_size",
            {
                "name": sample.ids[row][:_SHOWN] if sample.ids else f"{row + 1}",
                "found": "{} × {}".format(*mask.size),
                "expected": "{} × {}".format(*expected[row]),
            },
            column=sample.names[0],
        )
        for row, mask in enumerate(masks)
        if mask.size is not None and mask.size != expected[row]
    ]
    if messages:
        more = [Message("more", {"count": len(messages) - _MAX_MESSAGES})]
        raise InvalidSubmission(*messages[:_MAX_MESSAGES], *more[: len(messages) > _MAX_MESSAGES])


def _dice(shared: FloatArray, true: FloatArray, given: FloatArray) -> FloatArray:
    return _ratio(2.0 * shared, true + given)


def _iou(shared: FloatArray, true: FloatArray, given: FloatArray) -> FloatArray:
    return _ratio(shared, true + given - shared)


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Divide; 1 where both masks are empty."""
    found: FloatArray = np.ones(len(whole))
    np.divide(part, whole, out=found, where=whole > 0)
    return found


Measure = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


def _losses(measure: Measure, sample: Sample) -> FloatArray:
    losses: FloatArray = 1.0 - measure(*_areas(sample).T)
    return losses


def _mean(measure: Measure, sample: Sample) -> float:
    return float(np.mean(measure(*_areas(sample).T)))


def _pooled(measure: Measure, sample: Sample) -> float:
    totals = _areas(sample).sum(axis=0, keepdims=True)
    if totals[0, 1] == 0:
        code = "undefined_no_positive"
        raise UndefinedMetricError(code)
    return float(measure(*totals.T)[0])


_of_masks = partial(
    Metric,
    direction=Direction.MAX,
    low=0.0,
    high=1.0,
    target=Kind.TEXT,
    prediction=Kind.TEXT,
    targets=("mask", "height", "width"),
    example=("1 3 11 5", "10", "20"),
)

FAMILY: Final = (
    *(
        _of_masks(
            f"{name}_mean",
            score=partial(_mean, measure),
            loss=partial(_losses, measure),
            source=f"mean over pictures of {formula}; two empty masks score 1",
        )
        for name, measure, formula in (
            ("dice", _dice, "2|A∩B| / (|A|+|B|)"),
            ("iou", _iou, "|A∩B| / |A∪B|"),
        )
    ),
    *(
        _of_masks(
            f"{name}_pooled",
            score=partial(_pooled, measure),
            source=f"{formula} over the pixels of all pictures together",
        )
        for name, measure, formula in (
            ("dice", _dice, "2|A∩B| / (|A|+|B|)"),
            ("iou", _iou, "|A∩B| / |A∪B|"),
        )
    ),
)
MASK_METRICS: Final = frozenset(metric.name for metric in FAMILY)
"""The metrics whose answers may be handed in as pictures."""
