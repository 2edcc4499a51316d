"""What a team can see, read as tables: CSV, TSV, Parquet, NPZ and JSON records."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

__all__ = ["read_columns", "truth_files", "visible_files"]

MAX_BYTES: Final = 512 << 20
VISIBLE: Final = ("public", "input", "A/input", "B/input")


def visible_files(data: Path) -> list[Path]:
    """List the files teams or their programs can read."""
    return [path for name in VISIBLE for path in sorted((data / name).rglob("*")) if path.is_file()]


def truth_files(data: Path) -> list[Path]:
    """List the files only scorers may read."""
    return [
        path
        for board in ("A", "B")
        for path in sorted((data / board / "truth").rglob("*"))
        if path.is_file()
    ]


def read_columns(path: Path) -> pd.DataFrame | None:
    """Read a file's columns as text, one row per record; None where it is no table."""
    if path.stat().st_size > MAX_BYTES:
        return None
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        return None
    try:
        return reader(path)
    except (ValueError, KeyError, OSError, ImportError, zipfile.BadZipFile):
        return None


def _read_csv(path: Path) -> pd.DataFrame:
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    return pd.read_csv(
        path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False
    )


def _read_parquet(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path).astype(str)


def _read_npz(path: Path) -> pd.DataFrame:
    """Take the flat arrays of the commonest length as the columns of one table."""
    with np.load(path, allow_pickle=False) as arrays:
        flat = {name: arrays[name] for name in arrays.files if arrays[name].ndim == 1}
    lengths = [len(array) for array in flat.values()]
    size = max(set(lengths), key=lengths.count, default=0)
    return pd.DataFrame(
        {name: array.astype(str) for name, array in flat.items() if len(array) == size}, dtype=str
    )


def _read_json(path: Path) -> pd.DataFrame:
    """Read a list of records, or a mapping from id to a value."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(data, dict):
        data = [{"id": name, "value": value} for name, value in data.items()]
    return pd.DataFrame(list(_records(data))).astype(str)


def _records(data: object) -> Iterator[dict[str, object]]:
    for record in data if isinstance(data, list) else []:
        if isinstance(record, dict):
            yield {
                str(name): value
                for name, value in record.items()
                if isinstance(value, str | int | float | bool)
            }


_READERS: Final = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".parquet": _read_parquet,
    ".npz": _read_npz,
    ".json": _read_json,
}
