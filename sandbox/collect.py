"""The trusted collector: takes answers out of a dead run's output and believes nothing in it.

Two sources, one rule. A directory is walked by descriptor (no path is ever resolved twice, no
link followed, nothing opened that could block); an engine's tar stream is read entry by entry.
Only plain files with plain names come out, every byte counted.
"""

import os
import re
import stat
import tarfile
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Protocol, cast

from sandbox.types import FILES_LISTED, Limits, OutputFile, SandboxError

_CHUNK = 1 << 18
_PLAIN = re.compile(r"\w[\w.+=@, -]*")
MAX_DEPTH = 8
MAX_NAME_BYTES = 200


@dataclass(frozen=True, slots=True)
class Caps:
    """What may come out of a run, and what may be looked at to find it."""

    bytes: int
    files: int
    depth: int = MAX_DEPTH
    name_bytes: int = MAX_NAME_BYTES

    @classmethod
    def of(cls, limits: Limits) -> "Caps":
        """Return the caps a run's limits imply."""
        return cls(bytes=limits.output_bytes, files=limits.output_files)


@dataclass(slots=True)
class Collection:
    """What was found. `over` says which cap was exceeded ("" for none), `refused` why per name.

    `bytes` and `entries` count everything seen, kept or not. `files` lists what was seen, bounded
    and with names made safe to show; `files_more` counts the rest.
    """

    kept: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    bytes: int = 0
    entries: int = 0
    over: str = ""
    files: tuple[OutputFile, ...] = ()
    files_more: int = 0


class OverCapError(Exception):
    """The output is larger than allowed; the message says in what."""


def is_plain_name(name: str, caps: Caps) -> bool:
    """Tell whether a relative path has plain components: no dots first, nothing unprintable."""
    parts = name.split("/")
    return len(parts) <= caps.depth and all(
        _PLAIN.fullmatch(part) is not None
        and part.isprintable()
        and len(part.encode(errors="surrogateescape")) <= caps.name_bytes
        for part in parts
    )


def safe_name(name: str) -> str:
    """Return a name as it may be shown: what cannot be printed is replaced, the rest bounded."""
    text = name.encode(errors="surrogateescape").decode(errors="replace")
    shown = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return shown if len(shown) <= MAX_NAME_BYTES else f"{shown[: MAX_NAME_BYTES - 1]}…"


