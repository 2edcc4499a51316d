"""A stronger milk-run solution: slack induction by string removals with simulated annealing.

After J. Christiaens and G. Vanden Berghe, "Slack induction by string removals for vehicle routing
problems", Transportation Science 54 (2020) 417-433: strings of neighbouring stops are taken out of
a few routes near one another and put back greedily, now and then passing a place over. The number
of steps is fixed, so the answer does not depend on the clock. Plain Python, under half a
minute on one core for the 20 instances.
"""

import json
import os
from math import exp, isqrt, log
from pathlib import Path
from random import Random

STEPS = 10_000
REMOVED = 10  # suppliers taken out per step, on average
LONGEST_STRING = 10
BLINK = 0.01
HOT, COLD = 0.004, 0.00004  # temperatures as a share of the first plan's cost


class Day:
    """One instance as lists: index 0 is the plant."""

    def __init__(self, instance: dict[str, object]) -> None:
        plant, suppliers = instance["plant"], instance["suppliers"]
        vehicle = instance["vehicle"]
        places = [plant, *suppliers]
        self.names = [place.get("id", "") for place in places]
        self.capacity = vehicle["capacity"]
        self.fixed = 1000 * vehicle["fixed_cost"]
        self.opening, self.closing = plant["open"], plant["close"]
        self.demand = [0] + [s["demand"] for s in suppliers]
        self.ready = [self.opening] + [s["ready"] for s in suppliers]
        self.due = [self.closing] + [s["due"] for s in suppliers]
        self.service = [0] + [s["service"] for s in suppliers]
        metres = [
            [isqrt(169 * ((a["x"] - b["x"]) ** 2 + (a["y"] - b["y"]) ** 2) // 100) for b in places]
            for a in places
        ]
        self.minutes = [[-(-length // 600) for length in row] for row in metres]
        self.cost = [[vehicle["cost_per_km"] * length for length in row] for row in metres]
        everyone = range(1, len(places))
        self.near = [sorted(everyone, key=lambda s, row=row: (row[s], s)) for row in metres]


class Route:
    """Stops between two visits to the plant; when each is left and how late it may begin."""

    __slots__ = ("cost", "latest", "leave", "load", "stops")

    def __init__(self, day: Day, stops: list[int]) -> None:
        self.stops = [0, *stops, 0]
        load = cost = previous = 0
        now = day.opening
        self.leave = leave = [now]
        for stop in stops:
            now = max(now + day.minutes[previous][stop], day.ready[stop]) + day.service[stop]
            leave.append(now)
            load += day.demand[stop]
            cost += day.cost[previous][stop]
            previous = stop
        self.load, self.cost = load, cost + day.cost[previous][0] + day.fixed
        limit, following = day.closing, 0
        latest = [limit]
        for stop in reversed(stops):
            limit = min(day.due[stop], limit - day.minutes[stop][following] - day.service[stop])
            latest.append(limit)
            following = stop
        latest.append(day.opening)
        latest.reverse()
        self.latest = latest


class Annealer:
    """Ruin, recreate, accept by temperature."""

    def __init__(self, day: Day, seed: int) -> None:
        self.day, self.random = day, Random(seed)

    def ruin(self, plan: list[Route]) -> tuple[list[Route], list[int]]:
        """Take a string out of each of a few routes around a random supplier."""
        day, draw = self.day, self.random.random
        suppliers = len(day.demand) - 1
        longest = min(LONGEST_STRING, suppliers / len(plan))
        strings = int(1 + draw() * (4 * REMOVED / (1 + longest) - 1))
        owner = {stop: i for i, route in enumerate(plan) for stop in route.stops}
        ruined: dict[int, Route | None] = {}
        removed: list[int] = []
        for supplier in day.near[1 + int(draw() * suppliers)]:
            index = owner[supplier]
            if index in ruined:
                continue
            stops = plan[index].stops[1:-1]
            size = int(1 + draw() * min(len(stops), longest))
            gone = self.string(stops, stops.index(supplier), size)
            removed.extend(stops[i] for i in gone)
            kept = [stop for i, stop in enumerate(stops) if i not in gone]
            ruined[index] = Route(day, kept) if kept else None
            if len(ruined) == strings:
                break
        left = [ruined.get(i, route) for i, route in enumerate(plan)]
        return [route for route in left if route is not None], removed

    def string(self, stops: list[int], at: int, size: int) -> set[int]:
        """Return positions of a string through `at`, half the time with a kept part inside."""
        draw = self.random.random
        keep = 0
        if size > 1 and draw() < 1 / 2:
            while size + keep < len(stops) and draw() > 1 / 4:
                keep += 1
        span = size + keep
        first = max(0, at - span + 1)
        first += int(draw() * (min(at, len(stops) - span) - first + 1))
        hole = first + 1 + int(draw() * (span - keep)) if keep else 0
        return {i for i in range(first, first + span) if not hole <= i < hole + keep}

    def recreate(self, plan: list[Route], removed: list[int]) -> None:
        """Put suppliers back where they cost least, hardest first by one of several measures."""
        day, pick = self.day, self.random.random() * 12
        self.random.shuffle(removed)
        if pick < 3:
            removed.sort(key=lambda s: -day.demand[s])
        elif pick < 5:
            removed.sort(key=lambda s: -day.cost[0][s])
        elif pick < 6:
            removed.sort(key=lambda s: day.cost[0][s])
        elif pick < 8:
            removed.sort(key=lambda s: day.due[s] - day.ready[s])
        elif pick < 9:
            removed.sort(key=lambda s: day.due[s])
        for supplier in removed:
            self.insert(plan, supplier)

    def insert(self, plan: list[Route], supplier: int) -> None:
        """Insert one supplier at the cheapest place that was not passed over."""
        day, draw = self.day, self.random.random
        out, drive, due = day.cost[supplier], day.minutes[supplier], day.due[supplier]
        ready, service = day.ready[supplier], day.service[supplier]
        room = day.capacity - day.demand[supplier]
        best, chosen, place = 2 * out[0] + day.fixed, -1, -1
        for index, route in enumerate(plan):
            if route.load > room:
                continue
            stops, latest = route.stops, route.latest
            for gap, leave in enumerate(route.leave):
                a, b = stops[gap], stops[gap + 1]
                begin = leave + drive[a]
                if begin > due:
                    break
                extra = out[a] + out[b] - day.cost[a][b]
                if extra >= best or max(begin, ready) + service + drive[b] > latest[gap + 1]:
                    continue
                if draw() >= BLINK:
                    best, chosen, place = extra, index, gap
        if chosen < 0:
            plan.append(Route(day, [supplier]))
        else:
            stops = plan[chosen].stops[1:-1]
            stops.insert(place, supplier)
            plan[chosen] = Route(day, stops)

    def run(self) -> list[list[int]]:
        """Return the best plan of a fixed number of steps."""
        plan: list[Route] = []
        for supplier in reversed(self.day.near[0]):
            self.insert(plan, supplier)
        cost = best_cost = first = sum(route.cost for route in plan)
        best = plan
        for step in range(STEPS):
            heat = first * HOT * (COLD / HOT) ** (step / STEPS)
            trial, removed = self.ruin(plan)
            self.recreate(trial, removed)
            trial_cost = sum(route.cost for route in trial)
            if trial_cost < cost - heat * log(max(self.random.random(), exp(-50))):
                plan, cost = trial, trial_cost
            if trial_cost < best_cost:
                best, best_cost = trial, trial_cost
        return [route.stops[1:-1] for route in best]


def main() -> None:
    """Plan every instance of the input."""
    source, target = Path(os.environ["INPUT_DIR"]), Path(os.environ["OUTPUT_DIR"])
    seed = int(os.environ.get("SEED", "0"))
    answer = {}
    for instance in json.loads((source / "instances.json").read_text(encoding="utf-8")):
        day = Day(instance)
        routes = Annealer(day, seed).run()
        answer[instance["id"]] = [[day.names[stop] for stop in stops] for stops in routes]
    (target / "routes.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
