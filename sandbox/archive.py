"""Unpack a zip nobody trusts: plain files only, everything counted while it is written."""

import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import IO

from sandbox.types import MIB

_CHUNK = 1 << 16
_LOCAL_HEADER = 30
_ENCRYPTED = 0x1
_UTF8_FLAG = 0x800
_IGNORED_TOPS = frozenset({"__MACOSX"})
_IGNORED_NAMES = frozenset({".DS_Store", "Thumbs.db"})
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class ArchiveCode(StrEnum):
    """Why an archive is refused; stable, so that the edge can translate it."""

    ARCHIVE_TOO_LARGE = "archive_too_large"  # the archive itself is too large
    NOT_A_ZIP = "not_a_zip"
    EMPTY = "empty"  # no file in it
    TOO_MANY_ENTRIES = "too_many_entries"
    ENCRYPTED = "encrypted"
    UNSUPPORTED_COMPRESSION = "unsupported_compression"  # neither stored nor deflated
    BACKSLASH = "backslash"
    ABSOLUTE_PATH = "absolute_path"
    PARENT_PATH = "parent_path"
    HOSTILE_NAME = "hostile_name"  # unprintable, blank or `.`
    NAME_TOO_LONG = "name_too_long"
    TOO_DEEP = "too_deep"
    NOT_PLAIN_FILE = "not_plain_file"  # a link, a device …
    DUPLICATE_ENTRY = "duplicate_entry"  # twice, or twice but for case
    FILE_AND_FOLDER = "file_and_folder"  # one name as both
    OVERLAPPING_ENTRIES = "overlapping_entries"  # two entries share bytes
    TOO_LARGE = "too_large"  # inflated
    RATIO = "ratio"  # inflated to packed
    CORRUPT = "corrupt"
    NO_ENTRYPOINT = "no_entrypoint"  # neither main.py nor run.sh


class ArchiveError(Exception):
    """A refused upload: a stable code, the entry's name, the numbers of the message."""

    def __init__(
        self, code: ArchiveCode, name: str = "", params: Mapping[str, str | int] | None = None
    ) -> None:
        self.code = code
        self.name = name
        self.params: Mapping[str, str | int] = MappingProxyType(dict(params or {}))
        facts = ", ".join(f"{key}={value}" for key, value in self.params.items())
        super().__init__(
            " ".join(part for part in (code, repr(name) if name else "", facts) if part)
        )


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may hold. Bytes are bytes; `ratio` is inflated over packed, per archive."""

    archive_bytes: int = 100 * MIB
    inflated_bytes: int = 512 * MIB
    entries: int = 10_000
    depth: int = 16
    name_bytes: int = 200
    ratio: int = 200
    ratio_from_bytes: int = 16 * MIB  # small archives of zeros compress 1000 to 1 and harm nobody


@dataclass(frozen=True, slots=True)
class UnpackedArchive:
    """What was written: how many files, how many bytes, and the top folder that was stripped."""

    files: int
    bytes: int
    top: str | None


@dataclass(frozen=True, slots=True)
class _Entry:
    info: zipfile.ZipInfo
    parts: tuple[str, ...]

    @property
    def name(self) -> str:
        return "/".join(self.parts)


def unpack_zip(
    archive: Path,
    destination: Path,
    limits: ArchiveLimits | None = None,
    *,
    strip_top: bool = True,
) -> UnpackedArchive:
    """Unpack `archive` into the empty directory `destination`; raise ArchiveError when refused.

    With `strip_top` a single folder that holds everything is left out of the paths. What macOS and
    Windows add by themselves (__MACOSX, .DS_Store, Thumbs.db) is skipped. After an error the
    destination may hold a part of the files: throw it away.
    """
    limits = limits or ArchiveLimits()
    size = archive.stat().st_size
    if size > limits.archive_bytes:
        raise ArchiveError(
            ArchiveCode.ARCHIVE_TOO_LARGE, "", {"bytes": size, "limit": limits.archive_bytes}
        )
    with _opened(archive) as opened, archive.open("rb") as raw:
        entries = _checked_entries(opened, limits)
        _check_overlap(raw, [entry.info for entry in entries])
        top = _single_top(entries) if strip_top else None
        budget = _Budget(limits, packed=size)
        for entry in entries:
            parts = entry.parts[1:] if top is not None else entry.parts
            _write(opened, entry, destination.joinpath(*parts), budget)
    return UnpackedArchive(budget.files, budget.bytes, top)


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file in an archive: its path and how many bytes it claims to hold."""

    path: str
    bytes: int


