"""Pages of other platforms as Markdown that fits below the fixed headings of a statement."""

import re
from html.parser import HTMLParser
from typing import Final

from typing_extensions import override

__all__ = ["demote", "html_to_markdown"]

_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING: Final = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_UNDERLINE: Final = re.compile(r" {0,3}(=+|-+)[ \t]*")
_LOWEST: Final = 6
_LONGEST_TAG: Final = 4096
_DEEPEST_LIST: Final = 8
_OWN_LEVEL: Final = 2
_SILENT: Final = frozenset({"script", "style", "head", "title", "template", "noscript"})
_BLOCKS: Final = frozenset(
    {"p", "div", "section", "article", "ul", "ol", "table", "tr", "blockquote", "hr", "header"}
)
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_MARKS: Final = {"strong": "**", "b": "**", "em": "*", "i": "*", "code": "`"}


def demote(markdown: str) -> str:
    """Return Markdown whose headings begin at level 3, code left as it is."""
    lines: list[str] = []
    fence = ""
    for line in markdown.splitlines():
        fenced = _FENCE.match(line)
        if fenced and (not fence or fenced[1].startswith(fence)):
            fence = "" if fence else fenced[1]
            lines.append(line)
        elif fence:
            lines.append(line)
        else:
            _add_line(lines, line)
    if fence:
        lines.append(fence)
    return "\n".join(lines).strip()


def _add_line(lines: list[str], line: str) -> None:
    heading = _HEADING.match(line)
    if heading:
        level = min(_LOWEST, len(heading[1]) + _OWN_LEVEL)
        title = line[heading.end() :].strip().rstrip("#").strip()
        lines.append(f"{'#' * level} {title}" if title else "")
    elif _UNDERLINE.fullmatch(line) and lines and _is_text(lines[-1]):
        level = 1 if "=" in line else _OWN_LEVEL
        lines[-1] = f"{'#' * (level + _OWN_LEVEL)} {lines[-1].strip()}"
    else:
        lines.append(line)


def _is_text(line: str) -> bool:
    return bool(line.strip()) and not re.match(r"\s*([#>|*+-]|\d+[.)])", line)


def html_to_markdown(html: str) -> tuple[str, list[str]]:
    """Return a page as Markdown, and the sources of its pictures, which are left out.

    What is no heading, paragraph, list, link, emphasis or code becomes its text.
    """
    reader = _Reader()
    reader.feed(_tame(html))
    reader.close()
    text = "\n".join(line.rstrip() for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip(), reader.pictures


def _tame(html: str) -> str:
    """Leave out comments, and write as text each `<` that opens no short tag.

    The library's parser takes minutes over tags that never end.
    """
    before, *comments = html.split("<!--")
    spoken = [before, *(comment.partition("-->")[2] for comment in comments)]
    first, *pieces = "".join(spoken).split("<")
    tamed = [first]
    for piece in pieces:
        ends = 0 <= piece.find(">") <= _LONGEST_TAG
        tamed.append(f"<{piece}" if ends else f"&lt;{piece}")
    return "".join(tamed)


class _Reader(HTMLParser):
    """Writes Markdown while it reads."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.pictures: list[str] = []
        self._silent = 0
        self._pre = False
        self._lists: list[str] = []
        self._links: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag in _SILENT:
            self._silent += 1
        elif tag in _HEADINGS:
            self._break(f"{'#' * _HEADINGS[tag]} ")
        elif tag == "img":
            self.pictures.append(found.get("src", "")[:200])
        elif tag == "pre":
            self._break("```\n")
            self._pre = True
        elif tag == "br":
            self.parts.append("\n" if self._pre else "\\\n")
        else:
            self._start_inline(tag, found)

    def _start_inline(self, tag: str, found: dict[str, str]) -> None:
        if tag in {"ul", "ol"}:
            self._lists.append(tag)
        if tag == "li":
            depth = min(_DEEPEST_LIST, max(0, len(self._lists) - 1))
            sign = "1." if self._lists[-1:] == ["ol"] else "-"
            self.parts.append(f"\n{'   ' * depth}{sign} ")
        elif tag == "a":
            self._links.append(found.get("href", ""))
            self.parts.append("[")
        elif tag in {"td", "th"}:
            self.parts.append(" ")
        elif tag in _MARKS and not self._pre:
            self.parts.append(_MARKS[tag])
        elif tag in _BLOCKS and not self._lists:
            self._break()

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "pre":
            self._pre = False
            self.parts.append("\n```\n\n")
        elif tag in {"ul", "ol"} and self._lists:
            self._lists.pop()
            self._break()
        elif tag == "a" and self._links:
            self.parts.append(f"]({_safe_link(self._links.pop())})")
        elif tag in _MARKS and not self._pre:
            self.parts.append(_MARKS[tag])
        elif tag in _HEADINGS or (tag in _BLOCKS and not self._lists):
            self._break()

    @override
    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data if self._pre else re.sub(r"\s+", " ", data))

    def _break(self, text: str = "") -> None:
        self.parts.append(f"\n\n{text}")


def _safe_link(target: str) -> str:
    """Keep links that lead somewhere by themselves; what is relative lay on the other platform."""
    target = re.sub(r"[\s()<>]", "", target)
    return target if re.match(r"(https?|mailto):", target) else "#"
