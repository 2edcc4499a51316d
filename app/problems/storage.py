"""Folders and files on their way into the blob store; the same content gives the same blob."""

import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from app.core.blobs import CHUNK, Blob, BlobStore
from app.core.errors import InvalidError
from app.core.i18n import N_

# the oldest time a zip can say: no entry tells when the pack was published
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_REGULAR: Final = 0o100000
_PLAIN_MODE: Final = _REGULAR | 0o644
_EXECUTABLE_MODE: Final = _REGULAR | 0o755
_OWNER_MAY_EXECUTE: Final = 0o100
# packed already: deflating them again costs time and saves nothing
_PACKED: Final = frozenset({".zip", ".npz", ".gz", ".xz", ".png", ".jpg", ".jpeg", ".parquet"})
_LEFT_OUT: Final = frozenset({"__pycache__", ".DS_Store", ".git"})

Look = Callable[[Path], Mapping[str, Any] | None]
"""Returns what a page may show of a file without a download."""
Keep = Callable[[str], bool]
"""Says of a path inside the folder, with `/`, whether it goes in."""


class NotPlainFileError(InvalidError):
    """A folder of a pack holds a link or another thing that is not a file."""

    code = "not_a_plain_file"
    message = N_("%(path)s is not a plain file.")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file in the store. `path` is relative, with `/`; `size` counts bytes."""

    path: str
    size: int
    digest: str
    preview: Mapping[str, Any] | None = None
    """See `previews`; only files that are public have one."""


def list_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the plain files under a folder with their relative paths, sorted by path.

    Raises:
        NotPlainFileError: there is a link, a device, a socket or a FIFO.
    """
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    for name in sorted(found):
        path = found[name]
        if not _LEFT_OUT.isdisjoint(name.split("/")):
            continue
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise NotPlainFileError(path=name)
        if path.is_file():
            yield name, path


def store_file(blobs: BlobStore, path: Path) -> Blob:
    """Put one file into the store."""
    with path.open("rb") as source:
        return blobs.put(source)


def store_files(
    blobs: BlobStore, folder: Path, look: Look = lambda _path: None
) -> tuple[StoredFile, ...]:
    """Put every file under a folder into the store, one blob each; `look` makes its preview."""
    stored = []
    for name, path in list_files(folder):
        blob = store_file(blobs, path)
        stored.append(StoredFile(name, blob.size, blob.digest, look(path)))
    return tuple(stored)


def store_folder(blobs: BlobStore, folder: Path, keep: Keep = lambda _name: True) -> Blob:
    """Put a folder into the store as one zip."""
    with tempfile.TemporaryFile() as packed:
        write_zip(folder, packed, keep)
        packed.seek(0)
        return blobs.put(packed)


def write_zip(folder: Path, sink: IO[bytes], keep: Keep = lambda _name: True) -> None:
    """Write a folder as a zip: the same content gives the same bytes."""
    with zipfile.ZipFile(sink, "w") as archive:
        for name, path in list_files(folder):
            if keep(name):
                _add(archive, name, path)


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    packed = path.suffix.lower() in _PACKED
    entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    executable = path.stat().st_mode & _OWNER_MAY_EXECUTE
    entry.external_attr = (_EXECUTABLE_MODE if executable else _PLAIN_MODE) << 16
    entry.create_system = 3  # Unix, wherever this runs
    entry.file_size = path.stat().st_size  # lets zipfile pick ZIP64 where it must
    with path.open("rb") as source, archive.open(entry, "w") as target:
        while chunk := source.read(CHUNK):
            target.write(chunk)
