"""The wall as HTML: drawn again only when something on it has changed.

A hundred windows twice, as tiles and as a list, are most of the home page's work, and they change
with a score, not with a visitor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from app.core.i18n import Locale
from app.home import wall
from app.home.queries import Window
from app.ui.fragments import render_fragment
from app.ui.i18n import current_locale

_Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The drawing and the list of the same windows."""

    tiles: Markup
    rows: Markup


_LAST: Final[dict[Locale, tuple[_Key, Drawing]]] = {}
"""The last drawing in each language, with what it was made from."""


def draw(windows: Sequence[Window], built: wall.Wall, glyphs: str) -> Drawing:
    """Return the wall in the language of the request; `glyphs` is where its signs are."""
    locale = current_locale()
    key = (glyphs, *map(_facts, windows))
    kept = _LAST.get(locale)
    if kept is not None and kept[0] == key:
        return kept[1]
    drawing = Drawing(
        render_fragment("home/_wall.html", wall=built, geometry=wall),
        render_fragment("home/_wall_list.html", windows=windows, geometry=wall),
    )
    _LAST[locale] = (key, drawing)
    return drawing


def _facts(window: Window) -> _Key:
    """Return all that is drawn of a window."""
    column = window.column
    return (
        *(window.slug, window.area, window.code, window.teams, window.best, window.baseline),
        *(window.moved, column.key, column.decimals, column.direction, column.metric),
        *window.title.items(),
        *(window.owner or {}).items(),
    )