def list_files(archive: Path, limits: ArchiveLimits | None = None) -> list[ArchivedFile]:
    """Return an archive's files, every name checked; raise ArchiveError when it is refused."""
    with _opened(archive) as opened:
        entries = _checked_entries(opened, limits or ArchiveLimits())
        return [ArchivedFile(entry.name, entry.info.file_size) for entry in entries]


def read_file(archive: Path, path: str, most_bytes: int) -> bytes | None:
    """Return the first bytes of one file, or None where the archive has no such file.

    Raise ArchiveError when the archive is refused or the file is damaged.
    """
    with _opened(archive) as opened:
        for entry in _checked_entries(opened, ArchiveLimits()):
            if entry.name == path:
                with opened.open(entry.info) as source:
                    return source.read(most_bytes)
    return None


@contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip; whatever is wrong with it, then or later, is an ArchiveError."""
    try:
        with zipfile.ZipFile(archive) as opened:
            yield opened
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ArchiveError(
            ArchiveCode.CORRUPT if looks_like_zip(archive) else ArchiveCode.NOT_A_ZIP, ""
        ) from error
    except (ValueError, OverflowError) as error:
        raise ArchiveError(ArchiveCode.CORRUPT) from error


def looks_like_zip(archive: Path | IO[bytes]) -> bool:
    """Tell whether a file ends as a zip does; what it holds may still be damaged."""
    try:
        return zipfile.is_zipfile(archive)
    except zipfile.BadZipFile:  # the end of a zip, which says what no zip of one part says
        return True


def _checked_entries(opened: zipfile.ZipFile, limits: ArchiveLimits) -> list[_Entry]:
    """Return the files to write, every name checked; folders are made as the files need them."""
    infos = opened.infolist()
    if len(infos) > limits.entries:
        raise ArchiveError(
            ArchiveCode.TOO_MANY_ENTRIES, "", {"count": len(infos), "limit": limits.entries}
        )
    files: list[_Entry] = []
    seen: dict[str, bool] = {}  # case-folded path -> is it a file
    for info in infos:
        name = _decoded_name(info)
        parts = _checked_parts(name, limits)
        if _ignored(parts):
            continue
        _check_kind(info, name)
        _check_unique(parts, seen, is_file=not info.is_dir())
        if not info.is_dir():
            files.append(_Entry(info, parts))
    if not files:
        raise ArchiveError(ArchiveCode.EMPTY)
    return files


def _decoded_name(info: zipfile.ZipInfo) -> str:
    """Return the entry's name; zips made by Chinese Windows carry GBK without saying so."""
    name = info.orig_filename
    if info.flag_bits & _UTF8_FLAG or name.isascii():
        return name
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name


def _checked_parts(name: str, limits: ArchiveLimits) -> tuple[str, ...]:
    if "\\" in name:
        raise ArchiveError(ArchiveCode.BACKSLASH, name)
    if name.startswith("/") or (len(name) > 1 and name[1] == ":"):
        raise ArchiveError(ArchiveCode.ABSOLUTE_PATH, name)
    parts = tuple(name.removesuffix("/").split("/"))
    if ".." in parts:
        raise ArchiveError(ArchiveCode.PARENT_PATH, name)
    if any(not _is_harmless(part) for part in parts):
        raise ArchiveError(ArchiveCode.HOSTILE_NAME, name)
    if any(len(part.encode()) > limits.name_bytes for part in parts):
        raise ArchiveError(ArchiveCode.NAME_TOO_LONG, name, {"limit": limits.name_bytes})
    if len(parts) > limits.depth:
        raise ArchiveError(ArchiveCode.TOO_DEEP, name, {"limit": limits.depth})
    return parts


