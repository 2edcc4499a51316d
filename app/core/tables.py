"""Tables as files that a spreadsheet opens: CSV with a byte-order mark, or XLSX; row by row.

Nothing is kept but the row at hand, so a table may be as long as it likes. Text is text in a
spreadsheet, whatever it begins with: a team may not be called by a formula.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import BinaryIO, Final
from xml.sax.saxutils import escape

from app.core.clock import BEIJING

Cell = str | int | float | None


class TableFormat(StrEnum):
    """What a table can be written as."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA_TYPES: Final[Mapping[TableFormat, str]] = {
    TableFormat.CSV: "text/csv; charset=utf-8",
    TableFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
LONGEST_CELL: Final = 32_767
"""Letters that a spreadsheet takes in a cell."""
_MARK: Final = "\ufeff"
"""By this Excel knows that a CSV is UTF-8."""
_FORMULAS: Final = tuple("=+-@\t\r\n＝＋－＠")


def write_table(
    out: BinaryIO, kind: TableFormat, heading: Sequence[Cell], rows: Iterable[Sequence[Cell]]
) -> None:
    """Write a table to an open file as CSV or XLSX."""
    _WRITERS[kind](out, heading, rows)


def beijing_cell(instant: datetime | None) -> Cell:
    """Return an instant as a cell whose heading names Beijing time: `2026-06-30 17:00:00`."""
    return None if instant is None else f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _write_csv(out: BinaryIO, heading: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a CSV; text that a spreadsheet would take for a formula is quoted with `'`."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    text.write(_MARK)
    writer = csv.writer(text)
    for row in chain([heading], rows):
        writer.writerow([_harmless(cell) for cell in row])
    text.detach()


def _write_xlsx(out: BinaryIO, heading: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a workbook of one sheet whose heading is bold and stays in sight."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in _PARTS.items():
            archive.writestr(name, part)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(_SHEET.encode())
            sheet.write(_xml_row(heading, ' s="1"'))
            for row in rows:
                sheet.write(_xml_row(row))
            sheet.write(b"</sheetData></worksheet>")


_WRITERS: Final[
    Mapping[TableFormat, Callable[[BinaryIO, Sequence[Cell], Iterable[Sequence[Cell]]], None]]
] = {TableFormat.CSV: _write_csv, TableFormat.XLSX: _write_xlsx}


def _harmless(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULAS) else cell


def _xml_row(row: Sequence[Cell], style: str = "") -> bytes:
    return f"<row>{''.join(_xml_cell(cell, style) for cell in row)}</row>".encode()


def _xml_cell(cell: Cell, style: str) -> str:
    if cell is None:
        return "<c/>"
    if isinstance(cell, str):
        kept = "".join(letter for letter in cell[:LONGEST_CELL] if letter.isprintable())
        return f'<c{style} t="inlineStr"><is><t xml:space="preserve">{escape(kept)}</t></is></c>'
    return f"<c{style}><v>{cell!r}</v></c>"


_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET: Final = (
    f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    '</sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/>'
    '<cols><col min="1" max="60" width="18" customWidth="1"/></cols><sheetData>'
)
_PARTS: Final = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    "</Types>",
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="Baijing" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    "</Relationships>",
    "xl/styles.xml": f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    "</styleSheet>",
}
