"""Read a pack's truth: the organiser's file, so what is wrong with it is a `TruthError`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pandas as pd

from scoring.errors import InvalidSubmission, TruthError
from scoring.formats import Format
from scoring.messages import Message
from scoring.spec import ColumnType
from scoring.tables import Table, read_table, refuse_repeated_keys

__all__ = ["read_truth", "refuse_repeated_truth"]

CSV: Final = "truth.csv"
PARQUET: Final = "truth.parquet"


def read_truth(
    folder: Path,
    columns: Mapping[str, ColumnType],
    key: tuple[str, ...],
    *,
    distinct: bool = True,
) -> Table:
    """Read the given columns of `truth.csv` (or `truth.parquet`); other columns are ignored.

    Without `distinct` the caller sees to it that no key is there twice. Raises `TruthError`.
    """
    path = folder / CSV
    if path.is_file():
        return _read(path, columns, key, CSV, distinct=distinct)
    if not (folder / PARQUET).is_file():
        raise TruthError(Message("truth_missing", {"name": CSV}))
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / CSV
        _convert(folder / PARQUET, path)
        return _read(path, columns, key, PARQUET, distinct=distinct)


def refuse_repeated_truth(truth: Table) -> None:
    """Raise `TruthError` where two rows of a truth have the same key."""
    with _blamed(CSV):
        refuse_repeated_keys(truth)


def _read(
    path: Path,
    columns: Mapping[str, ColumnType],
    key: tuple[str, ...],
    name: str,
    *,
    distinct: bool,
) -> Table:
    with _blamed(name):
        table = read_table(path, columns, key, exact=False, formats={Format.CSV})
        if distinct:
            refuse_repeated_keys(table)
    return table


@contextmanager
def _blamed(name: str) -> Iterator[None]:
    """Turn what is wrong with a file into the organiser's fault."""
    try:
        yield
    except InvalidSubmission as error:
        reason = "; ".join(message.render("en") for message in error.messages)
        raise TruthError(Message("truth_unreadable", {"name": name, "reason": reason})) from None


def _convert(parquet: Path, path: Path) -> None:
    """Write a Parquet table as CSV, so that one reader checks both."""
    try:
        # without a format pandas writes the shortest text that reads back as the same number
        pd.read_parquet(parquet).to_csv(path, index=False)
    except (ImportError, ValueError, OSError) as error:
        params = {"name": PARQUET, "reason": str(error).splitlines()[0]}
        raise TruthError(Message("truth_unreadable", params)) from None
