"""Texts that are not UTF-8: recognised, and written again as UTF-8, a piece at a time.

Spreadsheets of Chinese offices write GB18030, or its older part GBK. What is UTF-8 is never taken
for it: that is tried first, and strictly. Lines stay what they were, for no byte of a character of
GB18030 is a line's end, so a message about the second file names the line of the first.
"""

import codecs
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from scoring.errors import InvalidSubmission
from scoring.formats import detect_format
from scoring.messages import Message

__all__ = ["ALL_ENCODINGS", "Encoding", "as_utf8", "detect_encoding"]

PIECE: Final = 1 << 20
_MARK: Final = "\ufeff".encode("gb18030")


class Encoding(StrEnum):
    """What a text may be written in."""

    UTF_8 = "utf-8"
    GB18030 = "gb18030"


ALL_ENCODINGS: Final = frozenset(Encoding)
_NOTES: Final = {Encoding.GB18030: Message("read_as_gb18030")}


def detect_encoding(path: Path) -> Encoding | None:
    """Return what a plain file is written in; None where it is neither.

    A mark at the beginning decides; else UTF-8 is tried before GB18030, both strictly.
    """
    with path.open("rb") as file:
        head = file.read(len(_MARK))
    tried = list(Encoding)
    if head.startswith(codecs.BOM_UTF8):
        tried = [Encoding.UTF_8]
    elif head == _MARK:
        tried = [Encoding.GB18030]
    return next((each for each in tried if _is_written_in(path, each)), None)


@contextmanager
def as_utf8(
    path: Path, allowed: Collection[Encoding] = ALL_ENCODINGS
) -> Iterator[tuple[Path, tuple[Message, ...]]]:
    """Give a file to read in place of this one, and what the team is to be told of it.

    It is the file itself unless that is a text in another of the allowed encodings; then a copy in
    UTF-8, at most half as large again, which is there as long as the context. A refusal within says
    first how the file was read.
    """
    found = _other_encoding(path) if Encoding.GB18030 in allowed else None
    if found is None:
        yield path, ()
        return
    note = _NOTES[found]
    with TemporaryDirectory(prefix="scoring-") as folder:
        copy = Path(folder) / path.name
        _write_again(path, found, copy)
        try:
            yield copy, (note,)
        except InvalidSubmission as error:
            raise InvalidSubmission(note, *error.messages) from error


def _other_encoding(path: Path) -> Encoding | None:
    """Return what a text is written in where that is not UTF-8."""
    if path.is_symlink() or not path.is_file() or detect_format(path).is_binary:
        return None
    found = detect_encoding(path)
    return None if found is Encoding.UTF_8 else found


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _is_written_in(path: Path, encoding: Encoding) -> bool:
    decoder = codecs.getincrementaldecoder(encoding.value)("strict")
    between = True  # no character has begun in the piece before
    try:
        for piece in _pieces(path):
            if between and piece.isascii():  # as good as free
                continue
            decoder.decode(piece)
            between = not decoder.getstate()[0]
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _write_again(path: Path, encoding: Encoding, copy: Path) -> None:
    decoder = codecs.getincrementaldecoder(encoding.value)("strict")
    with copy.open("wb") as file:
        for piece in _pieces(path):
            file.write(decoder.decode(piece).encode("utf-8"))
        file.write(decoder.decode(b"", final=True).encode("utf-8"))