class _Collector:
    """Decide and copy, entry by entry; shared by both sources."""

    def __init__(self, destination: Path, wanted: tuple[str, ...] | None, caps: Caps) -> None:
        self.found = Collection()
        self._destination = destination
        self._wanted = None if wanted is None else frozenset(wanted)
        self._caps = caps
        self._listing: dict[str, OutputFile] = {}
        self._taken: dict[str, str] = {}

    def count(self, name: str, size: int) -> None:
        """Count one entry of `size` bytes; raise OverCapError beyond the caps."""
        self.found.entries += 1
        self.found.bytes += size
        over = ""
        if self.found.entries > self._caps.files:
            over = f"more than {self._caps.files} files"
        elif self.found.bytes > self._caps.bytes:
            over = f"more than {self._caps.bytes} bytes"
        if over:
            self.note(name, size, over)
            raise OverCapError(over)

    @property
    def room(self) -> int:
        """How many more entries there may be."""
        return max(0, self._caps.files - self.found.entries)

    def note(self, name: str, size: int, reason: str = "") -> None:
        """List one thing that was found; with a `reason` it was not kept."""
        wanted = self._wanted is not None and name in self._wanted
        if name in self._listing or wanted or len(self._listing) < FILES_LISTED:
            self._listing[name] = OutputFile(safe_name(name), size, not reason, reason)
        else:
            self.found.files_more += 1

    def finish(self) -> Collection:
        """Return what was found."""
        files = sorted(self._listing.values(), key=lambda file: (not file.kept, file.name))
        self.found.files = tuple(files[:FILES_LISTED])
        self.found.files_more += len(files[FILES_LISTED:])
        return self.found

    def wants(self, name: str) -> bool:
        if self._wanted is not None:
            return name in self._wanted
        return is_plain_name(name, self._caps)

    def skip(self, name: str, size: int) -> None:
        """List a plain file that nobody asked for."""
        plain = is_plain_name(name, self._caps)
        self.note(name, size, "was not asked for" if plain else "has no plain name")

    def refuse(self, name: str, reason: str) -> None:
        """Note why `name` was not taken, if somebody asked for it; take it back if it was taken."""
        if reason != _DIRECTORY or self.wants(name):
            self.note(name, 0, reason)
        if self.found.kept.pop(name, None) is not None:
            (self._destination / name).unlink()
        if self._wanted is not None and name in self._wanted:
            self.found.refused[name] = reason

    def take(self, name: str, source: IO[bytes], size: int) -> None:
        """Copy `size` bytes at most to the destination; the file there is new and ours.

        Raise OSError when the source cannot be read, SandboxError when it is we who cannot write.
        """
        path = self._destination / name
        with _our_failure():
            path.parent.mkdir(parents=True, exist_ok=True)
            sink = path.open("xb")
        left = size
        with sink:
            while left and (chunk := source.read(min(_CHUNK, left))):
                with _our_failure():
                    sink.write(chunk)
                left -= len(chunk)
            with _our_failure():
                sink.flush()
                os.fchmod(sink.fileno(), 0o644)
        self.found.kept[name] = size - left
        self.note(name, size - left)
        if self._wanted is None:
            self._part_twins(name)

    def _part_twins(self, name: str) -> None:
        """Take back two files whose names differ by case or composition alone.

        Somebody's file system takes the names for one, and nobody can say which is meant. What was
        asked for by name is not concerned.
        """
        folded = unicodedata.normalize("NFC", name).casefold()
        twin = self._taken.setdefault(folded, name)
        if twin != name:
            for each in (twin, name):
                self.refuse(each, "has a name too similar to another's")


@contextmanager
def _our_failure() -> Iterator[None]:
    """Tell a disk of ours that is full from a file of theirs that cannot be read."""
    try:
        yield
    except OSError as error:
        message = f"cannot keep the output: {error}"
        raise SandboxError(message) from error


