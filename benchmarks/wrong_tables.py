"""What is wrong with a file of 100 MB, against reading the same rows where they are right.

The reference parses two columns with Arrow and counts the ends of lines; it checks nothing.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.csv as pacsv

from benchmarks.measure import Measured, compare
from scoring import InvalidSubmission, Keys, Message, SubmissionTable, validate_answer

ROWS: Final = 5_500_000
LAST: Final = ROWS - 1
MESSAGES: Final = 21
TABLE: Final = SubmissionTable.model_validate(
    {
        "key": ["id"],
        "columns": {"id": {"type": "string"}, "score": {"type": "number", "min": 0, "max": 1}},
    }
)
Rows = list[str]


def run() -> list[Measured]:
    """Measure each mistake; every one must be told, and with its line where it has one."""
    rng = np.random.default_rng(1)
    rows = [f"r{row:08d},0.{part:06d}" for row, part in enumerate(rng.integers(0, 10**6, ROWS))]
    keys = Keys({"id": np.array([row[:9] for row in rows], dtype=object)})
    with tempfile.TemporaryDirectory() as folder:
        right, wrong = Path(folder) / "right.csv", Path(folder) / "wrong.csv"
        _write(right, rows)
        found = []
        for name, spoiled, line in _mistakes(rows):
            _write(wrong, spoiled)
            found.append(_measure(name, wrong, right, keys, line))
    return found


def _write(path: Path, rows: Rows) -> None:
    path.write_text("id,score\n" + "\n".join(rows) + "\n", encoding="utf-8")


def _mistakes(rows: Rows) -> Iterator[tuple[str, Rows, int | None]]:
    """Yield files with one mistake each, and the line that the first message names."""
    yield "a word in the last row", [*rows[:LAST], "r,x"], ROWS + 1
    yield "a cell too many in every row", [f"{row},1" for row in rows], 2
    yield "every number above the maximum", [row.replace(",0", ",1") for row in rows], 2
    quoted = [f'"{row[:9]}",{row[10:]}' for row in rows]
    yield "ids in quotes, a word in the last row", [*quoted[:LAST], '"r",x'], ROWS + 1
    yield "an id that is there twice", [*rows[:LAST], f"{rows[0][:9]},0.5"], ROWS + 1
    yield "five ids missing", rows[:-5], None


def _measure(name: str, wrong: Path, right: Path, keys: Keys, line: int | None) -> Measured:
    def ours() -> None:
        messages = _refusal(wrong, keys)
        assert messages[0].line == line, messages[0]
        assert len(messages) <= MESSAGES
        assert all(message.render(each) for message in messages for each in ("zh-Hans", "en"))

    def bare() -> None:
        right.read_bytes().count(b"\n")
        pacsv.read_csv(right)

    size = wrong.stat().st_size / 1e6
    title = f"{size:.0f} MB: {name}"
    return compare(title, ours, "Arrow's parser + a count of lines", bare, rounds=3)


def _refusal(path: Path, keys: Keys) -> tuple[Message, ...]:
    try:
        validate_answer(path, TABLE, keys)
    except InvalidSubmission as error:
        return error.messages
    text = "the answer was accepted"
    raise AssertionError(text)
