"""A stronger job-shop solution: tabu search on critical blocks, several starts per instance.

Each instance is started from three dispatching rules; the most promising start gets most of the
steps and returns to its best schedule when it has not improved for a while. The number of steps is
fixed, so the answer does not depend on the clock. Plain Python, under a minute on one
core for the pack's 27 instances.
"""

import json
import os
from itertools import pairwise
from pathlib import Path

import numpy as np

FIRST_STEPS = 600  # per start
STEPS = 4000  # for the best start
STALL = 2000
TENURE = 8
Operations = list[list[list[int]]]


def rank(rule: str, left: int, time: int) -> int:
    """Return the priority (small first) of an operation under a dispatching rule."""
    return {"mwr": -left, "spt": time, "lpt": -time}[rule]


def dispatch(operations: Operations, rule: str) -> list[list[int]]:
    """Return each machine's operations (job * machines + step) in a non-delay schedule's order."""
    machines = len(operations[0])
    machine_free = [0] * (machines + 1)
    job_free, step = [0] * len(operations), [0] * len(operations)
    left = [sum(time for _, time in row) for row in operations]
    order: list[list[int]] = [[] for _ in range(machines + 1)]
    for _ in range(machines * len(operations)):
        waiting = []
        for job, row in enumerate(operations):
            if step[job] < machines:
                machine, time = row[step[job]]
                begin = max(job_free[job], machine_free[machine])
                waiting.append((begin, rank(rule, left[job], time), job, machine, time))
        begin, _, job, machine, time = min(waiting)
        order[machine].append(job * machines + step[job])
        step[job] += 1
        left[job] -= time
        job_free[job] = machine_free[machine] = begin + time
    return order[1:]


