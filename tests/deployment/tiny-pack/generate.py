"""Twenty-four motors, hot when their current is above six amperes: `--seed N --out DIR`."""

import argparse
import csv
import random
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--out", type=Path, required=True)
arguments = parser.parse_args()
rng = random.Random(arguments.seed)
numbers = rng.sample(range(1000), 24)
motors = [(f"m{number:03d}", round(rng.uniform(2, 10), 2)) for number in numbers]


def write(name: str, header: tuple[str, str], rows: list[tuple[str, object]]) -> None:
    path = arguments.out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *sorted(rows)])


truth = [(name, "yes" if current > 6 else "no") for name, current in motors]
write("input/motors.csv", ("id", "current"), list(motors))
write("public/motors.csv", ("id", "current"), list(motors))
write("public/sample_predictions.csv", ("id", "hot"), [(name, "no") for name, _ in motors])
write("A/truth/truth.csv", ("id", "hot"), list(truth[:12]))
write("B/truth/truth.csv", ("id", "hot"), list(truth[12:]))
