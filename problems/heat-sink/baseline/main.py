"""Baseline: ridge regression on the columns as they are, with an interval of constant width.

The interval reaches as far as the 5 % and 95 % quantiles of the errors that cross-validation makes
on the training rows. It knows nothing about extrapolation.
"""

import csv
import os
from pathlib import Path

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def read_designs(path: Path) -> list[dict[str, str]]:
    """Return the rows of a data file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def main() -> None:
    """Learn from the training rows and predict the test rows."""
    source, target = Path(os.environ["INPUT_DIR"]), Path(os.environ["OUTPUT_DIR"])
    train, test = read_designs(source / "train.csv"), read_designs(source / "test.csv")
    measured = np.array([float(row["r_th"]) for row in train])
    numbers = [name for name in test[0] if name not in {"id", "build"}]
    # the build comes first, then the numbers
    known, asked = (
        np.array([[row["build"], *(row[n] for n in numbers)] for row in rows], dtype=object)
        for rows in (train, test)
    )
    columns = make_column_transformer(
        (OneHotEncoder(), [0]), (StandardScaler(), list(range(1, len(numbers) + 1)))
    )
    model = make_pipeline(columns, Ridge(alpha=1.0))
    errors = measured - cross_val_predict(model, known, measured, cv=5)
    low, high = np.quantile(errors, (0.05, 0.95))
    centre = model.fit(known, measured).predict(asked)
    with (target / "predictions.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "r_th", "r_lo", "r_hi"])
        for row, value in zip(test, centre, strict=True):
            writer.writerow([row["id"], *(f"{v:.5f}" for v in (value, value + low, value + high))])


if __name__ == "__main__":
    main()
