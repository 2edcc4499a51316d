"""Instances of plans as the truth writes them: one JSON object, which says what it is by its keys.

- job shop: `{"jobs": [[[machine, time], …], …]}`
- routes: `{"capacity": 200, "rounding": "nearest", "depot": [x, y], "customers": [[x, y, demand],
  …]}`; with time windows the depot is `[x, y, ready, due]`, a customer `[x, y, demand, ready, due,
  service]`; `"vehicles"` limits their number
- bins: `{"capacity": 100, "items": [size, …]}`

Each may have `"best"`, the best cost known, and `"plan"`, a plan that is known to be feasible.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from scoring.messages import Message
from scoring.plans.jobshop import JobShop
from scoring.plans.packing import BinPacking
from scoring.plans.routing import Place, Rounding, Routing

__all__ = ["BadInstanceError", "Instance", "Plan", "as_plan", "build_instance"]

Plan = Sequence[Sequence[int]]
LIMIT: Final = 10**12
_DEPOT_PARTS: Final = (2, 4)
_CUSTOMER_PARTS: Final = (3, 6)
_OPERATION_PARTS: Final = 2
_COMMON: Final = frozenset({"best", "plan"})


class Instance(Protocol):
    """What can be planned: which plans break which constraint, and what a plan costs."""

    @property
    def best(self) -> float | None:
        """The best cost known."""

    def violations(self, plan: Plan) -> Iterator[Message]:
        """Yield every broken constraint."""

    def cost(self, plan: Plan) -> float:
        """Return what a feasible plan costs."""

    def simple_plan(self) -> list[list[int]]:
        """Return a plan made without thinking."""


class BadInstanceError(Exception):
    """The organiser's instance is none; the text says why."""


def build_instance(data: object) -> Instance:
    """Read an instance; raise `BadInstanceError`."""
    if not isinstance(data, Mapping):
        message = "an instance is a JSON object"
        raise BadInstanceError(message)
    for mark, build in (("jobs", _job_shop), ("customers", _routing), ("items", _packing)):
        if mark in data:
            return build(data)
    message = "an instance has jobs, customers or items"
    raise BadInstanceError(message)


def as_plan(data: object) -> Plan | None:
    """Return a list of lists of whole numbers, none beyond 10¹²; None for anything else."""
    if not isinstance(data, list):
        return None
    for part in data:
        if not isinstance(part, list) or not all(map(_is_whole, part)):
            return None
    return data


def _is_whole(value: object) -> bool:
    return type(value) is int and -LIMIT <= value <= LIMIT  # a bool is an int to isinstance


def _job_shop(data: Mapping[str, object]) -> JobShop:
    _check_keys(data, {"jobs"})
    jobs = data["jobs"]
    if not isinstance(jobs, list) or not jobs:
        message = "jobs is a list of lists of [machine, time]"
        raise BadInstanceError(message)
    for operations in jobs:
        pairs = as_plan(operations)
        if not pairs or any(len(pair) != _OPERATION_PARTS or pair[1] < 0 for pair in pairs):
            message = "jobs is a list of lists of [machine, time], in whole numbers"
            raise BadInstanceError(message)
    return JobShop(jobs, _best(data))


def _routing(data: Mapping[str, object]) -> Routing:
    _check_keys(data, {"capacity", "rounding", "depot", "customers", "vehicles"})
    customers = data["customers"]
    if not isinstance(customers, list) or not customers:
        message = "customers is a list of [x, y, demand] or [x, y, demand, ready, due, service]"
        raise BadInstanceError(message)
    vehicles = data.get("vehicles")
    if vehicles is not None and not _is_whole(vehicles):
        message = "vehicles is a whole number"
        raise BadInstanceError(message)
    depot = _numbers(data.get("depot"), _DEPOT_PARTS, "depot")
    return Routing(
        Place(depot[0], depot[1], 0.0, *depot[2:]),
        tuple(Place(*_numbers(one, _CUSTOMER_PARTS, "a customer")) for one in customers),
        _number(data.get("capacity"), "capacity"),
        _rounding(data.get("rounding")),
        vehicles if isinstance(vehicles, int) else None,
        _best(data),
    )


def _packing(data: Mapping[str, object]) -> BinPacking:
    _check_keys(data, {"capacity", "items"})
    items = data["items"]
    if not isinstance(items, list) or not items:
        message = "items is a list of sizes"
        raise BadInstanceError(message)
    sizes = tuple(_number(size, "an item") for size in items)
    return BinPacking(sizes, _number(data.get("capacity"), "capacity"), _best(data))


def _check_keys(data: Mapping[str, object], known: set[str]) -> None:
    unknown = sorted(set(data) - known - _COMMON)
    if unknown:
        message = f"unknown key {unknown[0][:40]!r}"
        raise BadInstanceError(message)


def _rounding(value: object) -> Rounding:
    if not isinstance(value, str) or value not in set(Rounding):
        message = f"rounding is one of {', '.join(Rounding)}"
        raise BadInstanceError(message)
    return Rounding(value)


def _best(data: Mapping[str, object]) -> float | None:
    value = data.get("best")
    return None if value is None else _number(value, "best")


def _numbers(value: object, counts: tuple[int, ...], name: str) -> list[float]:
    if not isinstance(value, list) or len(value) not in counts:
        message = f"{name} has {' or '.join(map(str, counts))} numbers"
        raise BadInstanceError(message)
    return [_number(part, name) for part in value]


def _number(value: object, name: str) -> float:
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not fits or not math.fabs(float(str(value))) <= LIMIT:
        message = f"{name} is not a number between -10**12 and 10**12"
        raise BadInstanceError(message)
    return float(str(value))
