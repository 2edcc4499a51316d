"""Metrics of boxes: one picture a row, its boxes in one cell.

An answer's box is "label score x y width height", a true one "label x y width height", with the
word `crowd` (COCO) or `difficult` (VOC) behind it where that holds; boxes are separated by `;`. x
and y are the upper left corner in pixels. An empty cell has no box.
"""

import contextlib
import io
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from scoring.metrics.base import Kind, Metric, Param, ParamKind, Sample, UndefinedMetricError
from scoring.metrics.cells import CellError, CellFault, parse_answers, parse_truths, read_number
from scoring.spec import Direction
from scoring.types import FloatArray

__all__ = [
    "FAMILY",
    "Box",
    "coco_numbers",
    "read_boxes",
    "read_detections",
    "voc_average_precision",
]

MAX_BOXES: Final = 1000
_TRUE_PARTS: Final = 5
_GIVEN_PARTS: Final = 6
_MARKS: Final = frozenset({"crowd", "difficult"})


@dataclass(frozen=True, slots=True)
class Box:
    """A labelled box in pixels; `score` is 1 for a true one, which `ignored` neither way."""

    label: str
    x: float
    y: float
    width: float
    height: float
    score: float = 1.0
    ignored: bool = False


def _items(text: str) -> list[list[str]]:
    items = [item.split() for item in text.split(";")] if text.strip() else []
    if len(items) > MAX_BOXES:
        raise CellError(CellFault.TOO_MANY, limit=MAX_BOXES)
    return items


def _box(label: str, numbers: Sequence[str], score: float, *, ignored: bool) -> Box:
    x, y, width, height = map(read_number, numbers)
    if width <= 0 or height <= 0:
        raise CellError(CellFault.BOXES)
    return Box(label, x, y, width, height, score, ignored)


def read_boxes(text: str) -> list[Box]:
    """Return the true boxes of a cell; raise `CellError`."""
    boxes = []
    for parts in _items(text):
        marks = set(parts[_TRUE_PARTS:])
        if len(parts) < _TRUE_PARTS or not marks <= _MARKS:
            raise CellError(CellFault.BOXES)
        boxes.append(_box(parts[0], parts[1:_TRUE_PARTS], 1.0, ignored=bool(marks)))
    return boxes


def read_detections(text: str) -> list[Box]:
    """Return an answer's boxes; raise `CellError`."""
    boxes = []
    for parts in _items(text):
        if len(parts) != _GIVEN_PARTS:
            raise CellError(CellFault.BOXES)
        boxes.append(_box(parts[0], parts[2:], read_number(parts[1]), ignored=False))
    return boxes


def _perfect(truth: str) -> str:
    boxes = (box for box in read_boxes(truth) if not box.ignored)
    return "; ".join(f"{it.label} 1 {it.x!r} {it.y!r} {it.width!r} {it.height!r}" for it in boxes)


