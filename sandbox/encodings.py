"""Bytes that should be UTF-8, made text: programs on Chinese systems often print GB 18030 instead.

Every line is judged by itself: one that is not UTF-8 but reads as common Chinese characters in
GB 18030 is taken for that, anything else has its wrong bytes replaced.
"""

import re

_LONGEST_HELD = 8192
_LINE = re.compile(rb"[^\r\n]*[\r\n]*")
_LONGEST_CHARACTER = 4
_COMMON_SHARE = 0.8


class Decoder:
    """Decode piece by piece; a character, or a line of unknown encoding, may be cut anywhere."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, chunk: bytes, *, final: bool = False) -> str:
        """Return the text that `chunk` completes."""
        raw, self._held = self._held + chunk, b""
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            if not final and _is_cut(error, raw):
                self._held = raw[error.start :]
                return raw[: error.start].decode()
        end = len(raw) if final else max(raw.rfind(b"\n"), raw.rfind(b"\r")) + 1
        rest = raw[end:]
        ascii_end = next((place for place, byte in enumerate(rest) if byte > _ASCII), len(rest))
        if len(rest) - ascii_end > _LONGEST_HELD:  # nobody waits for ever for the end of a line
            ascii_end = len(rest) - _LONGEST_CHARACTER
        head, self._held = raw[: end + ascii_end], rest[ascii_end:]
        return "".join(_decode_line(line) for line in _LINE.findall(head))


_ASCII = 0x7F


def _is_cut(error: UnicodeDecodeError, raw: bytes) -> bool:
    """Tell whether all that is wrong is that the last character is not complete yet."""
    return error.end == len(raw) and error.reason == "unexpected end of data"


def _decode_line(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        pass
    try:
        text = line.decode("gb18030")
    except UnicodeDecodeError:
        return line.decode(errors="replace")
    return text if _reads_as_chinese(text) else line.decode(errors="replace")


def _reads_as_chinese(text: str) -> bool:
    """Tell whether most of what is not ASCII are characters in daily use.

    Any two bytes are some character of GB 18030; those of the older GB 2312 are the common ones.
    """
    strange = [char for char in text if ord(char) > _ASCII]
    common = sum(_is_common(char) for char in strange)
    return common >= _COMMON_SHARE * len(strange)


def _is_common(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
