"""Traditional Chinese, made from Simplified by OpenCC with Taiwan's words and our own review list.

The list (`traditional.tsv`) holds what OpenCC would say in another way than the people who read it;
`make lint` refuses an entry that nothing uses or that OpenCC says by itself.
"""

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from opencc import OpenCC

REVIEWED: Final = Path(__file__).with_name("traditional.tsv")
"""`simplified⇥traditional`, one a line; `#` begins a remark."""
_CODE: Final = re.compile(
    r"(^(`{3,}|~{3,}).*?^\2[`~]*\s*$|(`+)(?!`).+?(?<!`)\3(?!`))", re.MULTILINE | re.DOTALL
)


@cache
def reviewed() -> dict[str, str]:
    """Return the review list: our own words by their Simplified form."""
    lines = REVIEWED.read_text("utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return dict(pairs)


@lru_cache(maxsize=4096)
def to_traditional(text: str) -> str:
    """Return Simplified Chinese in Traditional; text in other scripts comes back as it is."""
    if text.isascii():
        return text
    ours = reviewed()
    parts = _reviewed_words().split(text)
    return "".join(ours.get(part) or convert(part) for part in parts)


@lru_cache(maxsize=512)
def markdown_to_traditional(markdown: str) -> str:
    """Return Markdown in Traditional Chinese; code, with its file names and values, stays."""
    pieces = []
    end = 0
    for found in _CODE.finditer(markdown):
        pieces += [to_traditional(markdown[end : found.start()]), found.group()]
        end = found.end()
    return "".join([*pieces, to_traditional(markdown[end:])])


def convert(text: str) -> str:
    """Return what OpenCC alone makes of a text."""
    return str(_converter().convert(text)) if text else ""


@cache
def _converter() -> OpenCC:
    # read when the first reader asks: a worker or a command never needs the dictionaries
    return OpenCC("s2twp")


@cache
def _reviewed_words() -> re.Pattern[str]:
    longest_first = sorted(reviewed(), key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest_first))})")
