"""Write the data folder of the heat-sink problem: `generate.py --seed N --out DIR`.

Every row is one plate-fin heat sink on a test bench: straight fins in a duct behind a fan, a square
heater under the base. `physics.py` computes the thermal resistance and cites the correlations.

What no data sheet tells is drawn once from the seed (`Bench` in physics.py): duct leakage, the
shape of the fan curve, wall roughness, bond line, heater interface, and how real sinks stray from
the correlations. Every row then carries measurement noise: scatter between samples, and thermometer
errors that weigh more where the temperature rise is small. Training rows and board A fill one
design box. Each row of board B leaves that box in one or two of the dimensions that `FAR` extends.
Flow between the fins is laminar in every row, because the correlations hold nowhere else.

The seed is any non-negative integer. No file carries a time stamp; the bytes depend on it alone.
"""

import argparse
import csv
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from physics import BUILDS, Bench, Column, Design, channel_reynolds, thermal_resistance

TRIAL_ROWS = 100
TRAIN_ROWS, A_ROWS, B_ROWS = 1200, 240, 560
LAMINAR = 2300.0  # Reynolds number of the channels

# range and printed decimals of every column drawn on its own
BOX = {
    "width_mm": (40.0, 100.0, 1),
    "length_mm": (40.0, 100.0, 1),
    "fin_height_mm": (12.0, 36.0, 1),
    "base_mm": (2.5, 8.0, 1),
    "source_mm": (12.0, 34.0, 1),
    "fan_flow_m3h": (15.0, 80.0, 1),
    "fan_pressure_pa": (20.0, 120.0, 0),
    "air_c": (15.0, 40.0, 1),
    "power_w": (20.0, 120.0, 0),
}
# how far board B goes beyond the box, in one or two of these at a time
FAR = {
    "length_mm": (102.0, 150.0),
    "fin_height_mm": (37.0, 55.0),
    "base_mm": (1.5, 2.4),
    "fan_flow_m3h": (82.0, 120.0),
    "fan_pressure_pa": (8.0, 19.0),
}
# fin thickness and gap in mm that each way of making fins allows
FINS = {
    "extruded": ((0.8, 1.6), (2.0, 4.5)),
    "die_cast": ((1.0, 1.8), (2.5, 4.5)),
    "skived": ((0.3, 0.9), (1.2, 3.0)),
    "bonded": ((0.4, 1.2), (1.4, 4.0)),
}
FEATURES = (
    *("build", "width_mm", "length_mm", "fins", "fin_thickness_mm", "fin_height_mm", "base_mm"),
    *("source_mm", "fan_flow_m3h", "fan_pressure_pa", "air_c", "power_w"),
)
ANSWER = ("id", "r_th", "r_lo", "r_hi")
INPUT_FILES = ("train.csv", "test.csv", "sample_predictions.csv")


def draw_fins(build: Column, width_mm: Column, rng: np.random.Generator) -> tuple[Column, Column]:
    """Return fin thickness and number of fins that fill `width_mm` as the build allows."""
    ranges = np.array([FINS[BUILDS[i]] for i in build.astype(int)])
    thickness = np.round(rng.uniform(ranges[:, 0, 0], ranges[:, 0, 1]), 2)
    gap = rng.uniform(ranges[:, 1, 0], ranges[:, 1, 1])
    return thickness, np.floor((width_mm + gap) / (thickness + gap))


def draw_designs(count: int, bench: Bench, rng: np.random.Generator, *, far: bool) -> Design:
    """Draw `count` designs with laminar channels, inside the box or `far` outside."""
    draws = 4 * count
    design = {name: rng.uniform(low, high, draws) for name, (low, high, _) in BOX.items()}
    if far:
        order = rng.permuted(np.tile(np.arange(len(FAR)), (draws, 1)), axis=1)
        leaves = order < rng.integers(1, 3, (draws, 1))
        for column, (name, (low, high)) in enumerate(FAR.items()):
            outside = rng.uniform(low, high, draws)
            design[name] = np.where(leaves[:, column], outside, design[name])
    design = {name: np.round(values, BOX[name][2]) for name, values in design.items()}
    design["build"] = rng.integers(0, len(BUILDS), draws).astype(float)
    design["fin_thickness_mm"], design["fins"] = draw_fins(design["build"], design["width_mm"], rng)
    laminar = np.flatnonzero(channel_reynolds(design, bench) < LAMINAR)[:count]
    return {name: values[laminar] for name, values in design.items()}


