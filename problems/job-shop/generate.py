"""Job-shop instances of E. Taillard's class, published and sealed, with reference makespans.

    python generate.py --seed N --out DIR

Instances come from the generator published in E. Taillard, "Benchmarks for basic scheduling
problems", European Journal of Operational Research 64 (1993) 278-285: a Lehmer generator
(Bratley, Fox and Schrage's portable form) with one seed for the processing times, U[1, 99] job by
job, and one for the machine order of every job (a shuffle of 1..m). With the paper's seeds it gives
ta01-ta10 (15 x 15); with seeds drawn from N it gives the sealed ones.

The reference makespans of ta01-ta10 are their proven optima (van Hoorn, "The current state of
bounds on benchmark instances of the job-shop scheduling problem", Journal of Scheduling 21 (2018)
127-128). A sealed instance's reference is the best makespan of a tabu search of fixed length: the
neighbourhood of E. Balas and A. Vazacopoulos (Management Science 44 (1998) 262-275) restricted to
the ends of critical blocks, with the estimates of E. Taillard (ORSA Journal on Computing 6 (1994)
108-117). It is a good schedule, not a proven optimum.

Layout: `public/` and `input/` hold the instances of both boards, `A/truth` and `B/truth` the
references of their own. The same N gives the same bytes.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

PUBLISHED = {  # name: (time seed, machine seed, proven optimum)
    "ta01": (840612802, 398197754, 1231),
    "ta02": (1314640371, 386720536, 1244),
    "ta03": (1227221349, 316176388, 1218),
    "ta04": (342269428, 1806358582, 1175),
    "ta05": (1603221416, 1501949241, 1224),
    "ta06": (1357584978, 1734077082, 1238),
    "ta07": (44531661, 1374316395, 1227),
    "ta08": (302545136, 2092186050, 1217),
    "ta09": (1153780144, 1393392374, 1274),
    "ta10": (73896786, 1544979948, 1241),
}
PUBLISHED_SIZE = (15, 15)
SEALED_SIZES = {
    "A": [(15, 15), (15, 15), (20, 15), (20, 15), (30, 15)],
    "B": [(15, 15)] * 4 + [(20, 15)] * 4 + [(30, 15)] * 4,
}
PRACTICE_SIZES = [(6, 6), (10, 10), (20, 15)]
SEARCH_STEPS = 2500
TENURE = 8  # a reversed pair stays forbidden for 8 to 15 steps
MODULUS = 2**31 - 1
LONGEST = 99


@dataclass(frozen=True, slots=True)
class Shop:
    """One instance: `route[j][k]` is (machine from 1, time) of job j's k-th operation."""

    route: list[list[tuple[int, int]]]

    @property
    def machines(self) -> int:
        """Return how many machines there are, which is how many operations each job has."""
        return len(self.route[0])


def lehmer(seed: int) -> Iterator[float]:
    """Yield Taillard's uniform numbers in (0, 1): x <- 16807 x mod (2^31 - 1)."""
    while True:
        seed = 16807 * seed % MODULUS
        yield seed / MODULUS


def taillard(size: tuple[int, int], time_seed: int, machine_seed: int) -> Shop:
    """Return the instance of Taillard's generator for (jobs, machines) and its two seeds."""
    jobs, machines = size
    uniform = lehmer(time_seed)
    times = [[1 + int(next(uniform) * LONGEST) for _ in range(machines)] for _ in range(jobs)]
    uniform = lehmer(machine_seed)
    route = []
    for row in times:
        order = list(range(1, machines + 1))
        for left in range(machines):
            other = left + int(next(uniform) * (machines - left))
            order[left], order[other] = order[other], order[left]
        route.append(list(zip(order, row, strict=True)))
    return Shop(route)


def lower_bound(shop: Shop) -> int:
    """Return the larger of the longest job and the best bound of a single machine."""
    entry: dict[int, list[tuple[int, int, int]]] = {}
    for row in shop.route:
        total, done = sum(time for _, time in row), 0
        for machine, time in row:
            entry.setdefault(machine, []).append((done, time, total - done - time))
            done += time
    single = max(
        min(before for before, _, _ in rows)
        + sum(time for _, time, _ in rows)
        + min(after for _, _, after in rows)
        for rows in entry.values()
    )
    return max(single, *(sum(time for _, time in row) for row in shop.route))


def most_work_remaining(shop: Shop) -> list[list[int]]:
    """Return each machine's operations in the order of the most-work-remaining rule (active)."""
    machines = shop.machines
    step = [0] * len(shop.route)
    job_free = [0] * len(shop.route)
    machine_free = [0] * (machines + 1)
    left = [sum(time for _, time in row) for row in shop.route]
    order: list[list[int]] = [[] for _ in range(machines + 1)]
    for _ in range(len(shop.route) * machines):
        waiting = []
        for job, row in enumerate(shop.route):
            if step[job] < machines:
                machine, time = row[step[job]]
                start = max(job_free[job], machine_free[machine])
                waiting.append((start + time, start, machine, job))
        first_end, _, machine, _ = min(waiting)
        rivals = [w for w in waiting if w[2] == machine and w[1] < first_end]
        end, start, machine, job = min(rivals, key=lambda w: (-left[w[3]], w[3]))
        order[machine].append(job * machines + step[job])
        left[job] -= end - start
        step[job] += 1
        job_free[job] = machine_free[machine] = end
    return order[1:]


