"""Baseline: sequential nearest insertion, one vehicle at a time.

A vehicle starts with the supplier farthest from the plant; then, as long as something fits, the
supplier that adds the least distance is inserted where it does. No search afterwards and no
randomness: a few seconds for all instances. See M. M. Solomon, Operations Research 35 (1987)
254-265, for this family of construction heuristics.
"""

import json
import os
from math import isqrt
from pathlib import Path

Place = dict[str, int]


def road(a: Place, b: Place) -> int:
    """Return the metres by road between two places, as the statement defines them."""
    return isqrt(169 * ((a["x"] - b["x"]) ** 2 + (a["y"] - b["y"]) ** 2) // 100)


def on_time(plant: Place, stops: list[Place]) -> bool:
    """Tell whether a vehicle that leaves at opening time meets every window and is back in time."""
    here, now = plant, plant["open"]
    for stop in stops:
        now += -(-road(here, stop) // 600)
        if now > stop["due"]:
            return False
        now, here = max(now, stop["ready"]) + stop["service"], stop
    return now - (-road(here, plant) // 600) <= plant["close"]


def best_insertion(plant: Place, stops: list[Place], waiting: list[Place]) -> list[Place] | None:
    """Return the route with the cheapest feasible insertion made, or None when nothing fits."""
    ends = [plant, *stops, plant]
    options = []
    for index, supplier in enumerate(waiting):
        for gap in range(len(stops) + 1):
            a, b = ends[gap], ends[gap + 1]
            options.append((road(a, supplier) + road(supplier, b) - road(a, b), index, gap))
    for _, index, gap in sorted(options):
        longer = [*stops[:gap], waiting[index], *stops[gap:]]
        if on_time(plant, longer):
            return longer
    return None


def plan(instance: dict[str, object]) -> list[list[str]]:
    """Return the routes of one instance."""
    plant, waiting = instance["plant"], list(instance["suppliers"])
    capacity = instance["vehicle"]["capacity"]
    routes = []
    while waiting:
        stops = [max(waiting, key=lambda supplier: road(plant, supplier))]
        while True:
            room = capacity - sum(stop["demand"] for stop in stops)
            left = [s for s in waiting if s not in stops and s["demand"] <= room]
            longer = best_insertion(plant, stops, left)
            if longer is None:
                break
            stops = longer
        waiting = [supplier for supplier in waiting if supplier not in stops]
        routes.append([stop["id"] for stop in stops])
    return routes


def main() -> None:
    """Plan every instance of the input and write the answer."""
    source = Path(os.environ["INPUT_DIR"])
    target = Path(os.environ["OUTPUT_DIR"])
    instances = json.loads((source / "instances.json").read_text(encoding="utf-8"))
    answer = {instance["id"]: plan(instance) for instance in instances}
    (target / "routes.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
