"""A whole board as a file that a spreadsheet opens: CSV with a byte-order mark, or XLSX."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Final
from xml.sax.saxutils import escape

from sqlalchemy.orm import Session

from app.core.clock import BEIJING
from app.core.i18n import N_, choose_text
from app.core.pagination import PageRequest
from app.leaderboards.queries import Row, View, list_board, list_pinned

Cell = str | int | float | None
HEADINGS: Final = (N_("Rank"), N_("Team"), N_("Division"))
TAIL: Final = (N_("Entries"), N_("Submitted (Beijing time)"), N_("Last (Beijing time)"))
_AT_ONCE: Final = 1_000
_MARK: Final = "\ufeff"
"""By this Excel knows that a CSV is UTF-8."""
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")


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


def write_csv(heading: Sequence[Cell], rows: Iterator[list[Cell]]) -> bytes:
    """Return a CSV; text that a spreadsheet would take for a formula is quoted with `'`."""
    text = io.StringIO(_MARK)
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text)
    for row in chain([list(heading)], rows):
        writer.writerow([_harmless(cell) for cell in row])
    return text.getvalue().encode()


def write_xlsx(heading: Sequence[Cell], rows: Iterator[list[Cell]]) -> bytes:
    """Return a workbook of one sheet; text is text there, whatever it begins with."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, text)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(_SHEET.encode())
            for row in chain([list(heading)], rows):
                sheet.write(f"<row>{''.join(map(_xml_cell, row))}</row>".encode())
            sheet.write(b"</sheetData></worksheet>")
    return packed.getvalue()


def _ranked(session: Session, view: View) -> Iterator[Row]:
    number, total = 1, 1
    while (number - 1) * _AT_ONCE < total:
        page = list_board(session, view, PageRequest(number, _AT_ONCE))
        number, total = number + 1, page.total
        yield from page.items


def _cells(row: Row, view: View) -> list[Cell]:
    scores = [row.scores.get(column.key) for column in view.rules.columns]
    times = [_beijing(row.submitted_at), _beijing(row.last_at)]
    return [row.rank, row.team_name, row.division, *scores, row.entries, *times]


def _beijing(instant: datetime) -> str:
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _harmless(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULAS) else cell


def _xml_cell(cell: Cell) -> str:
    if cell is None:
        return "<c/>"
    if isinstance(cell, str):
        kept = "".join(letter for letter in cell if letter.isprintable())
        return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(kept)}</t></is></c>'
    return f"<c><v>{cell!r}</v></c>"


_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET: Final = f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'
_PARTS: Final = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    "</Types>",
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="Leaderboard" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    "</Relationships>",
}
