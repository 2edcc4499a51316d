"""Metrics of ranked lists: one query a row, the answer's names from best to worst.

The truth lists what is relevant, as names separated by blanks; `name:grade` gives a grade (relevant
above 0, judged and not relevant at 0). Names that are not in the truth are not relevant.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np

from scoring.metrics.base import Kind, Metric, Param, ParamKind, Sample, UndefinedMetricError
from scoring.metrics.cells import (
    CellError,
    CellFault,
    parse_answers,
    parse_truths,
    read_ids,
    read_number,
)
from scoring.spec import Direction
from scoring.types import FloatArray

__all__ = ["FAMILY", "read_grades"]

Grades = Mapping[str, float]


def read_grades(text: str) -> Grades:
    """Return the grade of each judged name; 1 where none is written; raise `CellError`."""
    grades: dict[str, float] = {}
    for item in read_ids(text):
        name, mark, grade = item.rpartition(":")
        name, value = (name, read_number(grade)) if mark else (item, 1.0)
        if value < 0 or name in grades:
            raise CellError(
                CellFault.REPEATED if name in grades else CellFault.NUMBER, value=item[:60]
            )
        grades[name] = value
    return grades


def _relevant(grades: Grades) -> set[str]:
    return {name for name, grade in grades.items() if grade > 0}


def _average_precision(grades: Grades, ranking: Sequence[str], cut: int) -> float:
    relevant = _relevant(grades)
    hits = np.array([name in relevant for name in ranking[:cut]], np.float64)
    precisions = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float((precisions * hits).sum() / min(len(relevant), cut))


def _ndcg(grades: Grades, ranking: Sequence[str], cut: int) -> float:
    gains = [_gain(grades.get(name, 0.0)) for name in ranking[:cut]]
    ideal = _discounted(sorted(map(_gain, grades.values()), reverse=True)[:cut])
    # grades beyond what 2^grade - 1 can tell leave no score
    return _discounted(gains) / ideal if 0 < ideal < math.inf else math.nan


def _gain(grade: float) -> float:
    try:
        return float(2.0**grade - 1.0)
    except OverflowError:
        return math.inf


def _discounted(gains: Sequence[float]) -> float:
    return float(sum(gain / np.log2(place + 2) for place, gain in enumerate(gains)))


def _reciprocal_rank(grades: Grades, ranking: Sequence[str], cut: int) -> float:
    relevant = _relevant(grades)
    places = (place for place, name in enumerate(ranking[:cut], start=1) if name in relevant)
    return 1.0 / next(places, float("inf"))


def _precision(grades: Grades, ranking: Sequence[str], cut: int) -> float:
    relevant = _relevant(grades)
    return sum(name in relevant for name in ranking[:cut]) / cut


def _recall(grades: Grades, ranking: Sequence[str], cut: int) -> float:
    relevant = _relevant(grades)
    return sum(name in relevant for name in ranking[:cut]) / len(relevant)


def _bpref(grades: Grades, ranking: Sequence[str], cut: int) -> float:
    """Return how rarely a judged irrelevant name stands before a relevant one."""
    relevant = _relevant(grades)
    irrelevant = len(grades) - len(relevant)
    bound = min(len(relevant), irrelevant)
    above, total = 0, 0.0
    for name in ranking[:cut]:
        if name in relevant:
            total += 1.0 - (min(above, bound) / bound if bound else 0.0)
        elif name in grades:
            above += 1
    return total / len(relevant)


def _perfect(truth: str) -> str:
    grades = read_grades(truth)
    return " ".join(sorted(_relevant(grades), key=lambda name: (-grades[name], name)))


OfQuery = Callable[[Grades, Sequence[str], int], float]
_NO_CUT: Final = 10_000


def _by_query(measure: OfQuery, sample: Sample) -> FloatArray:
    cut = int(sample.number("k")) if "k" in sample.params else _NO_CUT
    return sample.once((measure, cut), lambda: _measure(measure, cut, sample))


def _measure(measure: OfQuery, cut: int, sample: Sample) -> FloatArray:
    truths, rankings = parse_truths(sample, read_grades), parse_answers(sample, read_ids)
    if not all(_relevant(grades) for grades in truths):
        code = "undefined_no_positive"
        raise UndefinedMetricError(code)
    rows = zip(truths, rankings, strict=True)
    return np.array([measure(grades, ranking, cut) for grades, ranking in rows], np.float64)


def _score(measure: OfQuery, sample: Sample) -> float:
    return float(np.mean(_by_query(measure, sample)))


def _loss(measure: OfQuery, sample: Sample) -> FloatArray:
    losses: FloatArray = 1.0 - _by_query(measure, sample)
    return losses


_K: Final = Param(ParamKind.COUNT, required=True, high=_NO_CUT)
_OPTIONAL_K: Final = Param(ParamKind.COUNT, high=_NO_CUT)


_FIRST_FEW: Final = ("precision_at_k", "recall_at_k")
"""What the best answer does not reach where a query has fewer relevant names than k, or more."""


def _metric(name: str, measure: OfQuery, source: str, params: Mapping[str, Param]) -> Metric:
    return Metric(
        name,
        direction=Direction.MAX,
        low=0.0,
        high=1.0,
        target=Kind.TEXT,
        prediction=Kind.TEXT,
        score=partial(_score, measure),
        loss=partial(_loss, measure),
        params=params,
        source=source,
        perfect=_perfect,
        reaches_best=name not in _FIRST_FEW,
        example=("doc7 doc2:2 doc5:0",),
    )


FAMILY: Final = (
    _metric(
        "map_at_k",
        _average_precision,
        "mean average precision of the first k, over min(relevant, k); Manning et al. (2008), 8.4",
        {"k": _K},
    ),
    _metric(
        "ndcg_at_k",
        _ndcg,
        "gain 2^grade - 1, discount log2(rank + 1); Burges et al. (2005)",
        {"k": _K},
    ),
    _metric(
        "mrr",
        _reciprocal_rank,
        "mean of 1 / first relevant rank; Voorhees (1999)",
        {"k": _OPTIONAL_K},
    ),
    _metric("precision_at_k", _precision, "relevant among the first k, over k", {"k": _K}),
    _metric("recall_at_k", _recall, "relevant among the first k, over the relevant", {"k": _K}),
    _metric("bpref", _bpref, "Buckley and Voorhees (2004), as trec_eval computes it", {}),
)
