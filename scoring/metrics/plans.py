"""Metrics of plans: one instance a row, its plan in one cell as a JSON list of lists.

The truth's cell is the instance (`scoring.plans.instances` says how it is written), which teams
have been given as data. A schedule lists start times by job, routes list customers, packings list
items, both counted from 1. What breaks a constraint is named: in the refusal of a column that has
no `infeasible` cost for it, else in the details of each case.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Final

import numpy as np

from scoring.errors import TruthError
from scoring.messages import Message
from scoring.metrics.base import Kind, Metric, Param, ParamKind, Sample, UndefinedMetricError
from scoring.metrics.cells import (
    CellError,
    CellFault,
    parse_answers,
    parse_truths,
    read_json,
    refuse,
)
from scoring.plans.instances import BadInstanceError, Instance, Plan, as_plan, build_instance
from scoring.plans.jobshop import JobShop
from scoring.plans.packing import BinPacking
from scoring.plans.routing import Routing
from scoring.spec import Direction
from scoring.types import FloatArray

__all__ = ["FAMILY", "read_instance", "read_plan"]

MOST_VIOLATIONS: Final = 100
_INFINITE: Final = float("inf")


@dataclass(frozen=True, slots=True)
class _Judged:
    """One row: what is broken, at most `MOST_VIOLATIONS`, and what a plan without faults costs."""

    instance: Instance
    broken: tuple[Message, ...]
    cost: float


def read_instance(text: str) -> Instance:
    """Return the instance of a true cell; raise `CellError`."""
    try:
        return build_instance(read_json(text))
    except BadInstanceError as error:
        raise CellError(CellFault.INSTANCE, reason=str(error)) from None


def read_plan(text: str) -> Plan:
    """Return the plan of an answer's cell, an empty one where it is blank; raise `CellError`."""
    plan = as_plan(read_json(text) if text.strip() else [])
    if plan is None:
        raise CellError(CellFault.PLAN)
    return plan


def _judge(instance: Instance, plan: Plan) -> _Judged:
    broken = tuple(islice(instance.violations(plan), MOST_VIOLATIONS))
    return _Judged(instance, broken, float("nan") if broken else float(instance.cost(plan)))


def _judged(sample: Sample) -> list[_Judged]:
    """Judge every row, once for all columns."""

    def judge_all() -> list[_Judged]:
        instances, plans = parse_truths(sample, read_instance), parse_answers(sample, read_plan)
        return list(map(_judge, instances, plans))

    return sample.once("plans", judge_all)


def _check_kind(rows: Sequence[_Judged], kind: type[Instance]) -> None:
    for row, judged in enumerate(rows, start=1):
        if not isinstance(judged.instance, kind):
            reason = f"not an instance of {kind.__name__}"
            raise TruthError(
                Message("truth_unreadable", {"name": f"row {row}, target 1", "reason": reason})
            )


def _values(of: Callable[[_Judged], float], sample: Sample) -> FloatArray:
    """Return a number by row: that of `of` for a feasible plan, else what the pack has set.

    Raises `InvalidSubmission` where the pack has set nothing.
    """
    rows = _judged(sample)
    if "infeasible" not in sample.params:
        lines = sample.lines.tolist()
        faults = [
            replace(row.broken[0], line=line)
            for row, line in zip(rows, lines, strict=True)
            if row.broken
        ]
        if faults:
            refuse(faults)
        return np.array([of(row) for row in rows], np.float64)
    instead = sample.number("infeasible")
    return np.array([instead if row.broken else of(row) for row in rows], np.float64)


def _costs(kind: type[Instance], sample: Sample) -> FloatArray:
    _check_kind(_judged(sample), kind)
    return _values(lambda row: row.cost, sample)


def _gap(row: _Judged) -> float:
    best = row.instance.best
    if best is None or best <= 0:
        code = "undefined_best"
        raise UndefinedMetricError(code)
    return (row.cost - best) / best


def _gaps(sample: Sample) -> FloatArray:
    return _values(_gap, sample)


def _broken(sample: Sample) -> FloatArray:
    """Return 1 for each plan that cannot be carried out."""
    return np.array([bool(row.broken) for row in _judged(sample)], np.float64)


def _mean(values: Callable[[Sample], FloatArray], sample: Sample) -> float:
    return float(np.mean(values(sample)))


def _feasible(sample: Sample) -> float:
    return 1.0 - _mean(_broken, sample)


def _cases(sample: Sample) -> list[Mapping[str, object]]:
    """Return what a team reads of each instance: its cost, or the first thing that is broken."""
    return [_case(row) for row in _judged(sample)]


def _case(row: _Judged) -> dict[str, object]:
    if not row.broken:
        return {"feasible": True, "cost": row.cost, "reason": None}
    first = row.broken[0]
    reason = {"zh-Hans": first.render("zh-Hans"), "en": first.render("en")}
    return {"feasible": False, "cost": None, "reason": reason, "violations": len(row.broken)}


def _perfect(truth: str) -> str:
    """Return the plan that comes with an instance, else one made without thinking."""
    data = read_json(truth)
    plan = data.get("plan") if isinstance(data, Mapping) else None
    return json.dumps(plan if plan is not None else read_instance(truth).simple_plan())


_of_plans = partial(
    Metric,
    direction=Direction.MIN,
    low=0.0,
    high=_INFINITE,
    target=Kind.TEXT,
    prediction=Kind.TEXT,
    targets=("instance",),
    cases=_cases,
    perfect=_perfect,
    reaches_best=False,
)
_BINS: Final = '{"capacity": 10, "items": [6, 4, 5, 5], "best": 2}'
_INFEASIBLE: Final = {"infeasible": Param(ParamKind.NUMBER, high=_INFINITE)}

FAMILY: Final = (
    *(
        _of_plans(
            name,
            example=(example,),
            score=partial(_mean, partial(_costs, kind)),
            loss=partial(_costs, kind),
            params=_INFEASIBLE,
            source=f"mean over instances of {source}",
        )
        for name, kind, example, source in (
            (
                "makespan",
                JobShop,
                '{"jobs": [[[1, 3], [2, 2]], [[2, 4], [1, 1]]]}',
                "the last operation's end; Fisher and Thompson (1963)",
            ),
            (
                "route_cost",
                Routing,
                (
                    '{"capacity": 9, "rounding": "nearest", "depot": [0, 0],'
                    ' "customers": [[3, 4, 5], [6, 8, 5]]}'
                ),
                "the routes' length, CVRP and CVRPTW; Uchoa et al. (2017)",
            ),
            (
                "bins_used",
                BinPacking,
                _BINS,
                "the bins that hold something; Martello and Toth (1990)",
            ),
        )
    ),
    _of_plans(
        "gap_to_best",
        example=(_BINS,),
        low=-1.0,
        score=partial(_mean, _gaps),
        loss=_gaps,
        params=_INFEASIBLE,
        source="mean over instances of (cost - best) / best; below 0 where a plan beats the best",
    ),
    _of_plans(
        "feasible_rate",
        example=(_BINS,),
        direction=Direction.MAX,
        high=1.0,
        score=_feasible,
        loss=_broken,
        reaches_best=True,
        source="share of instances whose plan breaks no constraint, 0 or 1 each",
    ),
)
