"""What the data page shows of a file without a download: made once, when a pack is published.

A preview is plain JSON and small, whatever the file is: the first rows of a table with its
columns' types and distributions, the first lines of a text, the arrays of an npz, a few pictures of
a zip. No picture is decoded here and no pickle loaded; what cannot be read has no preview.
"""

import base64
import csv
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.lib import format as npy

MOST_ROWS: Final = 200_000
"""Of a longer table the first rows stand for all."""
MOST_CHARACTERS: Final = 64 << 20
_HEAD: Final = 5
_COLUMNS: Final = 40
_CELL: Final = 60
_BINS: Final = 16
_TOP: Final = 8
_CATEGORIES: Final = 30
_TEXT: Final = 1500
_PICTURES: Final = 8
_PICTURE_BYTES: Final = 24 << 10
_ENTRIES: Final = 100_000
_SIGNATURES: Final = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_TEXTS: Final = frozenset({".md", ".txt", ".json", ".jsonl", ".yaml", ".yml"})
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?")
_INTEGER: Final = re.compile(r"[+-]?\d{1,18}")

Preview = dict[str, Any]


def make_preview(path: Path) -> Preview | None:
    """Return the preview of a file, or None where there is none to make."""
    readers = {".csv": _table, ".tsv": _table, ".npz": _arrays, ".zip": _archive}
    reader = readers.get(path.suffix.lower())
    if reader is None and path.suffix.lower() in _TEXTS:
        reader = _text
    if reader is None:
        reader = _picture
    try:
        return reader(path)
    except (OSError, ValueError, csv.Error, zipfile.BadZipFile, EOFError, NotImplementedError):
        return None


def _text(path: Path) -> Preview:
    with path.open(encoding="utf-8", errors="replace") as source:
        text = source.read(_TEXT + 1)
    return {"kind": "text", "text": text[:_TEXT].replace("\0", "�"), "cut": len(text) > _TEXT}


def _table(path: Path) -> Preview | None:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as source:
        text = source.read(MOST_CHARACTERS)  # bounded, even where the file is one endless line
    reader = csv.reader(StringIO(text), delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
    header = next(reader, None)
    if not header:
        return None
    rows = [row[:_COLUMNS] for row in islice(reader, MOST_ROWS + 1) if row]
    more = len(rows) > MOST_ROWS or len(text) == MOST_CHARACTERS
    rows = rows[:MOST_ROWS]
    shown = header[:_COLUMNS]
    return {
        "kind": "table",
        "rows": len(rows),
        "more_rows": more,
        "more_columns": max(0, len(header) - _COLUMNS),
        "columns": [
            {"name": _clip(name), **_describe([row[at] for row in rows if at < len(row)])}
            for at, name in enumerate(shown)
        ],
        "head": [[_clip(cell) for cell in row] for row in rows[:_HEAD]],
    }


def _clip(text: str) -> str:
    text = text.replace("\0", "�")
    return text if len(text) <= _CELL else f"{text[:_CELL]}…"


def _describe(cells: Sequence[str]) -> Preview:
    """Return a column's type, what is missing and how its values are spread."""
    filled = [cell for cell in cells if cell.strip()]
    said: Preview = {"missing": len(cells) - len(filled)}
    numbers = _numbers(filled)
    if numbers is not None:
        whole = all(_INTEGER.fullmatch(cell.strip()) for cell in filled[:1000])
        return said | {"type": "integer" if whole else "number"} | _spread(numbers)
    counts = Counter(filled)
    said["distinct"] = len(counts)
    if filled and all(_DATE.fullmatch(cell) for cell in filled[:1000]):
        return said | {"type": "date", "least": min(filled), "most": max(filled)}
    if len(counts) <= _CATEGORIES and len(counts) < max(2, len(filled)):
        top = [[_clip(value), count] for value, count in counts.most_common(_TOP)]
        return said | {"type": "category", "top": top}
    return said | {"type": "text"}


def _numbers(cells: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    if not cells:
        return None
    try:
        numbers = np.array(cells, dtype=np.float64)
    except ValueError:
        return None
    finite = numbers[np.isfinite(numbers)]
    return finite if finite.size else None


def _spread(numbers: np.ndarray[Any, np.dtype[np.float64]]) -> Preview:
    least, most = float(numbers.min()), float(numbers.max())
    said: Preview = {"least": least, "most": most, "mean": float(numbers.mean())}
    if not np.isfinite([most - least, said["mean"]]).all():
        return {"least": least, "most": most}
    bars = np.histogram(numbers, bins=_BINS, range=(least, most if most > least else least + 1))[0]
    return said | {"bars": [int(count) for count in bars]}


def _arrays(path: Path) -> Preview:
    """Read the heads of the arrays alone: their shapes and types."""
    found = []
    with zipfile.ZipFile(path) as archive:
        for entry in islice(archive.infolist(), 50):
            with archive.open(entry) as member:
                shape, dtype = _npy_head(member)
            found.append([_clip(entry.filename.removesuffix(".npy")), list(shape), str(dtype)])
    return {"kind": "arrays", "arrays": found}


def _npy_head(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    read = (
        npy.read_array_header_1_0
        if npy.read_magic(member) == (1, 0)
        else (npy.read_array_header_2_0)
    )
    shape, _order, dtype = read(member)
    return shape, dtype


def _archive(path: Path) -> Preview:
    """Count what is inside by suffix, and show a few small pictures as they are."""
    with zipfile.ZipFile(path) as archive:
        entries = [one for one in archive.infolist()[:_ENTRIES] if not one.is_dir()]
        kinds = Counter(Path(one.filename).suffix.lower() or "–" for one in entries)
        pictures = list(islice(_pictures(archive, entries), _PICTURES))
    return {
        "kind": "archive",
        "files": len(entries),
        "bytes": sum(one.file_size for one in entries),
        "kinds": [[_clip(kind), count] for kind, count in kinds.most_common(6)],
        "names": [_clip(one.filename) for one in entries[:_HEAD]],
        "pictures": pictures,
    }


def _pictures(
    archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo]
) -> Iterator[dict[str, str]]:
    fit = [
        one
        for one in entries
        if one.file_size <= _PICTURE_BYTES
        and Path(one.filename).suffix.lower() in {".png", ".jpg", ".jpeg"}
    ]
    # spread over the archive: its first files are often alike
    for entry in fit[:: max(1, len(fit) // _PICTURES)]:
        with archive.open(entry) as member:
            shown = _as_data(member.read(_PICTURE_BYTES + 1))
        if shown is not None:
            yield {"name": _clip(Path(entry.filename).name), "data": shown}


def _picture(path: Path) -> Preview | None:
    if path.stat().st_size > _PICTURE_BYTES:
        return None
    shown = _as_data(path.read_bytes())
    picture = [{"name": _clip(path.name), "data": shown}]
    return None if shown is None else {"kind": "picture", "pictures": picture}


def _as_data(content: bytes) -> str | None:
    """Return a picture as a `data:` address; None for what does not begin like one."""
    if len(content) > _PICTURE_BYTES:
        return None
    for signature, kind in _SIGNATURES.items():
        if content.startswith(signature):
            return f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return None
