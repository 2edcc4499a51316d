"""Fingerprints of code by winnowing, and the parts of two archives that match.

Schleimer, Wilkerson, Aiken: Winnowing: Local Algorithms for Document Fingerprinting (SIGMOD 2003).
Of every `WINDOW` consecutive hashes of `GRAM` tokens the least is kept, so that any run of
`GRAM + WINDOW - 1` equal tokens leaves at least one print in common.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from app.similarity.tokens import Token, tokenise

GRAM: Final = 24
WINDOW: Final = 12
MOST_PRINTS: Final = 4000
"""The least hashes of a larger archive stand for it: the same choice in every archive."""
_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
_NEXT_LINES: Final = 3

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Print:
    """One kept hash and the lines of the file that it covers, from 1."""

    value: int
    path: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Match:
    """Lines of one file that match lines of another."""

    path: str
    first: int
    last: int
    other_path: str
    other_first: int
    other_last: int

    @property
    def lines(self) -> int:
        """How many lines match, on the shorter side."""
        return min(self.last - self.first, self.other_last - self.other_first) + 1


def print_files(files: Mapping[str, str]) -> list[Print]:
    """Return the prints of an archive's source, file by file in the order of their lines."""
    return [one for path, text in files.items() for one in _print_file(path, text)]


def hashes_of(prints: Iterable[Print]) -> Hashes:
    """Return the distinct hashes in order, at most `MOST_PRINTS`."""
    return np.unique(np.asarray([one.value for one in prints], dtype=np.uint64))[:MOST_PRINTS]


def match_prints(
    ours: Sequence[Print], theirs: Sequence[Print], common: frozenset[int]
) -> list[Match]:
    """Return the matching parts, the longest first; hashes that are `common` to many do not count.

    A hash that stands several times in a file is taken at its first place there.
    """
    places: dict[int, Print] = {}
    for one in theirs:
        places.setdefault(one.value, one)
    seen: set[int] = set()
    found: list[Match] = []
    for one in ours:
        other = places.get(one.value)
        if other is None or one.value in common or one.value in seen:
            continue
        seen.add(one.value)
        match = Match(one.path, one.first, one.last, other.path, other.first, other.last)
        if found and _goes_on(found[-1], match):
            found[-1] = _joined(found[-1], match)
        else:
            found.append(match)
    return sorted(found, key=lambda match: -match.lines)


def _print_file(path: str, text: str) -> list[Print]:
    tokens = list(tokenise(text, PurePosixPath(path).suffix))
    if len(tokens) < GRAM:
        return []
    grams = _hash_grams(tokens)
    return [
        Print(int(grams[at]), path, tokens[at].line, tokens[at + GRAM - 1].line)
        for at in _winnow(grams)
    ]


def _hash_grams(tokens: Sequence[Token]) -> Hashes:
    """Return a 64-bit hash of each `GRAM` consecutive tokens."""
    known: dict[str, int] = {}
    for token in tokens:
        if token.kind not in known:
            digest = blake2b(token.kind.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            known[token.kind] = int.from_bytes(digest, "big")
    values = np.asarray([known[token.kind] for token in tokens], dtype=np.uint64)
    powers = np.full(GRAM, _BASE, dtype=np.uint64).cumprod(dtype=np.uint64)
    hashes = (sliding_window_view(values, GRAM) * powers).sum(axis=1, dtype=np.uint64)
    # the sum's low bits follow the tokens' too closely for a fair least one
    hashes = (hashes ^ (hashes >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed: Hashes = hashes ^ (hashes >> np.uint64(29))
    return mixed


def _winnow(grams: Hashes) -> list[int]:
    """Return where the least hash of each window stands, the rightmost of equal ones."""
    width = min(WINDOW, len(grams))
    backwards = sliding_window_view(grams, width)[:, ::-1]
    at = np.arange(len(backwards)) + width - 1 - backwards.argmin(axis=1)
    places: list[int] = np.unique(at).tolist()
    return places


def _goes_on(match: Match, after: Match) -> bool:
    same_files = (match.path, match.other_path) == (after.path, after.other_path)
    return (
        same_files
        and match.first <= after.first <= match.last + _NEXT_LINES
        and match.other_first <= after.other_first <= match.other_last + _NEXT_LINES
    )


def _joined(match: Match, after: Match) -> Match:
    return replace(
        match,
        last=max(match.last, after.last),
        other_last=max(match.other_last, after.other_last),
    )
