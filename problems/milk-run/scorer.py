"""Drives every route stop by stop and compares its cost with the reference.

An instance's score is cost / reference; when a constraint is broken it is 1.5 x the cost of sending
every supplier a vehicle of its own / reference. The board's score is the mean over its instances.
Nothing in the answer is trusted: the file is bounded and read as strict JSON, and whatever cannot
be understood at all is refused with its place named.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import isqrt
from pathlib import Path

from scoring import InvalidSubmission
from scoring.json_answer import read_instances, read_json_answer, show

ANSWER = "routes.json"
MAX_BYTES = 1 << 20
MAX_STOPS = 2000
MAX_LISTED = 10
METRES_PER_MINUTE = 600  # 36 km/h
DETOUR_SQUARED = 169  # hundredths: roads are 1.3 times the straight line
FALLBACK = 1.5  # an unusable plan costs this many times one vehicle per supplier

Violation = dict[str, object]


def score(output: Path, truth: Path) -> dict[str, object]:
    """Score the answer in `output` against the references in `truth`.

    Raises:
        InvalidSubmission: the file is missing, not strict JSON, not of the documented shape, or
            does not hold exactly the instances asked for.

    """
    key = json.loads((truth / "truth.json").read_text(encoding="utf-8"))
    answer = read_answer(output / ANSWER, set(key["expected"]))
    cases = [judge(name, row, answer[name]) for name, row in sorted(key["instances"].items())]
    feasible = [case for case in cases if case["feasible"]]
    return {
        "scores": {
            "normalised_cost": sum(float(str(case["score"])) for case in cases) / len(cases),
            "feasible_rate": len(feasible) / len(cases),
        },
        "cases": cases,
    }


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


def read_answer(path: Path, expected: set[str]) -> dict[str, list[list[str]]]:
    """Read {instance: stops by vehicle}, refusing anything that is not exactly that."""
    answer = read_json_answer(path, MAX_BYTES)
    instances = read_instances(answer, expected, zh="路线", en="routes")
    return {name: read_plan(name, value) for name, value in instances.items()}


def read_plan(name: str, value: object) -> list[list[str]]:
    """Read one instance's list (vehicles) of non-empty lists (stops) of supplier names."""
    if not isinstance(value, list):
        raise InvalidSubmission(
            zh=f"{name}：应为列表，每辆车一项",
            en=f"{name}: a list is expected, one item per vehicle",
        )
    for vehicle, stops in enumerate(value, start=1):
        if not isinstance(stops, list) or not stops:
            raise InvalidSubmission(
                zh=f"{name} 车辆 {vehicle}：应为非空的供应商列表，实际为 {show(stops)}",
                en=f"{name}, vehicle {vehicle}: a non-empty list of suppliers is expected, "
                f"not {show(stops)}",
            )
        for stop, supplier in enumerate(stops, start=1):
            if not isinstance(supplier, str):
                raise InvalidSubmission(
                    zh=f"{name} 车辆 {vehicle} 第 {stop} 站：供应商编号须为字符串，"
                    f"实际为 {show(supplier)}",
                    en=f"{name}, vehicle {vehicle}, stop {stop}: a supplier is named by a "
                    f"string, not {show(supplier)}",
                )
    if sum(map(len, value)) > MAX_STOPS:
        raise InvalidSubmission(
            zh=f"{name}：停靠超过 {MAX_STOPS} 站", en=f"{name}: more than {MAX_STOPS} stops"
        )
    return value


# ── judging ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Supplier:
    """A place: whole metres, pallets, minutes after midnight."""

    x: int
    y: int
    demand: int = 0
    ready: int = 0
    due: int = 0
    service: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """One instance as the scorer needs it."""

    plant: Supplier
    suppliers: dict[str, Supplier]
    vehicle: dict[str, int]
    served_by: dict[str, int] = field(default_factory=dict)  # filled while judging

    def cost(self, vehicles: int, metres: int) -> float:
        """Return yuan: a fixed amount per vehicle and an amount per kilometre."""
        by_distance = self.vehicle["cost_per_km"] * metres  # thousandths of a yuan, exact
        return (1000 * self.vehicle["fixed_cost"] * vehicles + by_distance) / 1000

    def direct_cost(self) -> float:
        """Return the cost of one vehicle per supplier."""
        metres = sum(2 * road(self.plant, supplier) for supplier in self.suppliers.values())
        return self.cost(len(self.suppliers), metres)


