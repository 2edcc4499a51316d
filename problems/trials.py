"""Answers made up to try a pack: hostile ones that must be refused, and a perfect one."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from scoring.cells import Array
from scoring.errors import TruthError
from scoring.messages import Message
from scoring.metrics import METRICS
from scoring.metrics.base import Kind, Metric
from scoring.metrics.cells import CellError
from scoring.samples import build_sample, truth_columns
from scoring.spec import BoardColumn, ColumnKind, ColumnType, Scoring, SubmissionTable
from scoring.tables import Table
from scoring.truth import read_truth

__all__ = ["malformed_answers", "write_perfect"]

_HEADERLESS: Final = 2


def malformed_answers(sample: bytes, *, is_table: bool) -> Iterator[tuple[str, bytes, bool]]:
    """Yield names and contents of bad answers, and whether a refusal is the only right reply.

    Structures a scorer may score as a failure (an empty list of routes) need not be refused, but
    must not crash it.
    """
    yield "empty", b"", True
    yield "binary", bytes(range(256)) * 4, True
    yield "words", b"not an answer\n", True
    yield "utf-16", sample.decode("utf-8", "replace").encode("utf-16"), is_table
    if is_table:
        lines = sample.splitlines(keepends=True)
        yield "header only", lines[0], True
        yield "no header", b"".join(lines[1:]), True
        yield "last row missing", b"".join(lines[:-1]), len(lines) > _HEADERLESS
        yield "row twice", sample.rstrip(b"\r\n") + b"\n" + lines[-1], True
        yield "NUL byte", sample + b"\0\n", True
        yield "open quote", sample + b'"\n', True
        yield "ragged row", sample.rstrip(b"\r\n") + b"\n,,,,,,,,,,,,,,,,,\n", True
    else:
        yield "cut in half", sample[: len(sample) // 2], False
        for text in ("{}", "[]", "null", "0", '""', "NaN", "[" * 2000):
            yield text[:8], text.encode(), False


def write_perfect(
    path: Path, truths: Sequence[Path], table: SubmissionTable, scoring: Scoring
) -> None:
    """Write the answer that a seer would give to the boards of `truths`, one after another.

    Raises `scoring.TruthError`.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        for folder in truths:
            true = read_truth(folder, truth_columns(table, scoring), table.key)
            columns = _perfect_columns(true, table, scoring)
            writer.writerows(zip(*(columns[name] for name in table.columns), strict=True))


def _perfect_columns(
    true: Table, table: SubmissionTable, scoring: Scoring
) -> Mapping[str, Sequence[object]]:
    columns: dict[str, Sequence[object]] = {
        name: _written(true.columns[name]) for name in table.key
    }
    for column in scoring.measured:
        for name, values in _perfect_predictions(column, true, table).items():
            columns.setdefault(name, values)
    for name, kind in table.columns.items():
        columns.setdefault(name, [_neutral(kind)] * len(true))
    return columns


def _perfect_predictions(
    column: BoardColumn, true: Table, table: SubmissionTable
) -> dict[str, Sequence[object]]:
    metric = METRICS[column.metric or ""]
    target = true.columns[(column.target or ("",))[0]]
    names = column.predictions
    if not metric.targets:
        pairs = zip(names, column.target or (), strict=True)
        return {name: _written(true.columns[of]) for name, of in pairs}
    if metric.target is Kind.TEXT:
        return {names[0]: _perfect_cells(metric, target)}
    if metric.target is Kind.NUMBER or metric.prediction is Kind.LABEL:
        return {name: _written(target) for name in names}
    # the sample's truth is 1 where positive, or the index of the class: build it from any numbers
    stand_in = Table(true.key, dict.fromkeys(names, true.lines), true.lines)
    marks = build_sample(metric, column, table, stand_in, true).truth
    if len(names) == 1:
        return {names[0]: marks.tolist()}
    return {name: (marks == place).astype(int).tolist() for place, name in enumerate(names)}


def _perfect_cells(metric: Metric, target: Array) -> list[object]:
    cells: list[object] = []
    for row, cell in enumerate(target.tolist(), start=1):
        try:
            cells.append(metric.perfect(cell or ""))
        except CellError as error:
            reason = Message(error.code, error.params).render("en").strip()
            params = {"name": f"row {row}", "reason": reason}
            raise TruthError(Message("truth_unreadable", params)) from None
    return cells


def _written(values: Array) -> list[object]:
    """Return cells that read back as the same values: floats in full, booleans in lower case."""
    listed: list[object] = values.tolist()
    if values.dtype == bool:
        return [str(value).lower() for value in listed]
    return listed


def _neutral(kind: ColumnType) -> object:
    """Return a valid value for a column no metric looks at."""
    if kind.nullable:
        return ""
    if kind.type is ColumnKind.CATEGORY and kind.values:
        return kind.values[0]
    if kind.type in {ColumnKind.NUMBER, ColumnKind.INTEGER}:
        return kind.min if kind.min is not None else kind.max if kind.max is not None else 0
    return "true" if kind.type is ColumnKind.BOOLEAN else "-"