def _is_harmless(part: str) -> bool:
    """Tell whether a path component is printable text with no meaning to a file system."""
    return part not in {"", "."} and part.isprintable() and not part.isspace()


def _ignored(parts: tuple[str, ...]) -> bool:
    return parts[0] in _IGNORED_TOPS or parts[-1] in _IGNORED_NAMES


def _check_kind(info: zipfile.ZipInfo, name: str) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise ArchiveError(ArchiveCode.ENCRYPTED, name)
    if info.compress_type not in _METHODS:
        raise ArchiveError(
            ArchiveCode.UNSUPPORTED_COMPRESSION, name, {"method": info.compress_type}
        )
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in ({0, stat.S_IFDIR} if info.is_dir() else {0, stat.S_IFREG}):
        raise ArchiveError(ArchiveCode.NOT_PLAIN_FILE, name)


def _check_unique(parts: tuple[str, ...], seen: dict[str, bool], *, is_file: bool) -> None:
    """Refuse two entries for one path, also where they differ by case or composition alone."""
    for depth in range(1, len(parts)):
        if seen.setdefault(_folded(parts[:depth]), False):
            raise ArchiveError(ArchiveCode.FILE_AND_FOLDER, "/".join(parts))
    key = _folded(parts)
    if key in seen and (is_file or seen[key]):
        raise ArchiveError(ArchiveCode.DUPLICATE_ENTRY, "/".join(parts))
    seen[key] = is_file


def _folded(parts: tuple[str, ...]) -> str:
    return unicodedata.normalize("NFC", "/".join(parts)).casefold()


def _check_overlap(raw: IO[bytes], infos: list[zipfile.ZipInfo]) -> None:
    """Refuse entries that share bytes: that is how a small zip holds petabytes."""
    end = 0
    for info in sorted(infos, key=lambda entry: entry.header_offset):
        if info.header_offset < end:
            raise ArchiveError(ArchiveCode.OVERLAPPING_ENTRIES, info.filename)
        raw.seek(info.header_offset)
        header = raw.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER:
            raise ArchiveError(ArchiveCode.CORRUPT, info.filename)
        name_and_extra = int.from_bytes(header[26:28], "little") + int.from_bytes(
            header[28:30], "little"
        )
        end = info.header_offset + _LOCAL_HEADER + name_and_extra + info.compress_size


def _single_top(entries: list[_Entry]) -> str | None:
    tops = {entry.parts[0] for entry in entries}
    nested = all(len(entry.parts) > 1 for entry in entries)
    return tops.pop() if nested and len(tops) == 1 else None


class _Budget:
    """The inflated bytes there may still be, counted as they come, whatever the headers claim."""

    def __init__(self, limits: ArchiveLimits, packed: int) -> None:
        self._limits = limits
        self._packed = max(1, packed)
        self.bytes = 0
        self.files = 0

    def spend(self, count: int, name: str) -> None:
        self.bytes += count
        if self.bytes > self._limits.inflated_bytes:
            raise ArchiveError(ArchiveCode.TOO_LARGE, name, {"limit": self._limits.inflated_bytes})
        over_ratio = self.bytes > self._packed * self._limits.ratio
        if over_ratio and self.bytes > self._limits.ratio_from_bytes:
            raise ArchiveError(ArchiveCode.RATIO, name, {"limit": self._limits.ratio})


def _write(opened: zipfile.ZipFile, entry: _Entry, path: Path, budget: _Budget) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    executable = (entry.info.external_attr >> 16) & 0o111
    with opened.open(entry.info) as source, path.open("xb") as sink:
        for chunk in _chunks(source):
            budget.spend(len(chunk), entry.name)
            sink.write(chunk)
    path.chmod(0o755 if executable else 0o644)
    budget.files += 1


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        yield chunk
