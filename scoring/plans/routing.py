"""Vehicle routes: capacity, each customer once, and time windows where the instance has them.

A plan lists the routes, each as the customers it visits, counted from 1 in the instance's order;
the way from the depot and back is understood. Driving takes as long as it is far.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from scoring.messages import Message

__all__ = ["Place", "Rounding", "Routing"]

Plan = Sequence[Sequence[int]]
_TENTHS: Final = 10
_TOLERANCE: Final = 1e-6


class Rounding(StrEnum):
    """How a distance is rounded before anything is added up.

    `nearest` is TSPLIB's and CVRPLIB's EUC_2D; `truncated` cuts after one decimal, as the optima of
    Solomon's instances are printed; `none` keeps the real number.
    """

    NONE = "none"
    NEAREST = "nearest"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Place:
    """The depot or a customer; without windows it is always open."""

    x: float
    y: float
    demand: float = 0.0
    ready: float = 0.0
    due: float = math.inf
    service: float = 0.0


@dataclass(frozen=True, slots=True)
class Routing:
    """An instance; `vehicles` is how many there are at most."""

    depot: Place
    customers: Sequence[Place]
    capacity: float
    rounding: Rounding
    vehicles: int | None = None
    best: float | None = None

    def violations(self, plan: Plan) -> Iterator[Message]:
        """Yield every broken constraint, route by route, then who was left out."""
        if self.vehicles is not None and len(plan) > self.vehicles:
            yield Message("plan_vehicles", {"found": len(plan), "limit": self.vehicles})
        served_by: dict[int, int] = {}
        for vehicle, stops in enumerate(plan, start=1):
            yield from self._served(vehicle, stops, served_by)
            yield from self._driven(vehicle, stops)
        for customer in range(1, len(self.customers) + 1):
            if customer not in served_by:
                yield Message("plan_not_served", {"customer": customer})

    def cost(self, plan: Plan) -> float:
        """Return the distance of all routes, in the instance's unit, of a plan of known stops."""
        total = sum(
            self._distance(a, b)
            for stops in plan
            for a, b in pairwise([self.depot, *(self._place(stop) for stop in stops), self.depot])
        )
        return total / self._scale

    def simple_plan(self) -> list[list[int]]:
        """Return a plan of one vehicle per customer."""
        return [[customer] for customer in range(1, len(self.customers) + 1)]

    @property
    def _scale(self) -> int:
        """Distances are counted in such parts of a unit: whole ones, so that sums are exact."""
        return _TENTHS if self.rounding is Rounding.TRUNCATED else 1

    def _distance(self, a: Place, b: Place) -> float:
        straight = math.hypot(a.x - b.x, a.y - b.y)
        if self.rounding is Rounding.NEAREST:
            return math.floor(straight + 0.5)
        if self.rounding is Rounding.TRUNCATED:
            square = _TENTHS * _TENTHS * ((a.x - b.x) ** 2 + (a.y - b.y) ** 2)
            return (
                math.isqrt(int(square)) if float(square).is_integer() else int(_TENTHS * straight)
            )
        return straight

    def _place(self, customer: int) -> Place:
        return self.customers[customer - 1]

    def _is_known(self, customer: int) -> bool:
        return 1 <= customer <= len(self.customers)

    def _served(
        self, vehicle: int, stops: Sequence[int], served_by: dict[int, int]
    ) -> Iterator[Message]:
        load, full = 0.0, False
        for number, customer in enumerate(stops, start=1):
            where = {"vehicle": vehicle, "stop": number, "customer": customer}
            if not self._is_known(customer):
                yield Message("plan_unknown_customer", {**where, "limit": len(self.customers)})
                continue
            if customer in served_by:
                yield Message("plan_served_twice", {**where, "other": served_by[customer]})
            served_by.setdefault(customer, vehicle)
            load += self._place(customer).demand
            if load > self.capacity and not full:
                full = True
                yield Message("plan_overload", {**where, "load": load, "limit": self.capacity})

    def _driven(self, vehicle: int, stops: Sequence[int]) -> Iterator[Message]:
        """Yield stops reached after their window closes, and a late return."""
        here, now = self.depot, self.depot.ready * self._scale
        for number, customer in enumerate(stops, start=1):
            if not self._is_known(customer):
                continue
            there = self._place(customer)
            arrival = now + self._distance(here, there)
            if self._is_late(arrival, there.due):
                where = {"vehicle": vehicle, "stop": number, "customer": customer}
                yield Message("plan_late", {**where, **self._times(arrival, there.due)})
            here = there
            now = max(arrival, there.ready * self._scale) + there.service * self._scale
        back = now + self._distance(here, self.depot)
        if self._is_late(back, self.depot.due):
            yield Message(
                "plan_late_return", {"vehicle": vehicle, **self._times(back, self.depot.due)}
            )

    def _is_late(self, arrival: float, due: float) -> bool:
        return arrival > due * self._scale + _TOLERANCE

    def _times(self, arrival: float, due: float) -> dict[str, float]:
        return {"arrival": round(arrival / self._scale, 6), "due": due}
