"""Source code of any language as tokens that survive renaming, re-formatting and new comments.

Untrusted text of a bounded length: every pattern below consumes what it has looked at, so that no
text takes more than linear time.
"""

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_HASH_COMMENTS: Final = frozenset({".py", ".pyi", ".sh", ".r", ".jl", ".yaml", ".yml", ".toml"})
_PATTERN: Final = (
    r"(?P<comment>{comment}[^\n]*)"
    r"|(?P<string>\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.)*'?)"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<mark>[^\s\w])"
)
_BY_HASH: Final = re.compile(_PATTERN.format(comment=r"\#"))
_BY_SLASHES: Final = re.compile(_PATTERN.format(comment="//"))
_KEPT: Final = frozenset(keyword.kwlist)


@dataclass(frozen=True, slots=True)
class Token:
    """What a piece of source is when names of one's own choice do not count, and its line."""

    kind: str
    line: int


def tokenise(text: str, suffix: str) -> Iterator[Token]:
    """Yield a file's tokens; `suffix` ("." included) tells how comments begin.

    Names become one token but for keywords and what follows a dot: a thief can rename a variable,
    not a library's method. Every string and every number is one token as well.
    """
    pattern = _BY_HASH if suffix.lower() in _HASH_COMMENTS else _BY_SLASHES
    line, seen, after_dot = 1, 0, False
    for match in pattern.finditer(text):
        line += text.count("\n", seen, match.start())
        seen = match.start()
        kind, found = match.lastgroup, match.group()
        if kind == "comment":
            continue
        if kind == "name":
            yield Token(found if after_dot or found in _KEPT else "name", line)
        else:
            yield Token(found if kind == "mark" else str(kind), line)
        after_dot = found == "."
