"""The files of a code submission for reading: listed, and highlighted line by line. Untrusted."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markupsafe import Markup

from app.core.blobs import BlobStore
from app.ui.highlight import highlight_code
from sandbox.archive import ArchivedFile, list_files, read_file
from sandbox.logs import clean_log

MOST_BYTES: Final = 256 << 10
_MOST_LISTED: Final = 500
_BINARY: Final = frozenset(
    (
        "*.bin *.gz *.h5 *.jpeg *.jpg *.joblib *.npy *.npz *.onnx *.parquet *.pkl *.png *.pt *.pth"
        " *.so *.zip"
    )
    .replace("*", "")
    .split()
)


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of an archive, source first, and how many more there are."""

    files: Sequence[ArchivedFile]
    more: int


@dataclass(frozen=True, slots=True)
class Source:
    """One file as lines of safe HTML; empty where it is no text."""

    path: str
    lines: Sequence[Markup]
    is_text: bool
    is_cut: bool


def list_code(blobs: BlobStore, digest: str) -> Listing:
    """Return what an archive holds.

    Raises:
        ArchiveError: it cannot be read.
        BlobMissingError: it is gone.
    """
    with _archive(blobs, digest) as path:
        found = sorted(list_files(path), key=_order)
    return Listing(found[:_MOST_LISTED], max(0, len(found) - _MOST_LISTED))


def read_source(blobs: BlobStore, digest: str, name: str) -> Source | None:
    """Return one file for reading, or None where there is none of that name.

    Raises:
        ArchiveError: the archive cannot be read.
        BlobMissingError: it is gone.
    """
    with _archive(blobs, digest) as path:
        content = read_file(path, name, MOST_BYTES + 1)
    if content is None:
        return None
    if _is_binary(name) or b"\0" in content:
        return Source(name, (), is_text=False, is_cut=False)
    text = clean_log(content[:MOST_BYTES])
    return Source(name, highlight_code(name, text), is_text=True, is_cut=len(content) > MOST_BYTES)


@contextmanager
def _archive(blobs: BlobStore, digest: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "code.zip")
        blobs.fetch(digest, path)
        yield path


def _order(file: ArchivedFile) -> tuple[bool, int, str]:
    """Sort the entry first, then source from the root down, then data."""
    return _is_binary(file.path), file.path.count("/"), file.path


def _is_binary(name: str) -> bool:
    return Path(name).suffix.lower() in _BINARY