class Search:
    """Machine orders as linked lists; heads and tails (own duration included) by one sweep."""

    def __init__(self, operations: Operations, rule: str, rng: np.random.Generator) -> None:
        machines = len(operations[0])
        self.none = none = machines * len(operations)
        self.machine = [machine for row in operations for machine, _ in row]
        self.duration = [time for row in operations for _, time in row] + [0]
        self.job_before = [o - 1 if o % machines else none for o in range(none)]
        self.job_after = [o + 1 if (o + 1) % machines else none for o in range(none)]
        self.job_waits = [int(o % machines > 0) for o in range(none)] + [-none]  # `none`: never
        self.first = range(0, none, machines)
        self.before, self.after = [none] * (none + 1), [none] * (none + 1)
        for order in dispatch(operations, rule):
            for first, second in pairwise(order):
                self.after[first], self.before[second] = second, first
        self.rng = rng
        self.tabu: dict[tuple[int, int], int] = {}
        self.now = 0
        self.head: list[int] = []
        self.tail: list[int] = []
        self.best = self.makespan = self.sweep()
        self.starts = self.head[:-1]
        self.elite = (self.before[:], self.after[:])

    def sweep(self) -> int:
        """Recompute heads and tails in topological order and return the makespan."""
        none, duration, job_after, after = self.none, self.duration, self.job_after, self.after
        waits = [w + (b != none) for w, b in zip(self.job_waits, self.before, strict=True)]
        head = [0] * (none + 1)
        ready = [o for o in self.first if not waits[o]]
        for o in ready:  # grows on the way; plain comparisons are twice as fast as max() here
            finish = head[o] + duration[o]
            for following in (job_after[o], after[o]):
                if head[following] < finish:  # noqa: PLR1730
                    head[following] = finish
                if waits[following] == 1:
                    ready.append(following)
                else:
                    waits[following] -= 1
        head[none] = 0
        tail = [0] * (none + 1)
        for o in reversed(ready):
            a, b = tail[job_after[o]], tail[after[o]]
            tail[o] = duration[o] + (a if a > b else b)  # noqa: FURB136
        self.head, self.tail = head, tail
        return max(tail)

    def blocks(self) -> list[list[int]]:
        """Return the machine blocks of one critical path, ties drawn."""
        head, tail = self.head, self.tail
        choices = [o for o in self.first if head[o] == 0 and tail[o] == self.makespan]
        blocks: list[list[int]] = []
        while choices:
            o = choices[int(self.rng.integers(len(choices)))] if len(choices) > 1 else choices[0]
            if blocks and self.machine[blocks[-1][-1]] == self.machine[o]:
                blocks[-1].append(o)
            else:
                blocks.append([o])
            end, rest = head[o] + self.duration[o], tail[o] - self.duration[o]
            nearby = {self.job_after[o], self.after[o]} - {self.none}
            choices = sorted(p for p in nearby if head[p] == end and tail[p] == rest)
        return blocks

    def moves(self) -> list[tuple[bool, int, list[int], list[int]]]:
        """Return (forbidden, estimate, segment, new order) of every move on the critical path."""
        head, tail, duration = self.head, self.tail, self.duration
        found = []
        for block in self.blocks():
            last = len(block) - 1
            spans = {(i, last) for i in range(last)} | {(0, j) for j in range(1, last + 1)}
            for i, j in sorted(spans):
                segment = block[i : j + 1]
                u, v = segment[0], segment[-1]
                if tail[v] >= tail[self.job_after[u]]:
                    found.append(self.weigh(segment, [*segment[1:], u]))
                p = self.job_before[v]
                if j > i + 1 and head[u] + duration[u] >= head[p] + duration[p]:
                    found.append(self.weigh(segment, [v, *segment[:-1]]))
        return found

    def weigh(
        self, segment: list[int], changed: list[int]
    ) -> tuple[bool, int, list[int], list[int]]:
        """Estimate a move and tell whether it is forbidden (unless it promises a new best)."""
        length = self.estimate(segment, changed)
        if length < self.best:
            return False, length, segment, changed
        if changed[-1] == segment[0]:
            pairs = [(o, changed[-1]) for o in changed[:-1]]
        else:
            pairs = [(changed[0], o) for o in changed[1:]]
        return any(self.tabu.get(p, 0) > self.now for p in pairs), length, segment, changed

    def estimate(self, segment: list[int], changed: list[int]) -> int:
        """Return the longest path through the changed segment."""
        duration, head, tail = self.duration, self.head, self.tail
        p = self.before[segment[0]]
        free, heads = head[p] + duration[p], []
        for o in changed:
            p = self.job_before[o]
            heads.append(max(head[p] + duration[p], free))
            free = heads[-1] + duration[o]
        rest, longest = tail[self.after[segment[-1]]], 0
        for o, begin in zip(reversed(changed), reversed(heads), strict=True):
            rest = max(tail[self.job_after[o]], rest) + duration[o]
            longest = max(longest, begin + rest)
        return longest

    def apply(self, segment: list[int], changed: list[int]) -> None:
        """Make a move and forbid its reversal for some steps."""
        chain = [self.before[segment[0]], *changed, self.after[segment[-1]]]
        for first, second in pairwise(chain):
            self.after[first], self.before[second] = second, first
        until = self.now + TENURE + int(self.rng.integers(TENURE))
        if changed[-1] == segment[0]:
            pairs = [(segment[0], o) for o in changed[:-1]]
        else:
            pairs = [(o, segment[-1]) for o in changed[1:]]
        self.tabu.update(dict.fromkeys(pairs, until))
        self.makespan = self.sweep()

    def restore(self) -> None:
        """Go back to the best schedule with an empty memory."""
        self.before, self.after = self.elite[0][:], self.elite[1][:]
        self.tabu.clear()
        self.makespan = self.sweep()

    def run(self, steps: int) -> None:
        """Search for so many steps."""
        improved = self.now
        for _ in range(steps):
            self.now += 1
            options = self.moves()
            if not options:  # no block of two: the schedule is optimal
                return
            forbidden, _, segment, changed = min(options)
            if forbidden:
                _, _, segment, changed = options[int(self.rng.integers(len(options)))]
            self.apply(segment, changed)
            if self.makespan < self.best:
                self.best, self.starts, improved = self.makespan, self.head[:-1], self.now
                self.elite = (self.before[:], self.after[:])
            elif self.now - improved > STALL:
                self.restore()
                improved = self.now


def solve(operations: Operations, seed: int) -> list[list[int]]:
    """Return start times job by job."""
    rng = np.random.default_rng(seed)
    starts = [Search(operations, rule, rng) for rule in ("mwr", "lpt", "spt")]
    for search in starts:
        search.run(FIRST_STEPS)
    best = min(starts, key=lambda search: search.best)
    best.run(STEPS)
    machines = len(operations[0])
    return [best.starts[o : o + machines] for o in range(0, len(best.starts), machines)]


def main() -> None:
    """Schedule every instance of the input."""
    source, target = Path(os.environ["INPUT_DIR"]), Path(os.environ["OUTPUT_DIR"])
    seed = int(os.environ.get("SEED", "0"))
    instances = json.loads((source / "instances.json").read_text(encoding="utf-8"))
    answer = {instance["id"]: solve(instance["operations"], seed) for instance in instances}
    (target / "schedules.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
