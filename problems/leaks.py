"""Can a team see the truth? By content, by a column that tells it, by the order of ids."""

import contextlib
import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import v_measure_score

from problems.pack import Pack, find_boards
from problems.report import Finding, Level
from problems.visible import read_columns, truth_files, visible_files
from scoring.types import FloatArray

__all__ = ["find_leaks"]

MIN_BYTES: Final = 8
MIN_ROWS: Final = 8
MAX_CLASSES: Final = 50
AGREEMENT: Final = 0.99
CORRELATION: Final = 0.9999
EQUAL_SHARE: Final = 0.9
COVERED: Final = 0.9
ORDER_EFFECT: Final = 0.3
ORDER_P: Final = 1e-6
_NO_PLAIN_ZIP: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # compressed in a way of its own
    RuntimeError,  # encrypted
)
_DIGITS: Final = re.compile(r"\d{1,18}")


def find_leaks(pack: Pack, data: Path) -> Iterator[Finding]:
    """Yield every way found by which visible files give the truth away."""
    yield from _copies(data)
    table = pack.spec.submission.table
    if table is None:
        return
    tables = {
        path.relative_to(data).as_posix(): columns
        for path in visible_files(data)
        if (columns := read_columns(path)) is not None and len(columns)
    }
    for board in find_boards(data):
        for truth_path in truth_files(data):
            if not truth_path.is_relative_to(data / board):
                continue
            truth = read_columns(truth_path)
            if truth is not None and set(table.key) <= set(truth.columns):
                yield from _leaks_of(board, truth, list(table.key), tables)


def _leaks_of(
    board: str, truth: pd.DataFrame, key: list[str], tables: dict[str, pd.DataFrame]
) -> Iterator[Finding]:
    targets = [name for name in truth.columns if name not in key]
    for target in targets:
        if truth[target].nunique() < 2:  # noqa: PLR2004 - a constant tells nothing
            continue
        if len(key) == 1:
            yield from _order_leak(board, target, truth[target], _ranks(truth[key[0]]), key[0])
        for name, columns in tables.items():
            rows = _aligned(columns, truth, key)
            if rows is None:
                continue
            seen, true = columns.iloc[rows[0]], truth[target].iloc[rows[1]]
            yield from _column_leaks(board, name, seen, true, target, key)
            if len(key) == 1:
                yield from _order_leak(board, target, true, rows[0].astype(np.float64), name)


def _copies(data: Path) -> Iterator[Finding]:
    truths = {
        _hash(path.read_bytes()): path
        for path in truth_files(data)
        if path.stat().st_size >= MIN_BYTES
    }
    sizes = {path.stat().st_size for path in truths.values()}
    for path in visible_files(data):
        for name, content in _contents(path, path.relative_to(data).as_posix(), sizes):
            truth = truths.get(_hash(content))
            if truth is not None:
                params = {"visible": name, "truth": truth.relative_to(data).as_posix()}
                yield Finding(Level.ERROR, "truth_copied", params)


def _contents(path: Path, name: str, sizes: AbstractSet[int]) -> Iterator[tuple[str, bytes]]:
    """Yield a file's content where it has one of the sizes, and such members where it is a zip."""
    if path.stat().st_size in sizes:
        yield name, path.read_bytes()
    with contextlib.suppress(*_NO_PLAIN_ZIP), zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.file_size in sizes:
                with archive.open(member) as opened:  # no more than it claims to hold
                    yield f"{name}/{member.filename}", opened.read(member.file_size)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


Rows = tuple[NDArray[np.int64], NDArray[np.int64]]


def _aligned(columns: pd.DataFrame, truth: pd.DataFrame, key: list[str]) -> Rows | None:
    """Pair rows of a visible table with rows of the truth: by key, else by position."""
    if set(key) <= set(columns.columns):
        wanted = pd.MultiIndex.from_frame(truth[key].astype(str))
        given = pd.MultiIndex.from_frame(columns[key].astype(str))
    elif len(key) == 1 and (found := _key_column(columns, truth[key[0]])) is not None:
        wanted, given = pd.Index(truth[key[0]]), pd.Index(columns[found])
    elif len(columns) == len(truth):
        everything = np.arange(len(truth), dtype=np.int64)
        return everything, everything
    else:
        return None
    first = ~given.duplicated()
    places = given[first].get_indexer(wanted)
    rows = np.flatnonzero(places >= 0).astype(np.int64)
    if len(rows) < MIN_ROWS:
        return None
    return np.flatnonzero(first)[places[rows]].astype(np.int64), rows


