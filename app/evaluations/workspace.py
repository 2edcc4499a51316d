"""Files of an evaluation on the worker: a workspace that goes, and a cache that may stay."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.core.blobs import BlobStore
from sandbox.archive import ArchiveLimits, unpack_zip

_OWN_ARCHIVE: Final = ArchiveLimits(
    archive_bytes=1 << 40, inflated_bytes=1 << 42, entries=10_000_000, ratio=1 << 20
)
"""Archives the platform made itself at publishing: bounded by the disk alone."""


@contextmanager
def open_workspace(root: Path, name: str) -> Iterator[Path]:
    """Give a fresh folder that is gone afterwards, whatever happens."""
    parent = root / "work"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-{os.getpid()}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep_workspaces(root: Path) -> int:
    """Delete the workspaces of processes that are gone; return how many."""
    doomed = [
        folder
        for folder in (root / "work").glob("*-*-*")
        if folder.name.split("-")[-2].isdecimal()
        and not Path(f"/proc/{folder.name.split('-')[-2]}").exists()
    ]
    for folder in doomed:
        shutil.rmtree(folder, ignore_errors=True)
    return len(doomed)


def cached_folder(blobs: BlobStore, root: Path, digest: str) -> Path:
    """Return the unpacked content of a zip blob, unpacked once per machine and never changed."""
    final = root / "unpacked" / digest
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=final.parent) as incoming:
        archive, folder = Path(incoming) / "archive.zip", Path(incoming) / "folder"
        folder.mkdir()
        blobs.fetch(digest, archive)
        unpack_zip(archive, folder, _OWN_ARCHIVE, strip_top=False)
        try:
            folder.rename(final)
        except OSError:
            if not final.is_dir():  # somebody else was faster is fine, anything else is not
                raise
    return final


def cached_files(blobs: BlobStore, root: Path, files: Mapping[str, str]) -> Path:
    """Return a folder of blobs by their paths, put together once per machine and never changed."""
    listing = "".join(f"{path}\0{digest}\n" for path, digest in sorted(files.items()))
    final = root / "unpacked" / hashlib.sha256(listing.encode()).hexdigest()
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=final.parent) as incoming:
        folder = Path(incoming) / "folder"
        folder.mkdir()
        for path, digest in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            blobs.fetch(digest, target)
        try:
            folder.rename(final)
        except OSError:
            if not final.is_dir():
                raise
    return final
