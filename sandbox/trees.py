"""Read-only trees the trusted side hands to a run: walked, identified by content, sent as tar."""

import hashlib
import os
import stat
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sandbox.types import SandboxError

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or folder of a tree: its path relative to the root and its status."""

    path: str
    status: os.stat_result

    @property
    def is_directory(self) -> bool:
        """Tell folders from files; there is nothing else in a tree."""
        return stat.S_ISDIR(self.status.st_mode)


def walk_tree(root: Path) -> tuple[Entry, ...]:
    """Return everything below `root`, sorted; raise SandboxError at a link, a device or a gap."""
    try:
        return tuple(sorted(_walk(root, ""), key=lambda entry: entry.path))
    except OSError as error:
        message = f"cannot read {error.filename}: {error.strerror}"
        raise SandboxError(message) from error


def _walk(directory: Path, prefix: str) -> Iterator[Entry]:
    with os.scandir(directory) as listing:
        for found in listing:
            entry = Entry(prefix + found.name, found.stat(follow_symlinks=False))
            yield entry
            if entry.is_directory:
                yield from _walk(directory / found.name, f"{entry.path}/")
            elif not stat.S_ISREG(entry.status.st_mode):
                message = f"{found.path} is not a plain file"
                raise SandboxError(message)


def tree_bytes(entries: tuple[Entry, ...]) -> int:
    """Return the bytes of all files of a tree."""
    return sum(entry.status.st_size for entry in entries if not entry.is_directory)


def tree_digest(root: Path, entries: tuple[Entry, ...]) -> str:
    """Return the SHA-256 of names and contents, so that equal trees have one identity."""
    digest = hashlib.sha256()
    for entry in entries:
        name = os.fsencode(entry.path)
        digest.update(len(name).to_bytes(4, "big") + name)
        if entry.is_directory:
            digest.update(b"d")
            continue
        with (root / entry.path).open("rb") as source:
            digest.update(b"f" + hashlib.file_digest(source, "sha256").digest())
    return digest.hexdigest()


def tree_fingerprint(root: Path, entries: tuple[Entry, ...]) -> str:
    """Return a cheap identity of a tree at a place: it changes whenever its content may have."""
    digest = hashlib.sha256(os.fsencode(root.resolve()))
    for entry in entries:
        status = entry.status
        facts = (entry.path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        digest.update(repr(facts).encode(errors="surrogateescape"))
    return digest.hexdigest()


def write_tar(root: Path, entries: tuple[Entry, ...], sink: IO[bytes]) -> None:
    """Write a tree as tar: owned by root, readable by all, writable by nobody, times dropped."""
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            info = tarfile.TarInfo(entry.path)
            if entry.is_directory:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(info)
                continue
            info.size = entry.status.st_size
            info.mode = 0o755 if entry.status.st_mode & 0o111 else 0o644
            with (root / entry.path).open("rb") as source:
                tar.addfile(info, source)


class ChunkReader:
    """A readable stream over an iterator of chunks, as an engine sends its archives."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = bytearray()

    def read(self, size: int) -> bytes:
        """Return `size` bytes, or what is left of the stream."""
        while len(self._buffer) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._buffer += chunk
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(directory: Path) -> None:
    """Remove a folder that a dead program has filled; one that is not there is what was wanted.

    However deep (paths longer than the kernel takes, more levels than there are descriptors) and
    whatever rights it took away: each folder's own folders are moved up before it is removed, so
    nothing here recurses and no path has more than one part. No link is followed.
    """
    if not directory.is_dir():
        return
    directory.chmod(0o700)
    top = os.open(directory, _FOLDER)
    try:
        _empty(top, top)
        while names := os.listdir(top):  # noqa: PTH208  a descriptor, not a path
            for name in names:
                _remove_below(top, name)
    finally:
        os.close(top)
    directory.rmdir()


def _remove_below(top: int, name: str) -> None:
    """Remove one folder below `top`, whose own folders then lie there."""
    below = os.open(name, _FOLDER, dir_fd=top)
    try:
        _empty(below, top)
    finally:
        os.close(below)
    os.rmdir(name, dir_fd=top)


def _empty(folder: int, top: int) -> None:
    """Unlink the files of a folder and move its folders to `top`, under names nobody guesses."""
    for name in os.listdir(folder):
        if not stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=folder)
            continue
        os.chmod(name, 0o700, dir_fd=folder)
        os.rename(name, f".{uuid.uuid4().hex}", src_dir_fd=folder, dst_dir_fd=top)
