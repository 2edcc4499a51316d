"""A statement cut at its headings, so that a page can give each part its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from markdown_it import MarkdownIt

from problems.statements import HEADINGS

_TRADITIONAL: Final = ("賽題背景", "任務", "資料說明", "提交說明", "評測指標", "規則")
_PARSER: Final = MarkdownIt("commonmark").enable("table")
ANCHORS: Final[Mapping[str, str]] = {
    heading: english.lower()
    for headings in (*HEADINGS.values(), _TRADITIONAL)
    for heading, english in zip(headings, HEADINGS["en"], strict=True)
}
"""The fixed headings of every language, and what their parts are called in addresses."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part: its heading, the name it is linked by, and its Markdown without the heading."""

    title: str
    anchor: str
    body: str


def split_statement(markdown: str) -> tuple[Section, ...]:
    """Cut Markdown before every heading of level 2; what stands before the first has no title.

    Headings inside code or quotes do not count: the Markdown is parsed, not searched.
    """
    lines = markdown.splitlines()
    starts: list[tuple[int, int, str]] = [(0, 0, "")]
    tokens = _PARSER.parse(markdown)
    for position, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2" and token.level == 0 and token.map:
            starts.append((token.map[0], token.map[1], tokens[position + 1].content.strip()))
    ends = [start for start, _, _ in starts[1:]] + [len(lines)]
    sections = []
    for number, ((_, body_start, title), end) in enumerate(zip(starts, ends, strict=True)):
        body = "\n".join(lines[body_start:end]).strip()
        if title or body:
            sections.append(Section(title, ANCHORS.get(title, f"part-{number}"), body))
    return tuple(sections)


def find_rules(markdown: str) -> str:
    """Return the Markdown of the rules, or the whole statement where it has no such part."""
    return next(
        (part.body for part in split_statement(markdown) if part.anchor == "rules"), markdown
    )
