"""Ten million rows of `id,score`, validated, joined and scored: ours against pandas + scikit-learn.

`python -m benchmarks.large_tables [ROWS]` measures each in a process of its own, on the same files:
seconds from the files to the three scores, libraries already imported, and the most memory that
process ever held. The answer is in another order than the truth.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from benchmarks.measure import Measured

ROWS: Final = 10_000_000
SAME: Final = 1e-9
POSITIVE: Final = 0.3
THRESHOLD: Final = 0.5
TABLE: Final = {
    "key": ["id"],
    "columns": {"id": {"type": "string"}, "score": {"type": "number", "min": 0, "max": 1}},
}
SCORING: Final = {
    "partition": "sets",
    "columns": [
        {"key": "auc", "metric": "roc_auc", "direction": "max", "primary": True},
        {"key": "loss", "metric": "log_loss", "direction": "min"},
        {"key": "f1", "metric": "f1_at_threshold", "direction": "max"},
    ],
}


def run(rows: int = ROWS) -> list[Measured]:
    """Measure both, and compare what they say."""
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), rows)
        found = {way: _in_child(way, folder) for way in ("ours", "pandas")}
    ours, theirs = found["ours"], found["pandas"]
    for name in ("auc", "loss", "f1"):
        assert abs(ours[name] - theirs[name]) < SAME, (name, ours[name], theirs[name])
    reference = "pandas merge + scikit-learn"
    name = f"score {rows:,} rows, one pass"
    times = Measured(name, reference, ours["seconds"], theirs["seconds"])
    memory = Measured(f"{name}: peak memory", reference, ours["gib"], theirs["gib"], is_memory=True)
    return [times, memory]


def write_files(folder: Path, rows: int) -> None:
    """Write a truth of 0 and 1, and an answer that knows a little, shuffled."""
    rng = np.random.default_rng(1)
    labels = (rng.random(rows) < POSITIVE).astype(np.int8)
    scores = np.round(POSITIVE * labels + (1 - POSITIVE) * rng.random(rows), 6)
    ids = np.char.add("r", np.char.zfill(np.arange(rows).astype("U8"), 8))
    order = rng.permutation(rows)
    (folder / "truth").mkdir()
    write_plain(folder / "truth" / "truth.csv", id=pa.array(ids), label=pa.array(labels))
    write_plain(folder / "answer.csv", id=pa.array(ids[order]), score=pa.array(scores[order]))


def write_plain(path: Path, **columns: pa.Array) -> None:
    """Write columns as CSV without quotes."""
    plain = pacsv.WriteOptions(include_header=False, quoting_style="none")
    with path.open("wb") as sink:
        sink.write(",".join(columns).encode() + b"\n")
        pacsv.write_csv(pa.table(columns), sink, plain)


def _in_child(way: str, folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.large_tables", "--child", way, folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)  # noqa: S603
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _child(way: str, folder: Path) -> None:
    work = {"ours": _ours, "pandas": _pandas}[way]
    scores = work(folder)
    status = Path("/proc/self/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps({**scores, "gib": int(peak) / (1 << 20)}))


def _ours(folder: Path) -> dict[str, float]:
    from scoring import Scoring, SubmissionTable, score_answer  # noqa: PLC0415 - each way its own

    columns = [{**each, "target": "label", "prediction": "score"} for each in SCORING["columns"]]
    table = SubmissionTable.model_validate(TABLE)
    scoring = Scoring.model_validate({**SCORING, "columns": columns})
    begun = time.perf_counter()
    result = score_answer(folder / "answer.csv", folder / "truth", table, scoring)
    return {**result.scores, "seconds": time.perf_counter() - begun}


def _pandas(folder: Path) -> dict[str, float]:
    import pandas as pd  # noqa: PLC0415
    from sklearn.metrics import f1_score, log_loss, roc_auc_score  # noqa: PLC0415

    begun = time.perf_counter()
    truth = pd.read_csv(folder / "truth" / "truth.csv")
    both = truth.merge(pd.read_csv(folder / "answer.csv"), on="id")
    found = {
        "auc": roc_auc_score(both.label, both.score),
        "loss": log_loss(both.label, both.score),
        "f1": f1_score(both.label, both.score >= THRESHOLD),
    }
    return {**found, "seconds": time.perf_counter() - begun}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(sys.argv[2], Path(sys.argv[3]))
    else:
        for row in run(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS):
            ours, theirs = round(row.seconds, 2), round(row.reference_seconds, 2)
            unit = "GiB" if row.is_memory else "s"
            print(f"{row.name}: {ours} {unit}, {row.reference} {theirs} {unit}, {row.ratio:.3f}")
