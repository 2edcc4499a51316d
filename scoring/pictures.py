"""Masks as a zip of PNG, one a picture, to the cells that masks are written in.

Called by `scoring.unpacking` alone, in its own process: what a picture makes the library do ends
there. A picture is grey, of 1 to 8 bits, and its mask is what is not 0; its name without folders
and `.png` is its key. Other kinds are refused by name: what a palette or a half transparent pixel
means for a mask is for the team to say.
"""

import io
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final
from zipfile import BadZipFile, ZipFile, ZipInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = [
    "MAX_PICTURES",
    "MAX_PIXELS",
    "MAX_RUNS",
    "MAX_SIDE",
    "SUFFIX",
    "PictureError",
    "open_pictures",
]

SUFFIX: Final = ".png"
MAX_PICTURES: Final = 100_000
MAX_SIDE: Final = 1 << 14
MAX_PIXELS: Final = 1 << 26
"""Of one picture: 8192 by 8192."""

MAX_RUNS: Final = 1_000_000
MAX_FILE: Final = 64 << 20
MAX_ALL: Final = 1 << 30
_AT_ONCE: Final = 64
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_END: Final = b"IEND\xaeB\x60\x82"
_HEAD: Final = struct.Struct(">I4sIIBBBBB")
_UTF8_NAME: Final = 0x800
_ENCRYPTED: Final = 0x1
_SHOWN: Final = 60
_GREY, _COLOUR, _PALETTE = 0, 2, 3
_MOST_BITS: Final = 8
_KINDS: Final = {_COLOUR: "RGB", _PALETTE: "palette", 4: "grey + alpha", 6: "RGB + alpha"}
_DAMAGED: Final = (
    *(OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError, IndexError, OverflowError),
    *(MemoryError, BadZipFile, NotImplementedError, RuntimeError, zlib.error, struct.error),
)

Mask = NDArray[np.bool_]


class PictureError(Exception):
    """A picture is refused: a code of the catalogue of messages and what it needs."""

    def __init__(self, code: str, **params: str | int) -> None:
        """Take what the message says."""
        super().__init__(code)
        self.code, self.params = code, params


def open_pictures(
    source: Path, wanted: Sequence[str]
) -> tuple[list[str], Iterator[pa.RecordBatch]]:
    """Return two columns, the keys and the masks, in the order of the pictures' names."""
    return list(wanted), _batches(source, wanted)


def _batches(source: Path, wanted: Sequence[str]) -> Iterator[pa.RecordBatch]:
    with ZipFile(source) as archive:
        members = _members(archive)
        names = sorted(members)
        room = MAX_ALL
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            cells = []
            for name in some:
                data = _read(archive, members[name], name, room)
                room -= len(data)
                cells.append(_mask(data, name))
            columns = [pa.array(column, pa.large_string()) for column in (some, cells)]
            yield pa.record_batch(columns, names=list(wanted))


def _members(archive: ZipFile) -> dict[str, ZipInfo]:
    """Return the pictures by key; folders and what macOS adds are left out."""
    found: dict[str, ZipInfo] = {}
    for info in archive.infolist():
        path = _path(info)
        is_folder = info.filename.endswith("/")  # `is_dir` breaks on a name that is empty
        if is_folder or path.name == ".DS_Store" or path.parts[:1] == ("__MACOSX",):
            continue
        shown = _shown(str(path))
        if path.suffix.lower() != SUFFIX or not path.stem.strip():
            code = "picture_not_png"
            raise PictureError(code, name=shown)
        if not path.name.isprintable() or "\\" in path.name or ".." in path.parts:
            code = "picture_name"
            raise PictureError(code, name=shown)
        if path.stem in found:
            code = "picture_repeated"
            raise PictureError(code, name=shown)
        if len(found) == MAX_PICTURES:
            code = "picture_count"
            raise PictureError(code, limit=MAX_PICTURES)
        found[path.stem] = info
    return found


def _path(info: ZipInfo) -> PurePosixPath:
    """Return a member's name; zips made by Chinese Windows carry GBK without saying so."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8_NAME:
        raw = name.encode("cp437", "replace")
        for encoding in ("utf-8", "gb18030"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return PurePosixPath(name or "?")


def _shown(name: str) -> str:
    text = "".join(char if char.isprintable() else "\ufffd" for char in name)
    return text if len(text) <= _SHOWN else f"…{text[-_SHOWN:]}"


def _read(archive: ZipFile, info: ZipInfo, key: str, room: int) -> bytes:
    """Inflate one picture, and no more of it than it may have."""
    most = min(MAX_FILE, room)
    if info.flag_bits & _ENCRYPTED:
        code = "picture_damaged"
        raise PictureError(code, name=_shown(key + SUFFIX))
    try:
        with archive.open(info) as file:
            data = file.read(most + 1)
    except _DAMAGED:
        code = "picture_damaged"
        raise PictureError(code, name=_shown(key + SUFFIX)) from None
    if len(data) > most:
        code = "picture_large"
        raise PictureError(code, name=_shown(key + SUFFIX), limit=most)
    return data


def _mask(data: bytes, key: str) -> str:
    """Write a picture's mask as `HEIGHTxWIDTH: start length …`."""
    name = _shown(key + SUFFIX)
    width, height = _check_head(data, name)
    mask = _decode(data, name)
    if mask.shape != (height, width):
        code = "picture_damaged"
        raise PictureError(code, name=name)
    # down the columns, left column first
    edges = np.flatnonzero(np.diff(mask.T.reshape(-1).astype(np.int8), prepend=0, append=0))
    if len(edges) > 2 * MAX_RUNS:
        code = "picture_runs"
        raise PictureError(code, name=name, limit=MAX_RUNS)
    runs = np.column_stack([edges[::2] + 1, edges[1::2] - edges[::2]])
    return f"{height}x{width}: {' '.join(map(str, runs.reshape(-1).tolist()))}"


def _check_head(data: bytes, name: str) -> tuple[int, int]:
    """Return width and height as the head has them; refuse what is no mask before decoding."""
    head = data[len(_SIGNATURE) :][: _HEAD.size]
    if not data.startswith(_SIGNATURE) or len(head) < _HEAD.size or head[4:8] != b"IHDR":
        code = "picture_not_png"
        raise PictureError(code, name=name)
    _, _, width, height, bits, kind, *_ = _HEAD.unpack(head)
    if kind != _GREY or bits > _MOST_BITS:
        told = _KINDS.get(kind, "?") if kind != _GREY else f"{bits} bit"
        code = "picture_kind"
        raise PictureError(code, name=name, found=told)
    if not 0 < width <= MAX_SIDE or not 0 < height <= MAX_SIDE or width * height > MAX_PIXELS:
        code = "picture_pixels"
        raise PictureError(code, name=name, found=f"{height} × {width}", limit=MAX_PIXELS)
    return width, height


def _decode(data: bytes, name: str) -> Mask:
    from PIL import Image  # noqa: PLC0415 - nowhere but in the process that needs it

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    if _END not in data:  # the library would make do with what there is
        code = "picture_damaged"
        raise PictureError(code, name=name)
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            if getattr(picture, "n_frames", 1) != 1 or "transparency" in picture.info:
                code = "picture_kind"
                raise PictureError(code, name=name, found=_oddity(picture.info))
            mask: Mask = np.asarray(picture) != 0
            return mask
    except _DAMAGED:
        code = "picture_damaged"
        raise PictureError(code, name=name) from None


def _oddity(info: Mapping[str | tuple[int, int], object]) -> str:
    return "transparency" if "transparency" in info else "animation"
