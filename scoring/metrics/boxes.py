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
MAX_BOXES_IN_ALL: Final = 1_000_000
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


def _detections(sample: Sample) -> list[list[Box]]:
    return parse_answers(sample, read_detections, most=MAX_BOXES_IN_ALL)


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
    truths, answers = parse_truths(sample, read_boxes), _detections(sample)
    if not any(truths):
        code = "undefined_no_positive"
        raise UndefinedMetricError(code)
    value = float(sample.once("coco", lambda: coco_numbers(truths, answers))[place])
    if value < 0:
        code = "undefined_no_positive"
        raise UndefinedMetricError(code)
    return value


def _overlaps(ones: FloatArray, others: FloatArray, extra: float) -> FloatArray:
    """Return the IoU of each row (x, y, width, height) of `ones` with each of `others`.

    `extra` is 1 where a box covers its last pixel too (VOC), else 0.
    """
    x, y, width, height = ones.T[:, :, None]
    others_x, others_y, others_width, others_height = others.T[:, None, :]
    across = np.minimum(x + width, others_x + others_width) - np.maximum(x, others_x) + extra
    down = np.minimum(y + height, others_y + others_height) - np.maximum(y, others_y) + extra
    shared = np.maximum(across, 0.0) * np.maximum(down, 0.0)
    areas = (width + extra) * (height + extra)
    union = areas + (others_width + extra) * (others_height + extra) - shared
    found: FloatArray = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
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
    wanted, found = _by_label(truths), _by_label(answers)
    parts = [
        area(*_curve(wanted[label], found.get(label, []), iou, float(inclusive)))
        for label in sorted(labels)
    ]
    return float(np.mean(parts))


Placed = Sequence[tuple[Box, int]]
"""Boxes with the number of their picture."""


def _by_label(pictures: Sequence[Sequence[Box]]) -> dict[str, list[tuple[Box, int]]]:
    """Return each label's boxes, in the file's order."""
    found: dict[str, list[tuple[Box, int]]] = defaultdict(list)
    for row, boxes in enumerate(pictures):
        for box in boxes:
            found[box.label].append((box, row))
    return found


def _curve(
    wanted: Placed, found: Placed, iou: float, extra: float
) -> tuple[FloatArray, FloatArray]:
    """Return recall and precision after each detection, best score first."""
    nearest, overlaps = _nearest(wanted, found, extra)
    taken: set[int] = set()
    right, wrong = [], []
    for place in sorted(range(len(found)), key=lambda place: -found[place][0].score):
        box = nearest[place] if overlaps[place] >= iou else -1
        if box >= 0 and wanted[box][0].ignored:
            continue
        first = box >= 0 and box not in taken
        taken.add(box)
        right.append(first)
        wrong.append(not first)
    total = sum(not box.ignored for box, _ in wanted)
    hits, misses = np.cumsum(right), np.cumsum(wrong)
    return hits / total, hits / np.maximum(hits + misses, 1)


def _nearest(wanted: Placed, found: Placed, extra: float) -> tuple[list[int], list[float]]:
    """Return for each found box the wanted one it overlaps most (-1: none), and by how much."""
    nearest, overlaps = [-1] * len(found), [0.0] * len(found)
    true_places, found_places = _by_picture(wanted), _by_picture(found)
    for row in true_places.keys() & found_places.keys():
        places, truths = found_places[row], true_places[row]
        corners = _corners([found[place][0] for place in places])
        shares = _overlaps(corners, _corners([wanted[place][0] for place in truths]), extra)
        best = shares.argmax(axis=1)
        for place, column, share in zip(places, best.tolist(), shares.max(axis=1), strict=True):
            nearest[place], overlaps[place] = truths[column], float(share)
    return nearest, overlaps


def _by_picture(boxes: Placed) -> dict[int, list[int]]:
    places: dict[int, list[int]] = defaultdict(list)
    for place, (_, row) in enumerate(boxes):
        places[row].append(place)
    return places


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
        _detections(sample),
        iou=sample.number("iou"),
        every_point=sample.choice("points") == "every",
        inclusive=sample.choice("pixels") == "inclusive",
    )


def _picture_accuracy(sample: Sample) -> float:
    """Return the share of pictures rightly called faulty or faultless."""
    truths, answers = parse_truths(sample, read_boxes), _detections(sample)
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