class TabuSearch:
    """Tabu search over the machine orders of one shop.

    Operations are numbered job * machines + step; the number `none` stands for "no operation" and
    has zero head, tail and duration. `tail` includes the operation's own duration.
    """

    def __init__(self, shop: Shop, rng: np.random.Generator) -> None:
        machines = shop.machines
        self.none = none = len(shop.route) * machines
        self.machine = [machine for row in shop.route for machine, _ in row]
        self.duration = [time for row in shop.route for _, time in row] + [0]
        self.job_before = [o - 1 if o % machines else none for o in range(none)]
        self.job_after = [o + 1 if (o + 1) % machines else none for o in range(none)]
        self.job_waits = [int(o % machines > 0) for o in range(none)] + [-none]  # `none`: never
        self.first = range(0, none, machines)
        self.before, self.after = [none] * (none + 1), [none] * (none + 1)
        for order in most_work_remaining(shop):
            for first, second in pairwise(order):
                self.after[first], self.before[second] = second, first
        self.rng = rng
        self.tabu: dict[tuple[int, int], int] = {}
        self.head: list[int] = []
        self.tail: list[int] = []

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

    def critical_blocks(self, makespan: int) -> list[list[int]]:
        """Return the runs of one machine on one critical path (ties broken at random)."""
        head, tail = self.head, self.tail
        choices = [o for o in self.first if head[o] == 0 and tail[o] == makespan]
        blocks: list[list[int]] = []
        while choices:
            o = choices[int(self.rng.integers(len(choices)))] if len(choices) > 1 else choices[0]
            if blocks and self.machine[blocks[-1][-1]] == self.machine[o]:
                blocks[-1].append(o)
            else:
                blocks.append([o])
            rest = tail[o] - self.duration[o]
            end = head[o] + self.duration[o]
            nearby = {self.job_after[o], self.after[o]} - {self.none}
            choices = sorted(p for p in nearby if head[p] == end and tail[p] == rest)
        return blocks

    def moves(self, blocks: list[list[int]]) -> Iterator[tuple[list[int], list[int]]]:
        """Yield (segment, its new order): an operation moved to or from a block's end."""
        head, tail, duration = self.head, self.tail, self.duration
        for block in blocks:
            last = len(block) - 1
            spans = {(i, last) for i in range(last)} | {(0, j) for j in range(1, last + 1)}
            for i, j in sorted(spans):
                segment = block[i : j + 1]
                u, v = segment[0], segment[-1]
                if tail[v] >= tail[self.job_after[u]]:
                    yield segment, [*segment[1:], u]
                p = self.job_before[v]
                if j > i + 1 and head[u] + duration[u] >= head[p] + duration[p]:
                    yield segment, [v, *segment[:-1]]

    def estimate(self, segment: list[int], changed: list[int]) -> int:
        """Return the length of the longest path through a segment put in another order."""
        duration, head, tail = self.duration, self.head, self.tail
        p = self.before[segment[0]]
        free = head[p] + duration[p]
        heads = []
        for o in changed:
            p = self.job_before[o]
            begin = head[p] + duration[p]
            heads.append(begin if begin > free else free)  # noqa: FURB136
            free = heads[-1] + duration[o]
        rest, longest = tail[self.after[segment[-1]]], 0
        for o, begin in zip(reversed(changed), reversed(heads), strict=True):
            own = tail[self.job_after[o]]
            rest = (own if own > rest else rest) + duration[o]  # noqa: FURB136
            longest = max(longest, begin + rest)
        return longest

    def apply(self, segment: list[int], changed: list[int], until: int) -> None:
        """Put a segment in its new order and forbid the reversed pairs until the given step."""
        chain = [self.before[segment[0]], *changed, self.after[segment[-1]]]
        for first, second in pairwise(chain):
            self.after[first], self.before[second] = second, first
        if changed[-1] == segment[0]:
            pairs = [(segment[0], o) for o in changed[:-1]]
        else:
            pairs = [(o, segment[-1]) for o in changed[1:]]
        self.tabu.update(dict.fromkeys(pairs, until))

    def forbidden(self, segment: list[int], changed: list[int], now: int) -> bool:
        """Tell whether a move would bring back a pair that was reversed a short while ago."""
        if changed[-1] == segment[0]:
            return any(self.tabu.get((o, changed[-1]), 0) > now for o in changed[:-1])
        return any(self.tabu.get((changed[0], o), 0) > now for o in changed[1:])

    def run(self, steps: int, bound: int) -> tuple[int, list[int]]:
        """Return the best makespan met in so many steps (fewer at the bound), and its starts."""
        makespan = self.sweep()
        best, starts = makespan, self.head[:-1]
        for now in range(steps):
            if best == bound:
                break
            options = []
            for segment, changed in self.moves(self.critical_blocks(makespan)):
                length = self.estimate(segment, changed)
                closed = length >= best and self.forbidden(segment, changed, now)
                options.append((closed, length, segment, changed))
            if not options:
                break
            closed, _, segment, changed = min(options)
            if closed:  # everything is forbidden: any move is better than standing still
                _, _, segment, changed = options[int(self.rng.integers(len(options)))]
            self.apply(segment, changed, now + TENURE + int(self.rng.integers(TENURE)))
            makespan = self.sweep()
            if makespan < best:
                best, starts = makespan, self.head[:-1]
        return best, starts


