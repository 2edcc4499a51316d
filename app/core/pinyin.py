"""Chinese text as pinyin, to search and sort by: made once, when the text is written."""

import re
from collections.abc import Iterable
from typing import Final

_CHINESE: Final = re.compile(r"[\u3400-\u9fff\U00020000-\U0003134f]+")


def to_search(texts: Iterable[str]) -> str:
    """Return, a line for each run of Chinese, its syllables in one word and their initials.

    `缺陷分类` becomes `quexianfenlei qxfl`: both are found by any part of them.
    """
    lines = []
    for run in dict.fromkeys(run for text in texts for run in _CHINESE.findall(text)):
        syllables = _syllables(run)
        lines.append("".join(syllables) + " " + "".join(one[0] for one in syllables))
    return "\n".join(lines)


def to_sort(text: str) -> str:
    """Return what orders Chinese titles as a dictionary does, Latin ones among them."""
    return " ".join(one.strip().lower() for one in _syllables(text) if one.strip())


def _syllables(text: str) -> list[str]:
    # its dictionary takes half a second to load, and few processes ever write a Chinese name
    from pypinyin import lazy_pinyin  # noqa: PLC0415

    return [one for one in lazy_pinyin(text) if one]
