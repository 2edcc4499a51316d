"""Source text as coloured lines of safe HTML, whoever wrote it."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from markupsafe import Markup
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers.c_cpp import CLexer, CppLexer
from pygments.lexers.configs import IniLexer, TOMLLexer
from pygments.lexers.data import JsonLexer, YamlLexer
from pygments.lexers.python import PythonLexer
from pygments.lexers.shell import BashLexer
from pygments.lexers.special import TextLexer

_LONGEST: Final = 128 << 10
_LEXERS: Final[Mapping[str, type[Lexer]]] = {
    ".c": CLexer,
    ".cc": CppLexer,
    ".cfg": IniLexer,
    ".cpp": CppLexer,
    ".h": CppLexer,
    ".hpp": CppLexer,
    ".ini": IniLexer,
    ".json": JsonLexer,
    ".py": PythonLexer,
    ".pyi": PythonLexer,
    ".sh": BashLexer,
    ".toml": TOMLLexer,
    ".yaml": YamlLexer,
    ".yml": YamlLexer,
}
_FORMATTER: Final = HtmlFormatter(nowrap=True, classprefix="hl-")


def highlight_code(name: str, text: str) -> list[Markup]:
    """Return a file line by line, coloured by classes `hl-…` where its name says what it is.

    The formatter escapes the text, and closes at each line's end what it opened there. What is
    longer than 128 KiB stays plain: colouring it would take long.
    """
    html: str = highlight(text, _lexer(name, text), _FORMATTER)
    return [Markup(line) for line in html.removesuffix("\n").split("\n")]  # noqa: S704 — see above


def _lexer(name: str, text: str) -> Lexer:
    """Return a lexer from a short list, by the name alone: a hostile file chooses no other."""
    kind = _LEXERS.get(PurePosixPath(name).suffix.lower(), TextLexer)
    if len(text) > _LONGEST:
        kind = TextLexer
    return kind(stripnl=False, ensurenl=False)
