"""The two statements of a pack: fixed level 2 headings, each with something below it."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from problems.issues import PackIssue

__all__ = ["HEADINGS", "check_statement", "split_statement"]

HEADINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "zh-Hans": ("赛题背景", "任务", "数据说明", "提交说明", "评测指标", "规则"),
    "en": ("Background", "Task", "Data", "Submission", "Metrics", "Rules"),
}
_HEADING: Final = re.compile(r" {0,3}##(?!#)[ \t]*(.*?)[ \t]*#*[ \t]*")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")


def check_statement(text: str, locale: str, file: str) -> Iterator[PackIssue]:
    """Yield what is wrong with one statement."""
    headings = HEADINGS[locale]
    order = " · ".join(headings)
    found: list[str] = []
    for name, line, is_empty in _sections(text):
        if name not in headings:
            yield PackIssue(file, line, "", "heading_unknown", {"name": name, "allowed": order})
            continue
        if name in found:
            yield PackIssue(file, line, "", "heading_repeated", {"name": name})
        elif found and headings.index(name) < headings.index(found[-1]):
            yield PackIssue(file, line, "", "heading_order", {"name": name, "allowed": order})
        if is_empty:
            yield PackIssue(file, line, "", "section_empty", {"name": name})
        found.append(name)
    for name in headings:
        if name not in found:
            yield PackIssue(file, 0, "", "heading_missing", {"name": name})


def split_statement(text: str) -> dict[str, str]:
    """Return what stands below each level 2 heading of a valid statement, by heading."""
    parts: dict[str, list[str]] = {}
    lines = text.splitlines()
    starts = [(name, line) for name, line, _ in _sections(text)]
    ends = [line for _, line in starts[1:]] + [len(lines) + 1]
    for (name, start), end in zip(starts, ends, strict=True):
        parts[name] = lines[start : end - 1]
    return {name: "\n".join(part).strip() for name, part in parts.items()}


def _sections(text: str) -> Iterator[tuple[str, int, bool]]:
    """Yield each level 2 heading outside code fences: name, line, whether nothing follows."""
    name, at, empty, fence = "", 0, True, ""
    for number, line in enumerate(text.splitlines(), start=1):
        fenced = _FENCE.match(line)
        if fenced and (not fence or fenced[1].startswith(fence)):
            fence = "" if fence else fenced[1]
        heading = None if fence else _HEADING.fullmatch(line)
        if heading:
            if name:
                yield name, at, empty
            name, at, empty = heading[1], number, True
        elif line.strip():
            empty = False
    if name:
        yield name, at, empty
