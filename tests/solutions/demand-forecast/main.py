"""Poisson regression per category with a Spring Festival spline, then negative binomial quantiles.

One regression per category explains log demand by series, weekday of the warehouse, yearly season,
promotions, holidays, age since launch and the days to the lunar new year, on the days with stock
only. Recent residuals move the level of each series, shrunk to those of its product. The spread of
the residuals gives the size of the negative binomial whose quantiles are answered.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import nbinom
from sklearn.linear_model import PoissonRegressor

Array = NDArray[np.float64]

KNOTS = np.arange(-30, 31, 2)  # days to the new year
HALF_LIFE = 40.0  # days, for the level
LEVELS = {"q10": 0.1, "q50": 0.5, "q90": 0.9}
MEAN_ERROR = 0.05  # variance of the log of the predicted mean


def read_cells(source: Path) -> pd.DataFrame:
    """Read the input folder into one row per series and day, the days to forecast included."""
    history = pd.read_csv(source / "history.csv", parse_dates=["date"])
    test = pd.read_csv(source / "test.csv", parse_dates=["date"])
    cells = pd.concat([history, test], ignore_index=True)
    series = pd.read_csv(source / "series.csv", parse_dates=["launch_date"])
    calendar = pd.read_csv(source / "calendar.csv", parse_dates=["date"])
    cells = cells.merge(series, on="series", how="left").merge(calendar, on="date", how="left")
    return add_campaigns(cells, pd.read_csv(source / "promotions.csv"))


def add_campaigns(cells: pd.DataFrame, campaigns: pd.DataFrame) -> pd.DataFrame:
    """Add the day's discount, and the discount of a campaign that ended within the week."""
    days = []
    for row in campaigns.itertuples():
        dates = pd.date_range(row.first_date, pd.Timestamp(row.last_date) + pd.Timedelta(days=7))
        running = dates <= pd.Timestamp(row.last_date)
        days.append(
            pd.DataFrame(
                {
                    "sku": row.sku,
                    "date": dates,
                    "discount": np.where(running, row.discount, 0.0),
                    "after": np.where(running, 0.0, row.discount),
                }
            )
        )
    table = pd.concat(days).groupby(["sku", "date"], as_index=False).max()
    cells = cells.merge(table, on=["sku", "date"], how="left")
    return cells.fillna({"discount": 0.0, "after": 0.0})


def one_hot(values: pd.Series) -> Array:
    """Return indicator columns of the distinct values."""
    return pd.get_dummies(values).to_numpy(float)


def features(cells: pd.DataFrame) -> Array:
    """Return the design matrix of one category; column scales set how hard each is shrunk."""
    place = one_hot(cells["warehouse"])
    weekday = one_hot(cells["weekday"].where(cells["makeup_workday"] == 0, 2))
    gap = cells["days_from_new_year"].to_numpy()[:, None]
    hats = np.maximum(0.0, 1.0 - np.abs(gap - KNOTS) / 2.0)
    angle = cells["date"].dt.day_of_year.to_numpy()[:, None] * 2 * np.pi / 365.25
    age = (cells["date"] - cells["launch_date"]).dt.days.to_numpy()
    young = np.where(np.isnan(age), 0.0, np.exp(-np.nan_to_num(age) / 15.0))
    time = (cells["date"] - cells["date"].min()).dt.days.to_numpy() / 365.0
    ordinary = (cells["holiday"] == 1) & (np.abs(gap[:, 0]) > KNOTS[-1])
    return np.hstack(
        [
            3.0 * one_hot(cells["series"]),
            1.0 * one_hot(cells["series"]) * (time[:, None] - time.max()),
            (place[:, :, None] * weekday[:, None, :]).reshape(len(cells), -1),
            2.0 * hats,
            0.7 * (place[:, :, None] * hats[:, None, :]).reshape(len(cells), -1),
            np.cos(angle),
            np.sin(angle),
            np.cos(2 * angle),
            np.sin(2 * angle),
            np.column_stack([5 * cells["discount"], 5 * cells["after"], young, ordinary]),
        ]
    )


def fitted_means(cells: pd.DataFrame, use: NDArray[np.bool_]) -> Array:
    """Fit one category on the usable rows and return the mean of every row."""
    design = features(cells)
    model = PoissonRegressor(alpha=1e-3, solver="newton-cholesky", max_iter=100)
    model.fit(design[use], cells["sales"].to_numpy()[use])
    return model.predict(design)


def level_shift(cells: pd.DataFrame, mean: Array, use: NDArray[np.bool_]) -> pd.Series:
    """Return how far each series has lately sold above its mean, shrunk to its product."""
    age = (cells["date"].max() - cells["date"]).dt.days
    weight = np.where(use, 0.5 ** (age / HALF_LIFE), 0.0)
    sums = pd.DataFrame(
        {
            "series": cells["series"],
            "sku": cells["sku"],
            "actual": weight * cells["sales"].fillna(0.0),
            "expected": weight * mean,
        }
    )
    sku = sums.groupby("sku")[["actual", "expected"]].sum()
    of_sku = (sku["actual"] + 60.0) / (sku["expected"] + 60.0)
    series = sums.groupby(["series", "sku"])[["actual", "expected"]].sum().reset_index("sku")
    prior = series["sku"].map(of_sku)
    return (series["actual"] + 60.0 * prior) / (series["expected"] + 60.0)


def inverse_size(actual: Array, mean: Array) -> float:
    """Return 1/k of the negative binomial by moments: Var = mean + mean^2/k."""
    excess = (actual - mean) ** 2 - mean
    return max(float(excess.sum() / (mean**2).sum()), 0.01)


def forecast(cells: pd.DataFrame) -> pd.DataFrame:
    """Return id and quantiles of the days to forecast of one category."""
    cells = cells.reset_index(drop=True)
    use = (cells["stockout"] == 0).to_numpy()
    mean = fitted_means(cells, use)
    mean *= cells["series"].map(level_shift(cells, mean, use)).to_numpy()
    recent = use & (cells["date"] > cells["date"].max() - pd.Timedelta(days=200)).to_numpy()
    size = 1 / (inverse_size(cells["sales"].to_numpy()[recent], mean[recent]) + MEAN_ERROR)
    ahead = cells["id"].notna().to_numpy()
    answer = pd.DataFrame({"id": cells["id"][ahead]})
    for name, level in LEVELS.items():
        answer[name] = nbinom.ppf(level, size, size / (size + mean[ahead]))
    return answer


def main() -> None:
    """Forecast category by category."""
    cells = read_cells(Path(os.environ["INPUT_DIR"]))
    answer = pd.concat([forecast(group) for _, group in cells.groupby("category")])
    answer.to_csv(Path(os.environ["OUTPUT_DIR"]) / "predictions.csv", index=False)
    print(f"{len(answer)} forecasts")


if __name__ == "__main__":
    main()
