"""Metrics of what is read out of texts: entities, fields and citations, as sets of exact things.

All pool their counts over the rows (micro average). A thing given twice counts once. Entities are
`[[start, end, "label"], …]` in JSON, fields a JSON object, citations names separated by blanks.
"""

from collections.abc import Callable, Hashable
from functools import partial
from typing import Final

from scoring.metrics.base import Kind, Metric, Sample, UndefinedMetricError
from scoring.metrics.cells import (
    CellError,
    CellFault,
    parse_answers,
    parse_truths,
    read_ids,
    read_json,
)
from scoring.metrics.texts import normalise
from scoring.spec import Direction

__all__ = ["FAMILY", "read_fields", "read_spans"]

Things = frozenset[Hashable]
SPAN_PARTS: Final = 3


def read_spans(text: str) -> Things:
    """Return the entities of a cell as (start, end, label); an empty cell has none."""
    found = read_json(text) if text.strip() else []
    if not isinstance(found, list):
        raise CellError(CellFault.SPANS)
    return frozenset(_span(one) for one in found)


def _span(one: object) -> tuple[int, int, str]:
    if not isinstance(one, list) or len(one) != SPAN_PARTS:
        raise CellError(CellFault.SPANS)
    start, end, label = one
    whole = all(isinstance(place, int) and not isinstance(place, bool) for place in (start, end))
    if not whole or not isinstance(label, str) or not 0 <= start < end:
        raise CellError(CellFault.SPANS)
    return start, end, label


def read_fields(text: str) -> Things:
    """Return the fields of a cell as (key, value), both normalised; null is no value."""
    found = read_json(text) if text.strip() else {}
    if not isinstance(found, dict):
        raise CellError(CellFault.FIELDS)
    return frozenset(
        (normalise(key), _value(value)) for key, value in found.items() if value is not None
    )


def _value(value: object) -> str:
    """Return a value as it is compared: 12, 12.0 and "12" are the same."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        try:
            return f"{value:.12g}"
        except OverflowError:  # a whole number beyond every float
            raise CellError(CellFault.NUMBER, value=f"{str(value)[:20]}…") from None
    if isinstance(value, str):
        text = normalise(value)
        try:
            return f"{float(text):.12g}"
        except ValueError:
            return text
    raise CellError(CellFault.FIELDS)


def _read_set(text: str) -> Things:
    return frozenset(read_ids(text))


def _counts(read: Callable[[str], Things], sample: Sample) -> tuple[int, int, int]:
    """Return how many things are right, given and true, once for all columns that ask."""

    def count() -> tuple[int, int, int]:
        truths, answers = parse_truths(sample, read), parse_answers(sample, read)
        right = sum(len(truth & given) for truth, given in zip(truths, answers, strict=True))
        return right, sum(map(len, answers)), sum(map(len, truths))

    return sample.once(("counts", read), count)


def _precision(read: Callable[[str], Things], sample: Sample) -> float:
    right, given, _ = _counts(read, sample)
    return right / given if given else 0.0


def _recall(read: Callable[[str], Things], sample: Sample) -> float:
    right, _, true = _counts(read, sample)
    _check(true)
    return right / true


def _f1(read: Callable[[str], Things], sample: Sample) -> float:
    right, given, true = _counts(read, sample)
    _check(true)
    return 2.0 * right / (given + true)


def _check(true: int) -> None:
    if not true:
        code = "undefined_no_positive"
        raise UndefinedMetricError(code)


_of_things = partial(
    Metric, direction=Direction.MAX, low=0.0, high=1.0, target=Kind.TEXT, prediction=Kind.TEXT
)

FAMILY: Final = (
    *(
        _of_things(
            f"span_{name}",
            example=('[[0, 3, "PART"], [1, 2, "FAULT"]]',),
            score=partial(score, read_spans),
            source=f"micro {name} of exact (start, end, label) triples, overlapping ones too;"
            " Tjong Kim Sang and De Meulder (2003)",
        )
        for name, score in (("precision", _precision), ("recall", _recall), ("f1", _f1))
    ),
    _of_things(
        "key_value_f1",
        example=('{"part": "M8 bolt", "torque": 12}',),
        score=partial(_f1, read_fields),
        source="micro F1 of exact (key, value) pairs after normalisation",
    ),
    *(
        _of_things(
            f"citation_{name}",
            example=("doc2 doc7",),
            score=partial(score, _read_set),
            source=f"micro {name} of the names cited; Gao et al. (2023)",
        )
        for name, score in (("precision", _precision), ("recall", _recall), ("f1", _f1))
    ),
)