class Readable(Protocol):
    """All that is asked of a stream: the next bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""


def collect_tar(
    stream: Readable, destination: Path, wanted: tuple[str, ...] | None, caps: Caps
) -> Collection:
    """Collect from a tar whose entries lie below one top folder, as an engine sends a directory.

    `destination` is an empty directory; None for `wanted` takes every plain file with a plain name.
    Raise tarfile.TarError when the stream is not a tar, SandboxError when it cannot be kept. On an
    exceeded cap reading stops early.
    """
    collector = _Collector(destination, wanted, caps)
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as tar:
            for member in tar:
                name = "/".join(PurePosixPath(member.name).parts[1:])
                if name:
                    collector.count(name, member.size if member.isreg() else 0)
                    _check_depth(name.count("/"))
                    _collect_member(collector, tar, member, name)
    except OverCapError as error:
        collector.found.over = str(error)
    except (ValueError, OverflowError, EOFError) as error:  # tarfile lets its parsers' own through
        message = f"not a tar: {error}"
        raise tarfile.ReadError(message) from error
    return collector.finish()


def _collect_member(
    collector: _Collector, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str
) -> None:
    if member.isreg():
        source = tar.extractfile(member) if collector.wants(name) else None
        if source is not None:
            collector.take(name, source, member.size)
        else:
            collector.skip(name, member.size)
        return
    if member.islnk():
        # the engine sends an inode's first name as a file and its other names as links to that
        collector.refuse("/".join(PurePosixPath(member.linkname).parts[1:]), _HARD_LINK)
    collector.refuse(name, _TAR_KINDS.get(member.type, "is not a plain file"))


_HARD_LINK = "is a hard link"
_DIRECTORY = "is a directory"
_TAR_KINDS: Mapping[bytes, str] = {
    tarfile.SYMTYPE: "is a symbolic link",
    tarfile.LNKTYPE: _HARD_LINK,
    tarfile.DIRTYPE: _DIRECTORY,
    tarfile.FIFOTYPE: "is a FIFO",
    tarfile.CHRTYPE: "is a device",
    tarfile.BLKTYPE: "is a device",
}


def collect_directory(
    source: Path, destination: Path, wanted: tuple[str, ...] | None, caps: Caps
) -> Collection:
    """Collect from a directory a dead run has left, by descriptors relative to descriptors.

    `destination` and `wanted` are as for `collect_tar`. Raise OSError when `source` itself
    cannot be opened, SandboxError when what is found cannot be kept; what is unreadable below it
    is refused by name.
    """
    collector = _Collector(destination, wanted, caps)
    try:
        with _opened(source, _DIRECTORY_FLAGS, None) as root:
            _collect_below(collector, root, ())
    except OverCapError as error:
        collector.found.over = str(error)
    return collector.finish()


_DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO must not wait for its other end; O_NOCTTY: nor a terminal become ours
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_DEEPEST_WALK = 64


@contextmanager
def _opened(path: Path | str, flags: int, parent: int | None) -> Iterator[int]:
    try:
        descriptor = os.open(path, flags, dir_fd=parent)
    except PermissionError:
        _unlock(path, parent)
        descriptor = os.open(path, flags, dir_fd=parent)
    try:
        if flags & os.O_DIRECTORY:
            with suppress(OSError):
                os.fchmod(descriptor, 0o700)
        yield descriptor
    finally:
        os.close(descriptor)


def _unlock(path: Path | str, parent: int | None) -> None:
    """Give ourselves back what the program took from itself: not being root, we are its user."""
    handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        Path(f"/proc/self/fd/{handle}").chmod(0o700)
    finally:
        os.close(handle)


def _check_depth(depth: int) -> None:
    if depth > _DEEPEST_WALK:
        message = f"directories deeper than {_DEEPEST_WALK}"
        raise OverCapError(message)


def _collect_below(collector: _Collector, directory: int, parents: tuple[str, ...]) -> None:
    _check_depth(len(parents))
    with os.scandir(directory) as listing:
        names = [entry.name for entry in islice(listing, collector.room + 1)]
    for each in names:
        name = "/".join((*parents, each))
        try:
            status = os.stat(each, dir_fd=directory, follow_symlinks=False)
            collector.count(name, status.st_size if stat.S_ISREG(status.st_mode) else 0)
            if stat.S_ISDIR(status.st_mode):
                collector.refuse(name, _DIRECTORY)
                with _opened(each, _DIRECTORY_FLAGS, directory) as below:
                    _collect_below(collector, below, (*parents, each))
            elif stat.S_ISREG(status.st_mode):
                _collect_file(collector, directory, each, name)
            else:
                collector.refuse(name, _kind(status.st_mode))
        except OSError as error:
            collector.refuse(name, f"cannot be read ({error.strerror})")


def _collect_file(collector: _Collector, directory: int, each: str, name: str) -> None:
    if not collector.wants(name):
        collector.skip(name, os.stat(each, dir_fd=directory, follow_symlinks=False).st_size)
        return
    with _opened(each, _FILE_FLAGS, directory) as descriptor:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            collector.refuse(name, _kind(status.st_mode))
        elif status.st_nlink != 1:
            collector.refuse(name, _HARD_LINK)
        else:
            with os.fdopen(os.dup(descriptor), "rb") as source:
                collector.take(name, source, status.st_size)


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFLNK: "is a symbolic link",
        stat.S_IFDIR: _DIRECTORY,
        stat.S_IFIFO: "is a FIFO",
        stat.S_IFSOCK: "is a socket",
        stat.S_IFCHR: "is a device",
        stat.S_IFBLK: "is a device",
    }
    return kinds.get(stat.S_IFMT(mode), "is not a plain file")
