"""Validating and scoring a table against doing the bare arithmetic with pandas and scikit-learn."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score

from benchmarks.measure import Measured, compare
from scoring import Keys, Scoring, SubmissionTable, score_answer, validate_answer

ROWS = 200_000
LABELS = ("ok", "open", "short", "spur")
TABLE = SubmissionTable.model_validate(
    {
        "key": ["id"],
        "columns": {
            "id": {"type": "string"},
            "label": {"type": "category", "values": LABELS},
        },
    }
)
SCORING = Scoring.model_validate(
    {
        "partition": "rows",
        "columns": [
            {
                "key": "macro_f1",
                "metric": "f1_macro",
                "target": "label",
                "direction": "max",
                "primary": True,
            },
            {"key": "accuracy", "metric": "accuracy", "target": "label", "direction": "max"},
        ],
    }
)


def run() -> list[Measured]:
    """Measure both on the same files."""
    with tempfile.TemporaryDirectory() as folder:
        answer, truth = Path(folder) / "answer.csv", Path(folder) / "truth"
        truth.mkdir()
        rng = np.random.default_rng(1)
        ids = [f"r{number:07d}" for number in rng.permutation(ROWS)]
        for path in (answer, truth / "truth.csv"):
            labels = rng.choice(LABELS, ROWS)
            pd.DataFrame({"id": ids, "label": labels}).to_csv(path, index=False)
        keys = Keys.from_truths([truth], TABLE)

        def ours() -> None:
            validate_answer(answer, TABLE, keys)
            score_answer(answer, truth, TABLE, SCORING)

        def bare() -> None:
            both = pd.read_csv(answer).merge(pd.read_csv(truth / "truth.csv"), on="id")
            f1_score(both.label_y, both.label_x, average="macro")
            accuracy_score(both.label_y, both.label_x)

        name = f"validate and score {ROWS:,} rows"
        return [compare(name, ours, "pandas merge + scikit-learn", bare)]
