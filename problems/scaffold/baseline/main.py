"""Baseline: least squares on the cutting parameters and their squares."""

import csv
import os
from pathlib import Path

import numpy as np

FEATURES = ("feed_mm", "nose_radius_mm", "speed_m_min", "depth_mm", "wear_mm")
TARGET = "roughness_um"


def read(path: Path) -> list[dict[str, str]]:
    """Read a CSV as one dictionary per row."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def design(rows: list[dict[str, str]]) -> np.ndarray:
    """Return the design matrix: a constant, the features, their squares."""
    features = np.array([[float(row[name]) for name in FEATURES] for row in rows])
    return np.column_stack([np.ones(len(rows)), features, features**2])


def main() -> None:
    """Read the input, fit, predict, write the answer."""
    source, target = Path(os.environ["INPUT_DIR"]), Path(os.environ["OUTPUT_DIR"])
    train, test = read(source / "train.csv"), read(source / "test.csv")
    weights, *_ = np.linalg.lstsq(
        design(train), np.array([float(row[TARGET]) for row in train]), rcond=None
    )
    predictions = np.maximum(design(test) @ weights, 0.0)
    with (target / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", TARGET))
        for row, value in zip(test, predictions.tolist(), strict=True):
            writer.writerow((row["id"], f"{value:.4f}"))


if __name__ == "__main__":
    main()
