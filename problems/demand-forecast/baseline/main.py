"""Seasonal naive forecast: the spread of the same weekday over the last eight weeks.

For every series and weekday it takes the last eight observed sales and answers their 10 %, 50 %
and 90 % quantiles. It knows nothing of promotions, stock-outs or Spring Festival.
"""

import os
from pathlib import Path

import pandas as pd

WEEKS = 8
QUANTILES = {"q10": 0.1, "q50": 0.5, "q90": 0.9}


def weekday_quantiles(history: pd.DataFrame) -> pd.DataFrame:
    """Return the quantiles of recent sales per series and weekday (0 is Monday)."""
    history = history.assign(weekday=history["date"].dt.day_of_week)
    recent = history.sort_values("date").groupby(["series", "weekday"]).tail(WEEKS)
    sales = recent.groupby(["series", "weekday"])["sales"]
    return pd.DataFrame({name: sales.quantile(level) for name, level in QUANTILES.items()})


def main() -> None:
    """Read the history, answer every cell of test.csv."""
    source = Path(os.environ["INPUT_DIR"])
    target = Path(os.environ["OUTPUT_DIR"])
    history = pd.read_csv(source / "history.csv", parse_dates=["date"])
    test = pd.read_csv(source / "test.csv", parse_dates=["date"])
    test["weekday"] = test["date"].dt.day_of_week
    answer = test.join(weekday_quantiles(history), on=["series", "weekday"])
    answer[["id", *QUANTILES]].to_csv(target / "predictions.csv", index=False)
    print(f"{len(answer)} forecasts for {test['series'].nunique()} series")


if __name__ == "__main__":
    main()
