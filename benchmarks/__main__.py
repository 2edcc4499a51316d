"""`make bench`: every benchmark, a table on stdout, JSON in benchmarks/results/."""

import json
import sys
from pathlib import Path
from typing import Final

from benchmarks import (
    board_statistics,
    boards,
    ladder_attack,
    large_tables,
    lighthouse,
    pages,
    sandbox_runs,
    scoring_tables,
    wrong_tables,
)
from benchmarks.measure import Measured

HERE: Final = Path(__file__).resolve().parent
RESULTS: Final = HERE / "results" / "latest.json"
COMMITTED: Final = HERE / "ratios.json"


def main() -> int:
    """Measure everything; return the exit status."""
    before = json.loads(COMMITTED.read_text()) if COMMITTED.exists() else {}
    rows = [
        row
        for part in (
            scoring_tables,
            large_tables,
            wrong_tables,
            board_statistics,
            boards,
            pages,
            sandbox_runs,
        )
        for row in part.run()
    ]
    print(f"{'benchmark':52} {'reference':32} {'ours':>10} {'ref.':>10} {'ratio':>8} {'before':>8}")
    for row in rows:
        print(_line(row, before.get(row.name)))
    print("", *ladder_attack.report(), "", *lighthouse.report(), sep="\n")
    RESULTS.parent.mkdir(exist_ok=True)
    found = {row.name: round(row.ratio, 3) for row in rows}
    RESULTS.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    return 0


def _line(row: Measured, before: float | None) -> str:
    form = "{0:.2f} GiB" if row.is_memory else "{1:.1f} ms"
    ours, reference = (
        form.format(value, value * 1000) for value in (row.seconds, row.reference_seconds)
    )
    known = "" if before is None else f"{before:.2f}"
    return (
        f"{row.name:52} {row.reference:32} {ours:>10} {reference:>10} {row.ratio:>8.2f} {known:>8}"
    )


if __name__ == "__main__":
    sys.exit(main())
