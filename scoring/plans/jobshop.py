"""Job shops: every operation of a job has a machine and a length, one machine does one thing.

A plan gives the start of each operation, job by job. Jobs and operations are counted from 1, the
machines keep the instance's own names.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scoring.messages import Message

__all__ = ["JobShop"]

Plan = Sequence[Sequence[int]]
Load = list[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class JobShop:
    """An instance: for each job its (machine, length) pairs, in order."""

    jobs: Sequence[Sequence[Sequence[int]]]
    best: float | None = None

    def violations(self, plan: Plan) -> Iterator[Message]:
        """Yield every broken constraint; where operations are missing, only those are named."""
        incomplete = list(self._wrong_counts(plan))
        yield from incomplete
        if not incomplete:
            yield from self._wrong_sequences(plan)
            yield from self._overlaps(plan)

    def cost(self, plan: Plan) -> int:
        """Return the makespan of a complete plan."""
        return max(
            begin + time
            for begins, operations in zip(plan, self.jobs, strict=True)
            for begin, (_, time) in zip(begins, operations, strict=True)
        )

    def simple_plan(self) -> list[list[int]]:
        """Return a feasible plan: one operation after another, job by job."""
        plan, now = [], 0
        for operations in self.jobs:
            begins = []
            for _, time in operations:
                begins.append(now)
                now += time
            plan.append(begins)
        return plan

    def _wrong_counts(self, plan: Plan) -> Iterator[Message]:
        if len(plan) != len(self.jobs):
            yield Message("plan_job_count", {"expected": len(self.jobs), "found": len(plan)})
            return
        for job, (operations, begins) in enumerate(zip(self.jobs, plan, strict=True), start=1):
            if len(begins) != len(operations):
                counts = {"expected": len(operations), "found": len(begins)}
                yield Message("plan_operation_count", {"job": job, **counts})

    def _wrong_sequences(self, plan: Plan) -> Iterator[Message]:
        for job, (operations, begins) in enumerate(zip(self.jobs, plan, strict=True), start=1):
            free = 0
            for step, ((_, time), begin) in enumerate(
                zip(operations, begins, strict=True), start=1
            ):
                where = {"job": job, "operation": step, "start": begin}
                if begin < 0:
                    yield Message("plan_negative_start", where)
                elif begin < free:
                    before = {"previous": step - 1, "previous_end": free}
                    yield Message("plan_precedence", {**where, **before})
                free = begin + time

    def _overlaps(self, plan: Plan) -> Iterator[Message]:
        """Yield, machine by machine, operations that start while another is still running."""
        loads: dict[int, Load] = {}
        for job, (operations, begins) in enumerate(zip(self.jobs, plan, strict=True), start=1):
            for (machine, time), begin in zip(operations, begins, strict=True):
                loads.setdefault(machine, []).append((begin, begin + time, job))
        for machine, load in sorted(loads.items()):
            yield from _overlaps_on(machine, sorted(load))


def _overlaps_on(machine: int, load: Load) -> Iterator[Message]:
    busy_until, holder = load[0][1], load[0][2]
    for begin, end, job in load[1:]:
        if begin < busy_until:
            first, second = sorted((holder, job))
            span = {"from": begin, "to": min(end, busy_until)}
            yield Message(
                "plan_overlap", {"machine": machine, "first": first, "second": second, **span}
            )
        if end > busy_until:
            busy_until, holder = end, job
