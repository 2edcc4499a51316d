"""Bodies that are too large: refused before they are stored, yet read, so that the answer arrives.

A server that answers and closes while the client is still sending makes most clients report a
broken connection instead of the answer. A moderate excess is therefore read and thrown away.
"""

from collections.abc import Callable
from typing import BinaryIO, Final, ParamSpec, TypeVar

from flask import request

from app.core.blobs import CHUNK, format_bytes
from app.core.errors import TooLargeError

P = ParamSpec("P")
R = TypeVar("R")
_MARK: Final = "takes_files"

# a multipart body's own lines and the small fields next to the file
_ENVELOPE_BYTES: Final = 1 << 20
_DRAINED_BYTES: Final = 256 << 20


def accepts_files(view: Callable[P, R]) -> Callable[P, R]:
    """Declare that a view reads files: below `@access`. Bodies of all others are kept small."""
    vars(view)[_MARK] = True
    return view


def takes_files(view: Callable[..., object]) -> bool:
    """Tell whether a view was declared to read files."""
    return bool(vars(view).get(_MARK, False))


def check_body_size(limit: int) -> None:
    """Refuse a body whose file is surely larger than `limit` bytes.

    A body of unknown length passes; storing it counts its bytes.

    Raises:
        TooLargeError: the body is longer than the limit and what is around a file.
    """
    length = request.content_length
    if length is None or length <= limit + _ENVELOPE_BYTES:
        return
    if length <= _DRAINED_BYTES:
        _drain(request.environ["wsgi.input"], length)
    raise TooLargeError(limit=format_bytes(limit))


def _drain(source: BinaryIO, length: int) -> None:
    while length > 0:
        chunk = source.read(min(CHUNK, length))
        if not chunk:
            return
        length -= len(chunk)
