"""The rows of a whole board, and of one made of several, for files that a spreadsheet opens."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy.orm import Session

from app.core.i18n import N_, choose_text
from app.core.pagination import PageRequest
from app.core.tables import Cell, beijing_cell
from app.leaderboards.queries import Row, View, list_board, list_pinned

HEADINGS: Final = (N_("Rank"), N_("Team"), N_("Division"))
TAIL: Final = (N_("Entries"), N_("Submitted (Beijing time)"), N_("Last (Beijing time)"))
_AT_ONCE: Final = 1_000


def list_cells(session: Session, view: View) -> Iterator[list[Cell]]:
    """Return every row of a board, ranked ones first, then the organisers' entries."""
    yield from (_cells(row, view) for row in _ranked(session, view))
    yield from (_cells(row, view) for row in list_pinned(session, view))


def column_titles(view: View, locale: str) -> list[str]:
    """Return the titles of the columns that are shown, in a language."""
    return [
        column.key
        if column.title is None
        else choose_text(column.title.model_dump(by_alias=True), locale)
        for column in view.rules.columns
    ]


def _ranked(session: Session, view: View) -> Iterator[Row]:
    number, total = 1, 1
    while (number - 1) * _AT_ONCE < total:
        page = list_board(session, view, PageRequest(number, _AT_ONCE))
        number, total = number + 1, page.total
        yield from page.items


def _cells(row: Row, view: View) -> list[Cell]:
    scores = [row.scores.get(column.key) for column in view.rules.columns]
    times = [beijing_cell(row.submitted_at), beijing_cell(row.last_at)]
    return [row.rank, row.team_name, row.division, *scores, row.entries, *times]
