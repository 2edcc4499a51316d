"""Turning: the roughness that a round-nosed tool leaves, made rougher by speed, wear and noise.

The ideal height of the feed marks is Ra = f**2 / (18 * sqrt(3) * r), f being the feed per turn and
r the nose radius: the mean deviation of a row of parabolic scallops f**2 / (8 r) high.
What is added to it is a plausible invention: a built-up edge at low speed and the tool's wear.

    python generate.py --seed N --out DIR
"""

import argparse
import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

TRAIN, TEST_A, TEST_B = 600, 200, 300
TRIAL = 60
FEATURES = ("feed_mm", "nose_radius_mm", "speed_m_min", "depth_mm", "wear_mm")
TARGET = "roughness_um"


def draw(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw cutting parameters, shape (count, 5), and the roughness they lead to in micrometres."""
    feed = rng.uniform(0.05, 0.40, count)
    radius = rng.choice([0.4, 0.8, 1.2], count)
    speed = rng.uniform(60.0, 260.0, count)
    depth = rng.uniform(0.3, 2.5, count)
    wear = rng.beta(2.0, 4.0, count) * 0.3
    ideal = 1000.0 * feed**2 / (18.0 * np.sqrt(3.0) * radius)
    edge = 0.9 * np.exp(-((speed - 60.0) / 45.0))
    worn = 6.0 * wear**1.5 * (1.0 + 0.1 * depth)
    noise = rng.lognormal(0.0, 0.06, count)
    features = np.column_stack([feed, radius, speed, depth, wear])
    return features.round(4), ((ideal + edge + worn) * noise).round(4)


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV in UTF-8 with one line break everywhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    """Write `public`, `input`, `A/truth` and `B/truth` below the output folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    rng = np.random.default_rng(np.random.SeedSequence(arguments.seed))
    count = TRAIN + TEST_A + TEST_B
    features, target = draw(rng, count)
    # numbers drawn without order, so that an id says nothing about its row or its board
    ids = [f"P{number:05d}" for number in rng.permutation(10 * count)[:count]]
    table = [[name, *row] for name, row in zip(ids, features.tolist(), strict=True)]
    truth = [[name, value] for name, value in zip(ids, target.tolist(), strict=True)]

    train = [[*row, value] for row, value in zip(table, target.tolist(), strict=True)][:TRAIN]
    test = sorted(table[TRAIN:])
    # the input of try runs and its truth, all of it public: measured rows, the last of them hidden
    debug = arguments.out / "public" / "debug_input"
    write(debug / "train.csv", ("id", *FEATURES, TARGET), train[:-TRIAL])
    write(debug / "test.csv", ("id", *FEATURES), sorted(row[:-1] for row in train[-TRIAL:]))
    tried = arguments.out / "public" / "debug_truth" / "truth.csv"
    write(tried, ("id", TARGET), sorted([row[0], row[-1]] for row in train[-TRIAL:]))
    mean = float(target[:TRAIN].mean().round(4))
    for folder in ("public", "input"):
        write(arguments.out / folder / "train.csv", ("id", *FEATURES, TARGET), train)
        write(arguments.out / folder / "test.csv", ("id", *FEATURES), test)
    sample = [[row[0], mean] for row in test]
    write(arguments.out / "public" / "sample_predictions.csv", ("id", TARGET), sample)
    cut = TRAIN + TEST_A
    write(arguments.out / "A" / "truth" / "truth.csv", ("id", TARGET), sorted(truth[TRAIN:cut]))
    write(arguments.out / "B" / "truth" / "truth.csv", ("id", TARGET), sorted(truth[cut:]))


if __name__ == "__main__":
    main()