def measure(design: Design, bench: Bench, rng: np.random.Generator) -> Column:
    """Return the thermal resistances, K/W, that the bench would report."""
    true = thermal_resistance(design, bench)
    thermocouples = bench.thermocouple_k * np.sqrt(2) / (true * design["power_w"])
    spread = np.hypot(bench.scatter, thermocouples)
    return true * np.exp(spread * rng.standard_normal(len(true)))


def cells(design: Design) -> list[list[object]]:
    """Return the features as rows of printable cells."""
    decimals = {name: rule[2] for name, rule in BOX.items()} | {"fins": 0, "fin_thickness_mm": 2}
    printed = [
        [BUILDS[int(v)] for v in design[name]]
        if name == "build"
        else [f"{v:.{decimals[name]}f}" for v in design[name]]
        for name in FEATURES
    ]
    return [list(row) for row in zip(*printed, strict=True)]


def write_csv(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table with Unix line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_train(public: Path, bench: Bench, rng: np.random.Generator) -> None:
    """Write the measured designs."""
    design = draw_designs(TRAIN_ROWS, bench, rng, far=False)
    measured = measure(design, bench, rng)
    rows = [
        [f"train-{i:04d}", *row, f"{r:.4f}"]
        for i, (row, r) in enumerate(zip(cells(design), measured, strict=True))
    ]
    write_csv(public / "train.csv", ("id", *FEATURES, "r_th"), rows)


def write_test(out: Path, bench: Bench, rng: np.random.Generator) -> None:
    """Write the designs to predict in random order, an example answer, and both truths."""
    parts = [
        draw_designs(rows, bench, rng, far=far) for rows, far in ((A_ROWS, False), (B_ROWS, True))
    ]
    order = rng.permutation(A_ROWS + B_ROWS)
    design = {name: np.concatenate([p[name] for p in parts])[order] for name in FEATURES}
    ids, measured = [f"test-{i:04d}" for i in range(len(order))], measure(design, bench, rng)
    rows = ([item, *row] for item, row in zip(ids, cells(design), strict=True))
    write_csv(out / "public/test.csv", ("id", *FEATURES), rows)
    example = ([item, 0.7, 0.3, 1.5] for item in ids)
    write_csv(out / "public/sample_predictions.csv", ANSWER, example)
    for board, own in (("A", order < A_ROWS), ("B", order >= A_ROWS)):
        truth = ([ids[i], f"{measured[i]:.4f}"] for i in np.flatnonzero(own))
        write_csv(out / board / "truth/truth.csv", ("id", "r_th"), truth)


def write_trial(public: Path) -> None:
    """Write the input of try runs, the last of the measured designs hidden, and its truth."""
    with (public / "train.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    known, asked = rows[:-TRIAL_ROWS], rows[-TRIAL_ROWS:]
    write_csv(public / "debug_input/train.csv", header, known)
    write_csv(public / "debug_input/test.csv", header[:-1], (row[:-1] for row in asked))
    truth = ([row[0], row[-1]] for row in asked)
    write_csv(public / "debug_truth/truth.csv", ("id", "r_th"), truth)


def generate(seed: int, out: Path) -> None:
    """Write the whole data folder for one seed."""
    plan, train, test = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3))
    bench = Bench.draw(plan)
    write_train(out / "public", bench, train)
    write_trial(out / "public")
    write_test(out, bench, test)
    (out / "input").mkdir(parents=True, exist_ok=True)
    for name in INPUT_FILES:
        shutil.copyfile(out / "public" / name, out / "input" / name)
    shutil.copyfile(Path(__file__).with_name("data.md"), out / "public/README.md")


def main() -> None:
    """Read the command line and generate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    generate(arguments.seed, arguments.out)


if __name__ == "__main__":
    main()
