"""The files of an entry, read from the blobs for comparing. Everything in them is untrusted."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from app.core.blobs import BlobMissingError, BlobStore
from app.similarity.answer_prints import MOST_BYTES, read_places
from problems.spec import ProblemSpec
from sandbox.archive import ArchiveError, list_files, read_file
from sandbox.logs import clean_log

_SOURCE: Final = frozenset(
    (
        "*.c *.cc *.cpp *.cu *.go *.h *.hpp *.ipynb *.java *.jl *.js *.m *.py *.pyx *.r *.rs *.sh"
        " *.sql *.ts"
    )
    .replace("*", "")
    .split()
)
_MOST_FILES: Final = 200
_MOST_BYTES: Final = 256 << 10
_MOST_TEXT: Final = 2 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission that counts on a board."""

    submission_id: int
    team_id: int
    code_blob: str | None
    answer_blob: str | None
    spec: ProblemSpec


def read_code(blobs: BlobStore, digest: str) -> Mapping[str, str]:
    """Return the source files of an archive as text, the shallow ones first, within bounds.

    Raises:
        ArchiveError: the archive cannot be read.
        BlobMissingError: it is gone.
    """
    found: dict[str, str] = {}
    left = _MOST_TEXT
    with _fetched(blobs, digest, "code.zip") as path:
        for file in sorted(list_files(path), key=lambda one: (one.path.count("/"), one.path)):
            if PurePosixPath(file.path).suffix.lower() not in _SOURCE or left <= 0:
                continue
            content = read_file(path, file.path, min(left, _MOST_BYTES)) or b""
            found[file.path] = clean_log(content)
            left -= len(content)
            if len(found) == _MOST_FILES:
                break
    return found


def read_answer_places(
    blobs: BlobStore, digest: str, spec: ProblemSpec, most_bytes: int = MOST_BYTES
) -> dict[str, str] | None:
    """Return what an answer says at each place; None where it cannot be told.

    Raises:
        BlobMissingError: the answer is gone.
    """
    # a pack's own scorer reads the file as it likes: its table says nothing of what is in it
    table = spec.submission.table if spec.scoring.scorer is None else None
    with _fetched(blobs, digest, PurePosixPath(spec.submission.file).name) as path:
        return read_places(path, table, most_bytes)


def code_or_nothing(blobs: BlobStore, digest: str | None) -> Mapping[str, str]:
    """Return an archive's source; nothing where there is none or it cannot be read."""
    if digest is None:
        return {}
    try:
        return read_code(blobs, digest)
    except (ArchiveError, BlobMissingError):
        return {}


def places_or_nothing(
    blobs: BlobStore, entry: Entry, most_bytes: int = MOST_BYTES
) -> dict[str, str] | None:
    """Return what an entry's answer says; None where it was not kept or cannot be told."""
    if entry.answer_blob is None:
        return None
    try:
        return read_answer_places(blobs, entry.answer_blob, entry.spec, most_bytes)
    except BlobMissingError:
        return None


@contextmanager
def _fetched(blobs: BlobStore, digest: str, name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        blobs.fetch(digest, path)
        yield path
