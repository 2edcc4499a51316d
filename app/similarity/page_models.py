"""What the page of a pair shows: the matching code beside each other, and where answers agree."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final

from markupsafe import Markup

from app.core.blobs import BlobStore
from app.similarity.code_prints import Match, hashes_of, match_prints, print_files
from app.similarity.comparing import common_hashes
from app.similarity.reading import Entry, code_or_nothing, places_or_nothing
from app.ui.highlight import highlight_code

MOST_PARTS: Final = 12
MOST_LINES: Final = 80
MOST_PLACES: Final = 20
CELLS: Final = 100
MOST_ANSWER_BYTES: Final = 4 << 20
"""A larger answer is not read for a page; the share that was worked out stands for it."""
_DIGITS: Final = re.compile(r"([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some lines of a file as safe HTML, each with its number."""

    path: str
    lines: Sequence[tuple[int, Markup]]
    more: int


@dataclass(frozen=True, slots=True)
class Part:
    """The same part in both programs."""

    lines: int
    first: Excerpt
    second: Excerpt


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the answers and what each says there."""

    name: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """Where two answers say the same."""

    total: int
    same: int
    cells: Sequence[float]
    """The share that is the same in each of up to a hundred stretches of the places, in order."""
    apart: Sequence[Place]
    """The first places at which they differ."""


def match_code(
    blobs: BlobStore, first: Entry, second: Entry, given: Sequence[str]
) -> tuple[list[Part], int]:
    """Return the longest matching parts of two programs, and how many more there are."""
    ours, theirs = (code_or_nothing(blobs, one.code_blob) for one in (first, second))
    starters = [hashes_of(print_files(code_or_nothing(blobs, digest))) for digest in given]
    common = frozenset(common_hashes({}, starters).tolist())
    matches = match_prints(print_files(ours), print_files(theirs), common)
    lit: dict[tuple[int, str], list[Markup]] = {}

    def excerpt(side: int, files: Mapping[str, str], path: str, start: int, end: int) -> Excerpt:
        if (side, path) not in lit:
            lit[side, path] = highlight_code(path, files[path])
        shown = min(end, start + MOST_LINES - 1)
        lines = lit[side, path][start - 1 : shown]
        return Excerpt(path, list(enumerate(lines, start)), end - shown)

    def part(match: Match) -> Part:
        return Part(
            match.lines,
            excerpt(0, ours, match.path, match.first, match.last),
            excerpt(1, theirs, match.other_path, match.other_first, match.other_last),
        )

    return [part(one) for one in matches[:MOST_PARTS]], max(0, len(matches) - MOST_PARTS)


def match_answers(blobs: BlobStore, first: Entry, second: Entry) -> Agreement | None:
    """Return where two answers agree; None where one of them cannot be read for a page."""
    ours = places_or_nothing(blobs, first, MOST_ANSWER_BYTES)
    theirs = places_or_nothing(blobs, second, MOST_ANSWER_BYTES)
    if not ours or not theirs:
        return None
    names = sorted({**ours, **theirs}, key=_by_number)
    same = [ours.get(name) == theirs.get(name) for name in names]
    apart = (
        Place(name, ours.get(name, ""), theirs.get(name, ""))
        for name, equal in zip(names, same, strict=True)
        if not equal
    )
    return Agreement(len(names), sum(same), _cells(same), list(islice(apart, MOST_PLACES)))


def _cells(same: Sequence[bool]) -> list[float]:
    count = min(CELLS, len(same))
    edges = [len(same) * cell // count for cell in range(count + 1)]
    return [sum(same[a:b]) / (b - a) for a, b in pairwise(edges)]


def _by_number(name: str) -> list[tuple[int, int, str]]:
    """Sort `r2` before `r10`."""
    parts = (part for part in _DIGITS.split(name) if part)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
