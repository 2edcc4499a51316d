"""Milk-run instances (vehicle routing with time windows) with reference costs.

    python generate.py --seed N --out DIR

The model is the capacitated vehicle routing problem with time windows of M. M. Solomon, "Algorithms
for the vehicle routing and scheduling problems with time window constraints", Operations Research
35 (1987) 254-265, with clustered and scattered suppliers as in its RC classes, and a cost that adds
a fixed amount per vehicle to the distance. The map is a fictional 60 km x 40 km box.

The reference cost of an instance is the best of a fixed number of ruin-and-recreate steps
(G. Schrimpf et al., "Record breaking optimization results using the ruin and recreate principle",
Journal of Computational Physics 159 (2000) 139-171): suppliers near a random one are taken out and
put back one by one where they cost least; a plan is kept while it is within a shrinking margin of
the best. It is a good plan, not a proven optimum. Costs are whole thousandths of a yuan, so the
search never depends on rounding.

Layout: `public/` and `input/` hold the instances of both boards, `A/truth` and `B/truth` the
references of their own. The same N gives the same bytes.
"""

import argparse
import json
from dataclasses import dataclass
from math import isqrt
from pathlib import Path

import numpy as np

BOX = (60_000, 40_000)  # metres
TOWNS = 14
EDGE = 4_500  # metres that towns keep from the edge: three standard deviations of their suppliers
SIZES = {
    "A": [25, 25, 40, 50, 60, 75, 100, 100],
    "B": [50, 60, 75, 80, 100, 100, 120, 125, 150, 150, 175, 200],
}
PRACTICE_SIZES = [25, 40, 60, 100]
OPEN, CLOSE = 7 * 60, 19 * 60  # minutes after midnight
METRES_PER_MINUTE = 600  # 36 km/h
DETOUR_SQUARED = 169  # hundredths: roads are 1.3 times the straight line
FLEETS = [(20, 240, 3), (26, 300, 4), (32, 380, 4)]  # pallets, yuan per vehicle, yuan per km
STEPS = 3000


@dataclass(frozen=True, slots=True)
class Instance:
    """One day of one plant. Index 0 is the plant, 1..n are the suppliers."""

    capacity: int
    fixed_cost: int
    cost_per_km: int
    points: list[tuple[int, int]]
    demand: list[int]
    ready: list[int]
    due: list[int]
    service: list[int]
    metres: list[list[int]]
    minutes: list[list[int]]


