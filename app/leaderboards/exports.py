"""The rows of a whole board, and of one made of several, for files that a spreadsheet opens."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy.orm import Session

from app.core.api import translate
from app.core.i18n import N_, choose_text
from app.core.pagination import PageRequest
from app.core.tables import Cell, beijing_cell
from app.leaderboards.queries import Row, View, list_board, list_pinned
from scoring import BoardColumn

HEADINGS: Final = (N_("Rank"), N_("Team"), N_("Division"))
TAIL: Final = (N_("Entries"), N_("Submitted (Beijing time)"), N_("Last (Beijing time)"))
RAW: Final = N_("found, for staff alone")
_AT_ONCE: Final = 1_000


def list_cells(session: Session, view: View) -> Iterator[list[Cell]]:
    """Return every row of a board, ranked ones first, then the organisers' entries."""
    yield from (_cells(row, view) for row in _ranked(session, view))
    yield from (_cells(row, view) for row in list_pinned(session, view))


def column_titles(view: View, locale: str) -> list[str]:
    """Return the titles of the columns that are shown, in a language."""
    raw = [
        f"{_title(column, locale)} ({translate(RAW, locale, {})})" for column in view.raw_columns
    ]
    return [*(_title(column, locale) for column in view.columns), *raw]


def _title(column: BoardColumn, locale: str) -> str:
    if column.title is None:
        return column.key
    return choose_text(column.title.model_dump(by_alias=True), locale)


def _ranked(session: Session, view: View) -> Iterator[Row]:
    number, total = 1, 1
    while (number - 1) * _AT_ONCE < total:
        page = list_board(session, view, PageRequest(number, _AT_ONCE))
        number, total = number + 1, page.total
        yield from page.items


def _cells(row: Row, view: View) -> list[Cell]:
    scores = [row.scores.get(column.key) for column in view.columns]
    scores += [(row.raw or {}).get(column.key) for column in view.raw_columns]
    times = [beijing_cell(row.submitted_at), beijing_cell(row.last_at)]
    return [row.rank, row.team_name, row.division, *scores, row.entries, *times]
