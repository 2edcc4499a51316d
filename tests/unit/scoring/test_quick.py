"""The fast reader takes a table only where the careful one does, with the same values."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scoring import quick, tables
from scoring.columnar import ColumnarRecords
from scoring.errors import InvalidSubmission
from scoring.formats import Format
from scoring.quick import QuickTable, read_text_table, typed_table
from scoring.records import CELL_LIMIT, Records
from scoring.spec import ColumnType
from scoring.tables import open_text, read_records
from tests.unit.scoring.tables_under_test import codes, table, write

COLUMNS: Mapping[str, ColumnType] = {
    name: ColumnType.model_validate(kind)
    for name, kind in {
        "id": {"type": "string"},
        "label": {"type": "category", "values": ("ok", "1", "true")},
        "score": {"type": "number", "min": -2, "max": 1e300},
        "count": {"type": "integer", "max": 9},
        "flag": {"type": "boolean"},
        "perhaps": {"type": "integer", "nullable": True},
    }.items()
}
GOOD = ("a", "ok", "0.5", "1", "true", "7")
HEADER = ",".join(COLUMNS)
NUMBERS = ("0.5", "1", "-0", "+1", " 1", "1 ", "\t1", "1e5", ".5", "5.", "1e999", "-1e-400", "nan")
WORDS = ("inf", "0x10", "0X1p3", "1_0", "１", "9999999999999999999", "007", "3.0", "TRUE", "True")
TEXTS = ("a", "b", "ok", "true", "tRuE", "0", "", " ", "\u3000", "é", '"', "null", "NA")
QUOTED = ('"a"', '"0.5"', '"7"', '"ok"', '""', '"a,b"', '"a""b"', '"a" ', ' "a"', '"a\nb"', 'a"b"')
CELLS = st.one_of(st.sampled_from(NUMBERS + WORDS + TEXTS + QUOTED), st.text(max_size=4))
ROWS = st.lists(
    st.one_of(
        st.just(",".join(GOOD)),
        st.tuples(st.integers(0, 5), CELLS).map(
            lambda change: ",".join(
                change[1] if place == change[0] else cell for place, cell in enumerate(GOOD)
            )
        ),
        st.lists(CELLS, max_size=7).map(",".join),
    ),
    min_size=1,
    max_size=3,
)
ENDS = st.sampled_from(["\n", "\r\n", "\n\n", "\r"])


def careful(records: Records) -> tables.Table | None:
    try:
        return read_records(records, COLUMNS, ("id",), exact=True)
    except InvalidSubmission:
        return None


def agree(quick: QuickTable | None, answer: tables.Table | None) -> None:
    if quick is None:
        return
    assert answer is not None
    for name in COLUMNS:
        found, expected = quick.columns[name], answer.columns[name]
        assert found.dtype == expected.dtype
        assert found.tolist() == expected.tolist()
        if name == "score":
            assert [str(value) for value in found] == [str(value) for value in expected]
    assert answer.lines.tolist() == [quick.first_line + row for row in range(quick.rows)]


@given(ROWS, ENDS, st.booleans())
@example(rows=[",".join(GOOD)], end="\n", last=True)
@example(rows=["0x1,1,0x1,0x1,1,0x1"], end="\n", last=True)
@example(rows=[",".join(GOOD) + "\0"], end="\n", last=True)
def test_text(rows: list[str], end: str, last: bool) -> None:
    text = end.join([HEADER, *rows]) + (end if last else "")
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), text.encode("utf-8", "surrogatepass"))
        found = read_text_table(path, ",", COLUMNS, exact=True)
        try:
            records = open_text(path, Format.CSV)
        except InvalidSubmission:
            assert found is None
            return
        agree(found, careful(records))


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 62), 1 << 62),
    st.floats(),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4),
    st.sampled_from(NUMBERS + WORDS + TEXTS),
)


@given(st.data())
def test_typed_columns(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 3))
    arrays = {}
    for name, cell in zip(COLUMNS, ("a", "ok", 0.5, 1, True, 7), strict=True):
        values = data.draw(st.lists(VALUES, min_size=rows, max_size=rows))
        kinds = {type(value) for value in values if value is not None}
        arrays[name] = values if len(kinds) == 1 and data.draw(st.booleans()) else [cell] * rows
    plain = pa.table({name: _plain(values) for name, values in arrays.items()})

    agree(
        typed_table(plain, COLUMNS, first_line=1),
        careful(ColumnarRecords(list(COLUMNS), plain)),
    )


def _plain(values: list[object]) -> pa.Array:
    array = pa.array(values)
    return array.cast(pa.large_string()) if pa.types.is_string(array.type) else array


@pytest.mark.parametrize("mark", [",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("header", [HEADER, "\ufeff" + HEADER, f'"{HEADER}"'.replace(",", '","')])
@pytest.mark.parametrize("row", [",".join(GOOD), '"a","ok",0.5,"1",true,"7"'])
@pytest.mark.parametrize("blank", [0, 3])
def test_what_tools_write_is_read_fast(
    tmp_path: Path, mark: str, end: str, header: str, row: str, blank: int
) -> None:
    text = end.join([header, row, row, *[""] * blank]).replace(",", mark)

    found = read_text_table(write(tmp_path, text), mark, COLUMNS, exact=True)
    assert found is not None
    assert found.rows == 2
    assert found.columns["perhaps"].tolist() == [7.0, 7.0]
    assert list(found.columns) == list(COLUMNS)
    assert len(found.columns) == len(COLUMNS)


def test_columns_that_nobody_wants_are_skipped(tmp_path: Path) -> None:
    path = write(tmp_path, "x,id,x\n1,a,2\n")
    wanted = {"id": COLUMNS["id"]}

    found = read_text_table(path, ",", wanted, exact=False)
    assert found is not None
    assert found.columns["id"].tolist() == ["a"]
    assert read_text_table(path, ",", wanted, exact=True) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"id",
        b"\xff\xfe\n",
        b'"id\n',
        HEADER.encode() + b"\n",
        HEADER.encode() + b"\n" + b"\xff,ok,0.5,1,true,7\n",
        HEADER.encode() + b"\na,ok,0." + b"0" * CELL_LIMIT + b",1,true,7\n",
        HEADER.encode() + b"\n" + b"a" * (CELL_LIMIT + 1) + b",ok,0.5,1,true,7\n",
    ],
)
def test_what_is_doubtful_is_left(tmp_path: Path, content: bytes) -> None:
    assert read_text_table(write(tmp_path, content), ",", COLUMNS, exact=True) is None


def test_quotes_are_read_where_each_is_around_a_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quick, "_BLOCK", 8)
    rows = ['"a,b","ok",0.5,1,1,7', 'c,ok,"0.5",1,1,7', '"d",ok,1,1,1,"7"']
    found = read_text_table(write(tmp_path, "\n".join([HEADER, *rows])), ",", COLUMNS, exact=True)
    assert found is not None
    assert found.columns["id"].tolist() == ["a,b", "c", "d"]
    for odd in ('"a\n",ok,1,1,1,7', 'a"b",ok,1,1,1,7', '"a" ,ok,1,1,1,7', '"a""b",ok,1,1,1,7', '"'):
        text = "\n".join([HEADER, *rows, odd])
        assert read_text_table(write(tmp_path, text), ",", COLUMNS, exact=True) is None


def test_a_link_is_left(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(write(tmp_path, HEADER))

    assert read_text_table(tmp_path / "link", ",", COLUMNS, exact=True) is None


BIG = table(id={"type": "string"}, score={"type": "number"})
ROW_COUNT = 30_000


@pytest.mark.parametrize("kind", [Format.CSV, Format.PARQUET])
def test_large_tables_go_the_fast_way_and_faults_the_careful_one(
    tmp_path: Path, kind: Format
) -> None:
    ids = [f"r{row:05d}" for row in range(ROW_COUNT)]
    good = tables.read_answer(_file(tmp_path, kind, ids), BIG)
    assert set(good.texts) == {"id"}
    assert good.columns["id"].tolist() == ids

    ids[-1] = ids[0]
    with pytest.raises(InvalidSubmission) as caught:
        tables.read_answer(_file(tmp_path, kind, ids), BIG)
    last = ROW_COUNT + (kind is Format.CSV)
    assert codes(caught.value.messages) == [("duplicate_ids", last)]

    ids[7] = ""
    with pytest.raises(InvalidSubmission) as caught:
        tables.read_answer(_file(tmp_path, kind, ids), BIG)
    assert codes(caught.value.messages) == [("empty_cell", 8 + (kind is Format.CSV))]


def _file(folder: Path, kind: Format, ids: list[str]) -> Path:
    if kind is Format.CSV:
        return write(folder, "id,score\n" + "".join(f"{name},0.5\n" for name in ids))
    path = folder / "answer"
    with pa.OSFile(str(path), "wb") as sink:
        from pyarrow import parquet  # noqa: PLC0415

        parquet.write_table(pa.table({"id": ids, "score": [0.5] * len(ids)}), sink)
    return path
