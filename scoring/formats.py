"""What a table of answers may be written in, and how a file shows which of them it is.

The content decides, never the name: an upload may be called anything. What is none of these is
read as CSV, whose reader says what is wrong.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Final
from zipfile import BadZipFile, ZipFile

__all__ = ["ALL_FORMATS", "Format", "detect_format", "format_of_name"]


@dataclass(frozen=True, slots=True)
class _Facts:
    label: str
    extensions: tuple[str, ...]
    media_type: str


class Format(StrEnum):
    """The formats of a table: text, typed columns, or masks as `pictures`, one for each key."""

    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    ARROW = "arrow"
    NPZ = "npz"
    PICTURES = "pictures"

    @property
    def label(self) -> str:
        """The name people know it by, the same in every language."""
        return _FACTS[self].label

    @property
    def extensions(self) -> tuple[str, ...]:
        """What names of such files end in, the usual one first."""
        return _FACTS[self].extensions

    @property
    def media_type(self) -> str:
        """The registered media type, or the one in use where there is none."""
        return _FACTS[self].media_type

    @property
    def is_binary(self) -> bool:
        """Whether it has typed columns and no lines of text."""
        return self in {Format.PARQUET, Format.ARROW, Format.NPZ, Format.PICTURES}


_FACTS: Final = {
    Format.CSV: _Facts("CSV", (".csv",), "text/csv"),
    Format.TSV: _Facts("TSV", (".tsv", ".tab"), "text/tab-separated-values"),
    Format.JSON: _Facts("JSON", (".json",), "application/json"),
    Format.JSON_LINES: _Facts("JSON Lines", (".jsonl", ".ndjson"), "application/jsonl"),
    Format.PARQUET: _Facts("Parquet", (".parquet",), "application/vnd.apache.parquet"),
    Format.ARROW: _Facts(
        "Arrow IPC", (".arrow", ".arrows", ".feather"), "application/vnd.apache.arrow.file"
    ),
    Format.NPZ: _Facts("NPZ", (".npz",), "application/x-npz"),
    Format.PICTURES: _Facts("ZIP of PNG", (".zip",), "application/zip"),
}
ALL_FORMATS: Final = frozenset(Format)

_HEAD: Final = 1 << 17
_BOM: Final = b"\xef\xbb\xbf"
# an Arrow stream begins with a continuation mark and the length of its schema
_STREAM: Final = b"\xff\xff\xff\xff"


def format_of_name(name: str) -> Format:
    """Return the format that a file's name stands for; CSV where it stands for none."""
    suffix = PurePath(name).suffix.lower()
    return next((each for each in Format if suffix in each.extensions), Format.CSV)


def detect_format(path: Path, allowed: Collection[Format] = ALL_FORMATS) -> Format:
    """Return which of the allowed formats a file is in, by its first bytes.

    Where it looks like none of them the answer is CSV if that is allowed, else the one that is.
    """
    found = _sniff(path)
    if found in allowed:
        return found
    return Format.CSV if Format.CSV in allowed else min(allowed)


def _sniff(path: Path) -> Format:
    if path.is_symlink() or not path.is_file():
        return Format.CSV  # whose reader refuses it
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PAR1"):
        return Format.PARQUET
    if head.startswith((b"ARROW1", _STREAM)):
        return Format.ARROW
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _sniff_zip(path)
    return _sniff_text(head.removeprefix(_BOM).lstrip())


def _sniff_zip(path: Path) -> Format:
    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
    except (BadZipFile, ValueError, OSError, NotImplementedError, EOFError):
        return Format.CSV
    if any(name.lower().endswith(".png") for name in names):
        return Format.PICTURES
    return Format.NPZ if names and all(name.endswith(".npy") for name in names) else Format.CSV


def _sniff_text(head: bytes) -> Format:
    if head.startswith(b"["):
        return Format.JSON
    if head.startswith(b"{"):
        return Format.JSON_LINES
    lines = [line for line in head.splitlines()[:_TWO_LINES] if line]
    # a header of one kind over rows of another is a mistake in a CSV, which is told so
    tabbed = all(b"\t" in line for line in lines)
    commas = bool(lines) and b"," in lines[0]
    return Format.TSV if len(lines) > 1 and tabbed and not commas else Format.CSV


_TWO_LINES: Final = 2