def _key_column(columns: pd.DataFrame, keys: "pd.Series[str]") -> str | None:
    """Find a column that holds the keys under another name."""
    for name in columns.columns:
        if keys.isin(columns[name]).mean() >= COVERED:
            return str(name)
    return None


def _column_leaks(
    board: str, name: str, seen: pd.DataFrame, true: "pd.Series[str]", target: str, key: list[str]
) -> Iterator[Finding]:
    for column in seen.columns:
        if column in key:
            continue
        score = _agreement(seen[column].to_numpy(dtype=object), true.to_numpy(dtype=object))
        if score is not None:
            params = {
                "visible": name,
                "column": str(column),
                "board": board,
                "target": target,
                "score": f"{score:.4f}",
            }
            yield Finding(Level.ERROR, "column_leak", params)


def _agreement(seen: NDArray[np.object_], true: NDArray[np.object_]) -> float | None:
    """Return how well a column tells the truth where that is too well, else None.

    Classes: both ways deterministic (V-measure), which no renaming hides. Numbers: equal almost
    everywhere outside the commonest value, or a straight line of each other.
    """
    codes, classes = pd.factorize(true)
    seen_codes, seen_classes = pd.factorize(seen)
    if len(classes) < 2 or len(seen_classes) < 2:  # noqa: PLR2004 - a constant tells nothing
        return None
    if len(classes) <= MAX_CLASSES:
        if len(seen_classes) > MAX_CLASSES:
            return None
        measure = float(v_measure_score(codes, seen_codes))
        return measure if measure >= AGREEMENT else None
    numbers, seen_numbers = _numeric(true), _numeric(seen)
    if numbers is None or seen_numbers is None:
        return None
    unusual = codes != np.bincount(codes).argmax()
    equal = float(np.isclose(numbers, seen_numbers, rtol=1e-9, atol=0.0)[unusual].mean())
    line = abs(float(np.corrcoef(numbers, seen_numbers)[0, 1])) if np.ptp(seen_numbers) else 0.0
    return max(equal, line) if equal >= EQUAL_SHARE or line >= CORRELATION else None


def _numeric(values: NDArray[np.object_]) -> FloatArray | None:
    numbers = pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype=np.float64)
    return numbers if np.isfinite(numbers).all() else None


def _ranks(keys: "pd.Series[str]") -> FloatArray:
    """Order ids as people do: by the last number in them where all have one, else as text."""
    digits = [_DIGITS.findall(str(key)) for key in keys]
    if all(digits):
        return np.array([float(found[-1]) for found in digits])
    return np.asarray(pd.Series(keys).rank(), np.float64)


def _order_leak(
    board: str, target: str, true: "pd.Series[str]", order: FloatArray, what: str
) -> Iterator[Finding]:
    effect, chance = _order_effect(true.to_numpy(dtype=object), order)
    if effect >= ORDER_EFFECT and chance <= ORDER_P:
        params = {"board": board, "target": target, "what": what, "score": f"{effect:.2f}"}
        yield Finding(Level.ERROR, "order_leak", params)


def _order_effect(true: NDArray[np.object_], order: FloatArray) -> tuple[float, float]:
    """Return an effect size between 0 and 1 and its p-value.

    Classes: Kruskal and Wallis, epsilon = sqrt(H / (n - 1)). Numbers: Spearman's |rho|.
    """
    codes, classes = pd.factorize(true)
    if len(true) < MIN_ROWS or len(classes) < 2 or not np.ptp(order):  # noqa: PLR2004
        return 0.0, 1.0
    if len(classes) <= MAX_CLASSES:
        groups = [order[codes == code] for code in range(len(classes))]
        result = stats.kruskal(*groups)
        return float(np.sqrt(max(result.statistic, 0.0) / (len(true) - 1))), float(result.pvalue)
    numbers = _numeric(true)
    if numbers is None:
        return 0.0, 1.0
    correlation = stats.spearmanr(numbers, order)
    return abs(float(correlation.statistic)), float(correlation.pvalue)