def road(points: list[tuple[int, int]]) -> list[list[int]]:
    """Return whole metres by road: floor(1.3 x straight line), in integers."""
    return [
        [isqrt(DETOUR_SQUARED * ((x - u) ** 2 + (y - v) ** 2) // 100) for u, v in points]
        for x, y in points
    ]


def place(count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return a plant near the middle and suppliers, three of four of them around towns."""
    towns = rng.uniform(EDGE, (BOX[0] - EDGE, BOX[1] - EDGE), size=(TOWNS, 2))
    used = towns[rng.permutation(TOWNS)[: 4 + count // 20]]
    near = used[rng.integers(len(used), size=count)] + rng.normal(0, 1_500, size=(count, 2))
    far = rng.uniform((0, 0), BOX, size=(count, 2))
    chosen = np.where(rng.random((count, 1)) < 0.75, near, far)  # noqa: PLR2004
    plant = rng.uniform((20_000, 12_000), (40_000, 28_000), size=(1, 2))
    whole = np.rint(np.vstack([plant, chosen])).astype(int)
    clipped = np.clip(whole, 0, BOX)
    return [(int(x), int(y)) for x, y in clipped]


def window(earliest: int, latest: int, tight: float, rng: np.random.Generator) -> tuple[int, int]:
    """Return the minutes between which service may begin, always reachable from the plant."""
    kind, position = float(rng.random()), float(rng.random())
    width = 5 * int(rng.integers(6, 19))  # 30 to 90 minutes
    if kind < tight:
        ready = 5 * round((earliest + position * (latest - earliest) - width / 2) / 5)
        ready = max(OPEN, min(ready, latest - width))
        due = max(ready + width, earliest)
    elif kind < (1 + tight) / 2:
        ready, due = (OPEN, 12 * 60) if position < 1 / 2 else (13 * 60, 17 * 60)
    else:
        ready, due = OPEN, CLOSE
    due = min(due, latest)
    return min(ready, due), max(due, earliest)


def draw(count: int, rng: np.random.Generator) -> Instance:
    """Return an instance with so many suppliers."""
    points = place(count, rng)
    metres = road(points)
    minutes = [[-(-length // METRES_PER_MINUTE) for length in row] for row in metres]
    capacity, fixed_cost, cost_per_km = FLEETS[int(rng.integers(len(FLEETS)))]
    tight = float(rng.uniform(0.4, 0.9))
    demand = [0] + [1 + int(rng.binomial(9, 0.2)) for _ in range(count)]
    service = [0] + [6 + 2 * pallets for pallets in demand[1:]]
    ready, due = [OPEN], [CLOSE]
    for supplier in range(1, count + 1):
        drive = minutes[0][supplier]
        begin, end = window(OPEN + drive, CLOSE - drive - service[supplier], tight, rng)
        ready.append(begin)
        due.append(end)
    fleet = (capacity, fixed_cost, cost_per_km)
    return Instance(*fleet, points, demand, ready, due, service, metres, minutes)


# ── the reference plan ───────────────────────────────────────────────────────────────────────────


class Route:
    """A vehicle's stops between two visits to the plant, with the times that bound insertions.

    `leave[k]` is when the vehicle leaves stop k (0 is the plant), `latest[k]` how late it may begin
    there without being late anywhere after.
    """

    def __init__(self, day: Instance, stops: list[int]) -> None:
        self.stops = [0, *stops, 0]
        self.load = sum(day.demand[stop] for stop in stops)
        self.leave, self.latest = [OPEN], [CLOSE]
        for previous, stop in zip(self.stops, stops, strict=False):
            arrival = self.leave[-1] + day.minutes[previous][stop]
            self.leave.append(max(arrival, day.ready[stop]) + day.service[stop])
        for stop, following in zip(stops[::-1], self.stops[:1:-1], strict=False):
            limit = self.latest[-1] - day.minutes[stop][following] - day.service[stop]
            self.latest.append(min(day.due[stop], limit))
        self.latest.append(OPEN)
        self.latest.reverse()
        legs = zip(self.stops, self.stops[1:], strict=False)
        self.length = sum(day.metres[a][b] for a, b in legs)

    def cheapest_gap(self, day: Instance, supplier: int) -> tuple[int, int]:
        """Return (extra metres, gap) of the best feasible place, or (-1, -1)."""
        out, drive, due = day.metres[supplier], day.minutes[supplier], day.due[supplier]
        ready, service, stops = day.ready[supplier], day.service[supplier], self.stops
        best = best_gap = -1
        for gap, leave in enumerate(self.leave):
            a, b = stops[gap], stops[gap + 1]
            begin = leave + drive[a]
            if begin > due:
                break
            begin = max(begin, ready)
            if begin + service + drive[b] <= self.latest[gap + 1]:
                extra = out[a] + out[b] - day.metres[a][b]
                if best_gap < 0 or extra < best:
                    best, best_gap = extra, gap
        return best, best_gap


def plan_cost(day: Instance, plan: list[Route]) -> int:
    """Return the cost of a plan in thousandths of a yuan."""
    return sum(1000 * day.fixed_cost + day.cost_per_km * route.length for route in plan)


def insert(day: Instance, plan: list[Route], supplier: int) -> None:
    """Put a supplier where it costs least, into a vehicle of its own if that is cheapest."""
    own = 2 * day.metres[0][supplier] + 1000 * day.fixed_cost // day.cost_per_km
    room = day.capacity - day.demand[supplier]
    best, chosen = (own, -1), -1
    for index, route in enumerate(plan):
        if route.load <= room:
            extra, gap = route.cheapest_gap(day, supplier)
            if gap >= 0 and extra < best[0]:
                best, chosen = (extra, gap), index
    if chosen < 0:
        plan.append(Route(day, [supplier]))
    else:
        stops = plan[chosen].stops[1:-1]
        stops.insert(best[1], supplier)
        plan[chosen] = Route(day, stops)


def ruin(
    day: Instance, plan: list[Route], near: list[list[int]], rng: np.random.Generator
) -> tuple[list[Route], list[int]]:
    """Take out a random supplier and some of those nearest to it; return what is left and them."""
    seed, count = int(rng.integers(1, len(day.demand))), int(rng.integers(3, 16))
    gone = set(near[seed][:count])
    left = []
    for route in plan:
        stops = [stop for stop in route.stops[1:-1] if stop not in gone]
        if len(stops) == len(route.stops) - 2:
            left.append(route)
        elif stops:
            left.append(Route(day, stops))
    return left, sorted(gone)


def recreate_order(day: Instance, gone: list[int], rng: np.random.Generator) -> list[int]:
    """Return in which order suppliers are put back: by one of three urgencies, or at random."""
    kind = int(rng.integers(4))
    mixed = [gone[int(i)] for i in rng.permutation(len(gone))]
    keys = [
        lambda s: -day.demand[s],
        lambda s: -day.metres[0][s],
        lambda s: day.due[s] - day.ready[s],
    ]
    return sorted(mixed, key=keys[kind]) if kind < len(keys) else mixed


def reference_plan(day: Instance, rng: np.random.Generator) -> tuple[int, list[list[int]]]:
    """Return the cost (thousandths) and the stops of the best plan of a fixed number of steps."""
    everyone = range(1, len(day.demand))
    near = [sorted(everyone, key=lambda s, row=row: (row[s], s)) for row in day.metres]
    plan: list[Route] = []
    for supplier in sorted(everyone, key=lambda s: (-day.metres[0][s], s)):
        insert(day, plan, supplier)
    cost = best_cost = plan_cost(day, plan)
    best = plan
    for step in range(STEPS):
        trial, gone = ruin(day, plan, near, rng)
        for supplier in recreate_order(day, gone, rng):
            insert(day, trial, supplier)
        trial_cost = plan_cost(day, trial)
        margin = best_cost * (STEPS - step) // (50 * STEPS)  # 2 % at first, 0 in the end
        if trial_cost < max(cost, best_cost + margin):
            plan, cost = trial, trial_cost
        if trial_cost < best_cost:
            best, best_cost = trial, trial_cost
    return best_cost, [route.stops[1:-1] for route in best]


# ── files ────────────────────────────────────────────────────────────────────────────────────────


def stop_name(index: int) -> str:
    """Return the name of supplier 1, 2, …: S001, S002, …."""
    return f"S{index:03d}"


def describe(name: str, day: Instance) -> dict[str, object]:
    """Return an instance as it is written to JSON."""
    suppliers = [
        {
            "id": stop_name(i),
            "x": day.points[i][0],
            "y": day.points[i][1],
            "demand": day.demand[i],
            "ready": day.ready[i],
            "due": day.due[i],
            "service": day.service[i],
        }
        for i in range(1, len(day.points))
    ]
    return {
        "id": name,
        "vehicle": {
            "capacity": day.capacity,
            "fixed_cost": day.fixed_cost,
            "cost_per_km": day.cost_per_km,
        },
        "plant": {"x": day.points[0][0], "y": day.points[0][1], "open": OPEN, "close": CLOSE},
        "suppliers": suppliers,
    }


def named(plan: list[list[int]]) -> list[list[str]]:
    """Return a plan with the suppliers' names."""
    return [[stop_name(stop) for stop in stops] for stops in plan]


def write(path: Path, value: dict[str, object] | list[object]) -> None:
    """Write JSON with a line per top-level entry, always with the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(value, dict):
        rows = (f"{json.dumps(key)}: {json.dumps(row)}" for key, row in value.items())
        text = "{\n" + ",\n".join(rows) + "\n}\n"
    else:
        text = "[\n" + ",\n".join(json.dumps(row) for row in value) + "\n]\n"
    path.write_bytes(text.encode())


README = """# 循环取货：公开数据 / Milk run: public data

| 文件 file | 内容 contents |
| --- | --- |
| `instances.json` | 全部算例，含 A、B 榜；every instance, of both boards |
| `practice.json` | 练习算例与参考方案；practice instances with reference plans |
| `sample_routes.json` | 提交样例：每车只去一家；a valid answer, one supplier per vehicle |

坐标单位为米，时刻为零点起的分钟数。Coordinates are metres, times are minutes after midnight.
"""


def generate(seed: int, out: Path) -> None:
    """Write the whole data directory for a seed."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    slots = [(board, size) for board, sizes in SIZES.items() for size in sizes]
    days, truth = {}, {board: {} for board in SIZES}
    for number, index in enumerate(rng.permutation(len(slots)), start=1):
        board, size = slots[int(index)]
        name = f"mr{number:02d}"
        days[name] = day = draw(size, rng)
        cost, _ = reference_plan(day, rng)
        truth[board][name] = {"reference": cost / 1000, **describe(name, day)}
    practice = []
    for number, size in enumerate(PRACTICE_SIZES, start=1):
        day = draw(size, rng)
        cost, plan = reference_plan(day, rng)
        instance = describe(f"practice{number}", day)
        practice.append({**instance, "reference": cost / 1000, "routes": named(plan)})
    instances = [describe(name, day) for name, day in days.items()]
    for folder in ("public", "input"):
        write(out / folder / "instances.json", instances)
    write(out / "public" / "practice.json", practice)
    direct = {name: named([[i] for i in range(1, len(d.demand))]) for name, d in days.items()}
    write(out / "public" / "sample_routes.json", direct)
    (out / "public" / "README.md").write_bytes(README.encode())
    for board, rows in truth.items():
        value = {"expected": sorted(days), "instances": rows}
        write(out / board / "truth" / "truth.json", value)


def main() -> None:
    """Read the command line and generate."""
    parser = argparse.ArgumentParser(description="Generate the milk-run data directory.")
    parser.add_argument("--seed", type=int, required=True, help="a non-negative integer")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    arguments = parser.parse_args()
    generate(arguments.seed, arguments.out)


if __name__ == "__main__":
    main()
