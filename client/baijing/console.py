"""What the person sees: texts, tables, one JSON object, progress on a terminal alone."""

import json
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TextIO

from baijing.errors import ClientError
from baijing.texts import clean, say

SPEED_AFTER_S: Final = 0.5
WIDE: Final = frozenset({"W", "F"})


@dataclass(frozen=True, slots=True)
class Console:
    """Answers go to `out`, everything else to `err`; with `as_json` the answer is one object."""

    out: TextIO
    err: TextIO
    language: str
    as_json: bool = False
    began: dict[str, tuple[float, int]] = field(default_factory=dict)
    """When a transfer was first drawn, and how far it was then."""

    def tell(self, text: str, params: Mapping[str, object] | None = None) -> None:
        """Print a sentence of ours beside the answer."""
        print(say(text, self.language, params), file=self.err)

    def answer(self, value: Mapping[str, Any], text: str) -> None:
        """Print the answer: as JSON, or as text from which control characters are removed."""
        if self.as_json:
            # escaped, so that nothing in it can steer a terminal
            print(json.dumps(value, ensure_ascii=True, indent=2), file=self.out)
        elif text:
            print(clean(text), file=self.out)

    def write(self, text: str) -> None:
        """Print a piece of a log as it comes."""
        self.err.write(clean(text))
        self.err.flush()

    def fail(self, error: ClientError) -> None:
        """Print a failure and what it says about single lines."""
        told = say(error.text, self.language, error.params)
        if self.as_json:
            issues = [
                {"loc": one.loc, "line": one.line, "message": one.message} for one in error.issues
            ]
            shown = {
                "error": {
                    "code": error.code,
                    "message": told,
                    "exit": int(error.exit),
                    "errors": issues,
                }
            }
            print(json.dumps(shown, ensure_ascii=True, indent=2), file=self.err)
            return
        print(told, file=self.err)
        for issue in error.issues:
            where = issue.loc if issue.line is None else self._line(issue.line)
            print(f"  {clean(where)}: {clean(issue.message)}", file=self.err)

    def _line(self, line: int) -> str:
        return say("line %(line)s", self.language, {"line": line})

    def progress(self, name: str, done: int, total: int) -> None:
        """Draw how far a transfer has come, over itself; nothing where `err` is no terminal."""
        if not self.err.isatty() or self.as_json:
            return
        share = done / total if total else 1.0
        speed = self._speed(name, done)
        end = "\n" if done >= total else ""
        self.err.write(f"\r{clean(name)[:40]}  {share:4.0%}  {done:,} / {total:,} B{speed}{end}")
        self.err.flush()

    def _speed(self, name: str, done: int) -> str:
        """Return how fast this call of the client sends or brings a file; empty at first."""
        now = time.monotonic()
        at, before = self.began.setdefault(name, (now, done))
        if now - at < SPEED_AFTER_S:
            return ""
        return f"  {(done - before) / (now - at) / (1 << 20):.1f} MiB/s"


def draw_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return columns aligned by what characters occupy: a Chinese one takes two places."""
    # a cell must not begin a line of its own
    cells = [[clean(str(cell)).replace("\n", " ") for cell in row] for row in (head, *rows)]
    widths = [max(width_of(cell) for cell in column) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(
            cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=True)
        )
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def width_of(text: str) -> int:
    """Return how many places of a terminal a text takes."""
    return sum(1 + (unicodedata.east_asian_width(character) in WIDE) for character in text)
