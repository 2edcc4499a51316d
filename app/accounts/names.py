"""What people and teams may be called: one field, any script, nothing invisible."""

import re
import unicodedata
from collections.abc import Collection
from itertools import count
from typing import Final

SHORTEST: Final = 2
LONGEST: Final = 30
NAME_COLUMN: Final = 64

# the plain, the no-break and the ideographic space: what a keyboard or an input method types
_SPACES: Final = re.compile("[ \u00a0\u3000]+")
# marks that belong into names: 阿凡提·买买提, Anne-Marie O’Neill Jr.
_MARKS: Final = frozenset(" ·•‧・.-'’()（）")
# letters, the accents that combine with them, and digits
_CATEGORIES: Final = ("L", "M", "N")
# letters and accents by category, yet nothing to see: fillers, joiners, variation selectors
_INVISIBLE: Final = frozenset(
    chr(code)
    for codes in (
        (0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0),
        range(0x180B, 0x1810),
        range(0xFE00, 0xFE10),
        range(0xE0100, 0xE01F0),
    )
    for code in codes
)
# planes 2 and 3 hold ideographs only; extensions newer than Python's Unicode tables are in there
_IDEOGRAPHIC_PLANES: Final = range(0x20000, 0x3FFFE)


def normalise_name(text: str) -> str:
    """Return a name as it is stored: NFC, one plain space between words, none around."""
    return unicodedata.normalize("NFC", _SPACES.sub(" ", text)).strip(" ")


def find_forbidden(name: str, *, also: str = "") -> str | None:
    """Return the first character that may not be in a name, or None; `also` lets more marks in.

    Control and direction characters, invisible fillers, private and unassigned code points and
    symbols would let one name pass for another. Every letter of every script may stand.
    """
    return next(
        (character for character in name if character not in also and not _is_allowed(character)),
        None,
    )


def has_letter(name: str) -> bool:
    """Whether there is anything to call somebody by."""
    return any(_is_letter(character) for character in name)


def number_name(base: str, taken: Collection[str]) -> str:
    """Return `base`, or the first of `base 2`, `base 3` … that is free."""
    if base not in taken:
        return base
    numbered = (_append(base, number) for number in count(2))
    return next(name for name in numbered if name not in taken)


def _append(base: str, number: int) -> str:
    suffix = f" {number}"
    return base[: NAME_COLUMN - len(suffix)] + suffix


def _is_letter(character: str) -> bool:
    return (
        ord(character) in _IDEOGRAPHIC_PLANES or unicodedata.category(character).startswith("L")
    ) and character not in _INVISIBLE


def _is_allowed(character: str) -> bool:
    if character in _MARKS or _is_letter(character):
        return True
    return character not in _INVISIBLE and unicodedata.category(character).startswith(_CATEGORIES)
