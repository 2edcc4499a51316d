"""Bytes of unknown origin to text: only UTF-8 passes, and what else it was is named."""

import codecs
from pathlib import Path
from typing import Final

from scoring.errors import InvalidSubmission
from scoring.messages import Message

__all__ = ["read_text"]

_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ARCHIVES: Final = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\xd0\xcf\x11\xe0",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"PAR1",
)
_SAMPLE: Final = 4096


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, its byte order mark removed.

    Raises `InvalidSubmission`: not a plain file, empty, another encoding, an archive, a NUL byte.
    """
    if path.is_symlink() or not path.is_file():
        raise InvalidSubmission(Message("not_a_file", {"name": path.name}))
    data = path.read_bytes()
    if data.startswith(_ARCHIVES):
        raise InvalidSubmission(Message("archive_not_csv"))
    if _is_utf16(data):
        raise InvalidSubmission(Message("encoding_utf16"))
    data = data.removeprefix(codecs.BOM_UTF8)
    if not data.strip():
        raise InvalidSubmission(Message("empty_file"))
    nul = data.find(b"\0")
    if nul >= 0:
        raise InvalidSubmission(Message("nul_byte", {}, _line_at(data, nul)))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        code = "encoding_gb18030" if _is_gb18030(data) else "encoding_unknown"
        line = _line_at(data, error.start)
        raise InvalidSubmission(Message(code, {"byte": error.start + 1}, line)) from None


def _is_utf16(data: bytes) -> bool:
    """Say whether the file starts with UTF-16's mark, or looks like Latin text in it."""
    if data.startswith(_UTF16_MARKS):
        return True
    sample = data[:_SAMPLE]
    return len(sample) > 1 and sample.count(b"\0") * 3 > len(sample)


def _is_gb18030(data: bytes) -> bool:
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def _line_at(data: bytes, offset: int) -> int:
    before = data[:offset].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1