def coco_numbers(truths: Sequence[Sequence[Box]], answers: Sequence[Sequence[Box]]) -> FloatArray:
    """Return COCO's twelve summary numbers, -1 where one is undefined; computed by pycocotools."""
    from pycocotools.coco import COCO  # noqa: PLC0415 — compiled, and needed by few problems
    from pycocotools.cocoeval import COCOeval  # noqa: PLC0415

    labels = sorted({box.label for boxes in truths for box in boxes})
    number = {label: place + 1 for place, label in enumerate(labels)}
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
        wanted = COCO()
        wanted.dataset = {
            "images": [{"id": row} for row in range(len(truths))],
            "categories": [{"id": place, "name": label} for label, place in number.items()],
            "annotations": _annotations(truths, number, crowd=True),
        }
        wanted.createIndex()
        found = COCO()
        found.dataset = {
            **wanted.dataset,
            "annotations": _annotations(answers, number, crowd=False),
        }
        found.createIndex()
        evaluation = COCOeval(wanted, found, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return np.asarray(evaluation.stats, np.float64)


def _annotations(
    pictures: Sequence[Sequence[Box]], number: dict[str, int], *, crowd: bool
) -> list[dict[str, object]]:
    """Return COCO's records; a label the truth never names is a class that does not exist."""
    records: list[dict[str, object]] = []
    for row, boxes in enumerate(pictures):
        for box in boxes:
            if box.label in number:
                record: dict[str, object] = {
                    "id": len(records) + 1,
                    "image_id": row,
                    "category_id": number[box.label],
                    "bbox": [box.x, box.y, box.width, box.height],
                    "area": box.width * box.height,
                    "iscrowd": int(crowd and box.ignored),
                    "score": box.score,
                }
                records.append(record)
    return records


def _coco(place: int, sample: Sample) -> float:
    truths, answers = parse_truths(sample, read_boxes), parse_answers(sample, read_detections)
    if not any(truths):
        code = "undefined_no_positive"
        raise UndefinedMetricError(code)
    value = float(sample.once("coco", lambda: coco_numbers(truths, answers))[place])
    if value < 0:
        code = "undefined_no_positive"
        raise UndefinedMetricError(code)
    return value


def _overlaps(one: Box, others: FloatArray, extra: float) -> FloatArray:
    """Return IoUs with rows (x, y, width, height).

    `extra` is 1 where a box covers its last pixel too (VOC), else 0.
    """
    x, y, width, height = others.T
    across = np.minimum(one.x + one.width, x + width) - np.maximum(one.x, x) + extra
    down = np.minimum(one.y + one.height, y + height) - np.maximum(one.y, y) + extra
    shared = np.maximum(across, 0.0) * np.maximum(down, 0.0)
    own = (one.width + extra) * (one.height + extra)
    union = own + (width + extra) * (height + extra) - shared
    found: FloatArray = np.divide(shared, union, out=np.zeros(len(shared)), where=union > 0)
    return found


def _corners(boxes: Sequence[Box]) -> FloatArray:
    return np.array([(it.x, it.y, it.width, it.height) for it in boxes], np.float64).reshape(-1, 4)


def voc_average_precision(
    truths: Sequence[Sequence[Box]],
    answers: Sequence[Sequence[Box]],
    *,
    iou: float,
    every_point: bool,
    inclusive: bool,
) -> float:
    """Return the AP averaged over the truth's labels, as the PASCAL VOC kit computes it.

    A detection takes the box it overlaps most, right when the overlap reaches `iou` and no better
    scored detection has taken that box; difficult boxes count neither way. Of equal scores the
    first in the file comes first.
    """
    labels = {box.label for boxes in truths for box in boxes if not box.ignored}
    if not labels:
        code = "undefined_no_positive"
        raise UndefinedMetricError(code)
    area = _every_point if every_point else _eleven_points
    parts = [
        area(*_curve(_only(truths, label), _only(answers, label), iou, float(inclusive)))
        for label in sorted(labels)
    ]
    return float(np.mean(parts))


def _only(pictures: Sequence[Sequence[Box]], label: str) -> list[list[Box]]:
    return [[box for box in boxes if box.label == label] for boxes in pictures]


def _curve(
    truths: Sequence[Sequence[Box]], answers: Sequence[Sequence[Box]], iou: float, extra: float
) -> tuple[FloatArray, FloatArray]:
    """Return recall and precision after each detection, best score first."""
    ranked = sorted(
        ((box, row) for row, boxes in enumerate(answers) for box in boxes),
        key=lambda found: -found[0].score,
    )
    taken: dict[int, set[int]] = defaultdict(set)
    corners = [_corners(boxes) for boxes in truths]
    right, wrong = [], []
    for box, row in ranked:
        overlaps = _overlaps(box, corners[row], extra)
        best = int(np.argmax(overlaps)) if len(overlaps) else -1
        hit = best >= 0 and overlaps[best] >= iou
        if hit and truths[row][best].ignored:
            continue
        first = hit and best not in taken[row]
        if first:
            taken[row].add(best)
        right.append(first)
        wrong.append(not first)
    total = sum(not box.ignored for boxes in truths for box in boxes)
    hits, misses = np.cumsum(right), np.cumsum(wrong)
    return hits / total, hits / np.maximum(hits + misses, 1)


def _every_point(recall: FloatArray, precision: FloatArray) -> float:
    """Return the area under the curve made monotone, exactly; VOC since 2010."""
    recalls = np.concatenate([[0.0], recall, [1.0]])
    precisions = np.concatenate([[0.0], precision, [0.0]])
    highest = np.maximum.accumulate(precisions[::-1])[::-1]
    return float(np.sum(np.diff(recalls) * highest[1:]))


def _eleven_points(recall: FloatArray, precision: FloatArray) -> float:
    """Return the mean of the highest precision at recalls 0, 0.1 … 1; VOC until 2009."""
    points = np.linspace(0.0, 1.0, 11)
    heights = [precision[recall >= point].max(initial=0.0) for point in points]
    return float(np.mean(heights))


def _voc(sample: Sample) -> float:
    return voc_average_precision(
        parse_truths(sample, read_boxes),
        parse_answers(sample, read_detections),
        iou=sample.number("iou"),
        every_point=sample.choice("points") == "every",
        inclusive=sample.choice("pixels") == "inclusive",
    )


def _picture_accuracy(sample: Sample) -> float:
    """Return the share of pictures rightly called faulty or faultless."""
    truths, answers = parse_truths(sample, read_boxes), parse_answers(sample, read_detections)
    bar = sample.number("score")
    pairs = zip(truths, answers, strict=True)
    right = [bool(boxes) == any(box.score >= bar for box in found) for boxes, found in pairs]
    return float(np.mean(right))


_COCO: Final = (
    ("coco_ap", "AP, IoU 0.50:0.95"),
    ("coco_ap50", "AP, IoU 0.50"),
    ("coco_ap75", "AP, IoU 0.75"),
    ("coco_ap_small", "AP, area < 32²"),
    ("coco_ap_medium", "AP, area 32² to 96²"),
    ("coco_ap_large", "AP, area > 96²"),
    ("coco_ar1", "AR, 1 detection a picture"),
    ("coco_ar10", "AR, 10 detections a picture"),
    ("coco_ar100", "AR, 100 detections a picture"),
    ("coco_ar_small", "AR, area < 32²"),
    ("coco_ar_medium", "AR, area 32² to 96²"),
    ("coco_ar_large", "AR, area > 96²"),
)
_Score = Callable[[Sample], float]


_EXAMPLE: Final = "scratch 10 10 20 20; scratch 40 40 50 50; hole 100 100 200 200"
_FIRST_FEW: Final = ("coco_ar1", "coco_ar10")
"""What the best answer does not reach where a picture has more boxes than are looked at."""


def _of_boxes(name: str, score: _Score, source: str, params: dict[str, Param]) -> Metric:
    return Metric(
        name,
        direction=Direction.MAX,
        low=0.0,
        high=1.0,
        target=Kind.TEXT,
        prediction=Kind.TEXT,
        score=score,
        params=params,
        source=source,
        targets=("boxes",),
        perfect=_perfect,
        reaches_best=name not in _FIRST_FEW,
        example=(_EXAMPLE,),
    )


FAMILY: Final = (
    *(
        _of_boxes(name, partial(_coco, place), f"{said}; pycocotools, Lin et al. (2014)", {})
        for place, (name, said) in enumerate(_COCO)
    ),
    _of_boxes(
        "voc_ap",
        _voc,
        "mean over labels of the average precision; Everingham et al. (2010)",
        {
            "iou": Param(ParamKind.NUMBER, default=0.5),
            "points": Param(ParamKind.CHOICE, choices=("every", "eleven"), default="every"),
            "pixels": Param(
                ParamKind.CHOICE, choices=("inclusive", "exclusive"), default="inclusive"
            ),
        },
    ),
    _of_boxes(
        "picture_accuracy",
        _picture_accuracy,
        "share of pictures rightly called faulty: one box or more with at least that score",
        {"score": Param(ParamKind.NUMBER, default=0.5)},
    ),
)