def road(a: Supplier, b: Supplier) -> int:
    """Return whole metres by road: floor(1.3 x straight line), in integers."""
    return isqrt(DETOUR_SQUARED * ((a.x - b.x) ** 2 + (a.y - b.y) ** 2) // 100)


def drive(metres: int) -> int:
    """Return whole minutes, rounded up."""
    return -(-metres // METRES_PER_MINUTE)


def clock(minutes: int) -> str:
    """Write minutes after midnight as HH:MM (past 24:00 if need be)."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def read_day(row: dict[str, object]) -> Day:
    """Read an instance of the truth."""
    plant: dict[str, int] = row["plant"]  # type: ignore[assignment]
    suppliers: list[dict[str, int]] = row["suppliers"]  # type: ignore[assignment]
    vehicle: dict[str, int] = row["vehicle"]  # type: ignore[assignment]
    places = {
        str(place["id"]): Supplier(**{k: v for k, v in place.items() if k != "id"})
        for place in suppliers
    }
    home = Supplier(plant["x"], plant["y"], ready=plant["open"], due=plant["close"])
    return Day(home, places, vehicle)


def judge(name: str, row: dict[str, object], plan: list[list[str]]) -> dict[str, object]:
    """Return the case of one instance: its cost and score, or what is violated."""
    day, reference = read_day(row), float(str(row["reference"]))
    broken = [
        found
        for vehicle, stops in enumerate(plan, start=1)
        for found in (*served(day, vehicle, stops), *driven(day, vehicle, stops))
    ]
    broken.extend(unserved(day))
    case: dict[str, object] = {"id": name, "feasible": not broken, "reference": reference}
    if broken:
        return {
            **case,
            "score": FALLBACK * day.direct_cost() / reference,
            "reason": summary(broken),
            "violations": broken[:MAX_LISTED],
            "violation_count": len(broken),
        }
    metres = sum(length(day, stops) for stops in plan)
    cost = day.cost(len(plan), metres)
    return {
        **case,
        "score": cost / reference,
        "cost": cost,
        "vehicles": len(plan),
        "distance_km": metres / 1000,
    }


def summary(broken: list[Violation]) -> dict[str, str]:
    """Return the first violation in both languages, and how many there are."""
    zh, en = str(broken[0]["zh-Hans"]), str(broken[0]["en"])
    if len(broken) > 1:
        zh, en = f"{zh}（共 {len(broken)} 处）", f"{en} ({len(broken)} violations in all)"
    return {"zh-Hans": zh, "en": en}


def length(day: Day, stops: list[str]) -> int:
    """Return the metres of a route of known suppliers, from the plant and back to it."""
    places = [day.plant, *(day.suppliers[stop] for stop in stops), day.plant]
    return sum(road(a, b) for a, b in pairwise(places))


def served(day: Day, vehicle: int, stops: list[str]) -> Iterator[Violation]:
    """Yield suppliers that do not exist or are visited again, and the stop that overloads."""
    load, capacity = 0, day.vehicle["capacity"]
    for number, name in enumerate(stops, start=1):
        supplier = day.suppliers.get(name)
        where = {"vehicle": vehicle, "stop": number, "supplier": name if supplier else show(name)}
        if supplier is None:
            yield {
                "code": "unknown_supplier",
                **where,
                "zh-Hans": f"车辆 {vehicle} 第 {number} 站：没有供应商 {show(name)}",
                "en": f"vehicle {vehicle} stop {number}: there is no supplier {show(name)}",
            }
            continue
        first = day.served_by.setdefault(name, vehicle)
        if (vehicle, number) != (first, stops.index(name) + 1):
            yield {
                "code": "served_twice",
                **where,
                "zh-Hans": f"车辆 {vehicle} 第 {number} 站 {name}：已由车辆 {first} 取货",
                "en": f"vehicle {vehicle} stop {number} {name}: already served by vehicle {first}",
            }
        load += supplier.demand
        if load - supplier.demand <= capacity < load:
            yield {
                "code": "overload",
                **where,
                "load": load,
                "zh-Hans": f"车辆 {vehicle} 第 {number} 站 {name}：装载 {load} 托，"
                f"超过容量 {capacity} 托",
                "en": f"vehicle {vehicle} stop {number} {name}: {load} pallets on board, "
                f"the capacity is {capacity}",
            }


def driven(day: Day, vehicle: int, stops: list[str]) -> Iterator[Violation]:
    """Yield stops reached after their window closes, and a late return."""
    here, now = day.plant, day.plant.ready
    for number, name in enumerate(stops, start=1):
        there = day.suppliers.get(name)
        if there is None:
            continue
        arrival = now + drive(road(here, there))
        if arrival > there.due:
            yield {
                "code": "late",
                "vehicle": vehicle,
                "stop": number,
                "supplier": name,
                "arrival": clock(arrival),
                "due": clock(there.due),
                "zh-Hans": f"车辆 {vehicle} 第 {number} 站 {name}：到达 {clock(arrival)}，"
                f"晚于时间窗 {clock(there.due)}",
                "en": f"vehicle {vehicle} stop {number} {name}: arrives {clock(arrival)}, "
                f"after the window closes at {clock(there.due)}",
            }
        here, now = there, max(arrival, there.ready) + there.service
    back = now + drive(road(here, day.plant))
    if back > day.plant.due:
        yield {
            "code": "late_return",
            "vehicle": vehicle,
            "arrival": clock(back),
            "due": clock(day.plant.due),
            "zh-Hans": f"车辆 {vehicle}：{clock(back)} 回厂，晚于关门时刻 {clock(day.plant.due)}",
            "en": f"vehicle {vehicle}: back at the plant at {clock(back)}, "
            f"which closes at {clock(day.plant.due)}",
        }


def unserved(day: Day) -> Iterator[Violation]:
    """Yield suppliers that no vehicle visits."""
    for name in day.suppliers:
        if name not in day.served_by:
            yield {
                "code": "not_served",
                "supplier": name,
                "zh-Hans": f"供应商 {name} 没有车辆取货",
                "en": f"supplier {name} is not served by any vehicle",
            }
