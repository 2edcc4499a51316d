"""Markdown with tables and formulas to safe HTML: whatever is not on the list is removed."""

import re
from functools import lru_cache
from html import escape
from typing import Final

import nh3
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

_LONGEST_FORMULA: Final = 2000
# fmt: off
_PROSE: Final = frozenset((
    "a", "abbr", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "img", "li", "ol", "p", "pre", "s", "strong", "sub", "sup",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
))
_MATH: Final = frozenset((
    "math", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom", "mroot",
    "mrow", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr",
    "munder", "munderover",
))
_MATH_ATTRIBUTES: Final = frozenset((
    "accent", "columnalign", "columnspacing", "displaystyle", "fence", "height", "linethickness",
    "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "rowspacing", "rspace",
    "scriptlevel", "separator", "stretchy", "symmetric", "width",
))
# fmt: on
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "code": {"class"},
    "img": {"src", "alt", "title"},
    "math": {"display", "xmlns"},
    "ol": {"start"},
    **{name: {"id"} for name in ("h2", "h3", "h4")},
    **{name: set(_MATH_ATTRIBUTES) for name in _MATH - {"math"}},
}
_CELL_ALIGNMENT: Final = re.compile(r' style="text-align:(left|center|right)"')


def _formula(latex: str, options: "dict[str, bool]") -> str:
    display = "block" if options.get("display_mode") else "inline"
    if len(latex) > _LONGEST_FORMULA:
        return f"<code>{escape(latex)}</code>"
    try:
        return str(convert(latex, display=display))
    except Exception:  # noqa: BLE001 — the converter raises many kinds; the source is shown instead
        return f"<code>{escape(latex)}</code>"


def _slug(title: str) -> str:
    return re.sub(r"\W+", "-", title.strip().lower()).strip("-")


_PARSER: Final = (
    MarkdownIt("commonmark", {"html": False})
    .enable(["table", "strikethrough"])
    .use(dollarmath_plugin, renderer=_formula, double_inline=True)
    .use(anchors_plugin, max_level=4, min_level=2, slug_func=_slug)
)
_CLEANER: Final = nh3.Cleaner(
    tags=set(_PROSE | _MATH),
    attributes={**_ATTRIBUTES, "td": {"align"}, "th": {"align"}},
    allowed_classes={},
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow",
    # ids of the page itself must not be imitated
    id_prefix="s-",
)


@lru_cache(maxsize=256)
def render_markdown(text: str) -> str:
    """Return the HTML of untrusted Markdown: no script, style, form, frame or event handler."""
    html = _CELL_ALIGNMENT.sub(r' align="\1"', _PARSER.render(text))
    return _CLEANER.clean(html)
