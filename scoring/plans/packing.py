"""Bin packing: every item into one bin, none overfull, as few bins as may be.

A plan lists the bins, each as the items in it, counted from 1 in the instance's order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scoring.messages import Message

__all__ = ["BinPacking"]

Plan = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class BinPacking:
    """An instance: the sizes of the items and what a bin holds."""

    items: Sequence[float]
    capacity: float
    best: float | None = None

    def violations(self, plan: Plan) -> Iterator[Message]:
        """Yield every broken constraint, bin by bin, then what was left out."""
        packed_in: dict[int, int] = {}
        for number, content in enumerate(plan, start=1):
            load = 0.0
            for item in content:
                if not 1 <= item <= len(self.items):
                    where = {"bin": number, "item": item}
                    yield Message("plan_unknown_item", {**where, "limit": len(self.items)})
                    continue
                if item in packed_in:
                    where = {"bin": number, "item": item}
                    yield Message("plan_packed_twice", {**where, "other": packed_in[item]})
                packed_in.setdefault(item, number)
                load += self.items[item - 1]
            if load > self.capacity * (1 + 1e-12):
                yield Message(
                    "plan_overfull", {"bin": number, "load": load, "limit": self.capacity}
                )
        for item in range(1, len(self.items) + 1):
            if item not in packed_in:
                yield Message("plan_not_packed", {"item": item})

    def cost(self, plan: Plan) -> int:
        """Return how many bins hold something."""
        return sum(1 for content in plan if content)

    def simple_plan(self) -> list[list[int]]:
        """Return a plan of one bin per item."""
        return [[item] for item in range(1, len(self.items) + 1)]