def reference_schedule(shop: Shop, rng: np.random.Generator) -> tuple[int, list[list[int]]]:
    """Return the reference makespan of a shop and start times per job that reach it."""
    makespan, starts = TabuSearch(shop, rng).run(SEARCH_STEPS, lower_bound(shop))
    machines = shop.machines
    return makespan, [starts[o : o + machines] for o in range(0, len(starts), machines)]


def draw(size: tuple[int, int], rng: np.random.Generator) -> Shop:
    """Return an instance of Taillard's generator whose two seeds come from the given source."""
    time_seed, machine_seed = (int(seed) for seed in rng.integers(1, MODULUS, size=2))
    return taillard(size, time_seed, machine_seed)


def describe(name: str, shop: Shop) -> dict[str, object]:
    """Return an instance as it is written to JSON."""
    return {
        "id": name,
        "jobs": len(shop.route),
        "machines": shop.machines,
        "operations": shop.route,
    }


def one_after_another(shop: Shop) -> list[list[int]]:
    """Return the start times when every job waits for the one before it to end."""
    now, starts = 0, []
    for row in shop.route:
        line = []
        for _, time in row:
            line.append(now)
            now += time
        starts.append(line)
    return starts


def write(path: Path, value: object) -> None:
    """Write JSON with a line per top-level entry, always with the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(value, dict):
        rows = (f"{json.dumps(key)}: {json.dumps(row)}" for key, row in value.items())
        text = "{\n" + ",\n".join(rows) + "\n}\n"
    else:
        text = "[\n" + ",\n".join(json.dumps(row) for row in value) + "\n]\n"
    path.write_bytes(text.encode())


README = """# 作业车间排产：公开数据 / Job-shop scheduling: public data

| 文件 file | 内容 contents |
| --- | --- |
| `instances.json` | 全部算例，含 A、B 榜；every instance, of both boards |
| `practice.json` | 练习算例与参考排程；practice instances with reference schedules |
| `sample_schedules.json` | 提交样例：工件逐个加工；a valid answer, one job after another |

`operations[j][k] = [机器 machine, 工时 time]`，机器编号从 1 起 (machines count from 1)。
`ta01`–`ta10` 由 Taillard (1993) 公布的种子重新生成 (regenerated from the published seeds)。
"""


def assign(rng: np.random.Generator) -> dict[str, tuple[str, tuple[int, int]]]:
    """Return {name: (board, size)} of the sealed instances; names tell nothing about the board."""
    slots = [(board, size) for board, sizes in SEALED_SIZES.items() for size in sizes]
    shuffled = [slots[int(i)] for i in rng.permutation(len(slots))]
    return {f"bj{number:02d}": slot for number, slot in enumerate(shuffled, start=1)}


def generate(seed: int, out: Path) -> None:
    """Write the whole data directory for a seed."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    shops, truth = {}, {"A": {}, "B": {}}
    for name, (time_seed, machine_seed, optimum) in PUBLISHED.items():
        shops[name] = taillard(PUBLISHED_SIZE, time_seed, machine_seed)
        truth["A"][name] = {"reference": optimum, "proven": True}
    for name, (board, size) in assign(rng).items():
        shops[name] = draw(size, rng)
        reference, _ = reference_schedule(shops[name], rng)
        truth[board][name] = {
            "reference": reference,
            "proven": reference == lower_bound(shops[name]),
        }
    practice = []
    for number, size in enumerate(PRACTICE_SIZES, start=1):
        shop = draw(size, rng)
        makespan, starts = reference_schedule(shop, rng)
        instance = describe(f"practice{number}", shop)
        practice.append({**instance, "reference": makespan, "schedule": starts})
    instances = [describe(name, shop) for name, shop in shops.items()]
    for folder in ("public", "input"):
        write(out / folder / "instances.json", instances)
    write(out / "public" / "practice.json", practice)
    sample = {name: one_after_another(shop) for name, shop in shops.items()}
    write(out / "public" / "sample_schedules.json", sample)
    (out / "public" / "README.md").write_bytes(README.encode())
    for board, references in truth.items():
        rows = {name: {**row, "operations": shops[name].route} for name, row in references.items()}
        value = {"expected": sorted(shops), "instances": rows}
        write(out / board / "truth" / "truth.json", value)


def main() -> None:
    """Read the command line and generate."""
    parser = argparse.ArgumentParser(description="Generate the job-shop data directory.")
    parser.add_argument("--seed", type=int, required=True, help="a non-negative integer")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    arguments = parser.parse_args()
    generate(arguments.seed, arguments.out)


if __name__ == "__main__":
    main()
