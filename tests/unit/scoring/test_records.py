"""The fast reader and `csv` must agree on every text without quotes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import records
from scoring.messages import Message
from scoring.records import BadTableError, open_records


def everything(
    reader: records.Records,
) -> tuple[list[str], list[tuple[int, tuple[str, ...]]], list[Message]]:
    complaints: list[Message] = []
    rows: list[tuple[int, tuple[str, ...]]] = []
    header, line = reader.header()
    rows.append((line, tuple(header)))
    try:
        for chunk in reader.chunks(len(header), complaints.append):
            cells = zip(*chunk.columns, strict=True)
            rows += [(int(at), row) for at, row in zip(chunk.lines, cells, strict=True)]
    except BadTableError as error:
        complaints.append(error.message)
    return header, rows, complaints


@given(st.text(alphabet="ab,\n 0é\u2028", max_size=60))
def test_both_ways_agree(text: str) -> None:
    assert everything(records._Plain(text)) == everything(records._Quoted(text))  # noqa: SLF001


@pytest.mark.parametrize("size", [1, 2, 3])
def test_chunks_join_seamlessly(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    text = "a,b\n1,2\n\n3,4\n5\n6,7\n\n"
    whole = everything(open_records(text))
    monkeypatch.setattr(records, "CHUNK_ROWS", size)

    assert everything(open_records(text)) == whole
    assert [line for line, _ in whole[1]] == [1, 2, 4, 6]
    assert [(message.code, message.line) for message in whole[2]] == [("field_count", 5)]


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_quoted_cells_keep_the_count_of_lines(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(records, "CHUNK_ROWS", size)
    _, rows, complaints = everything(open_records('a,b\n"x\ny","1,5"\n\n"p ""q""",2\n'))

    assert rows == [(1, ("a", "b")), (2, ("x\ny", "1,5")), (5, ('p "q"', "2"))]
    assert complaints == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a,b\n1,"2\n3,4\n', ("bad_quotes", 2)),
        ('a,b\n1,2\n"3"4,5\n', ("bad_quotes", 3)),
        ("a,b\n1,2\n3," + "x" * (records.CELL_LIMIT + 1) + "\n", ("field_too_long", 3)),
        ('a,b\n"1",2\n3,' + "x" * (records.CELL_LIMIT + 1) + "\n", ("field_too_long", 3)),
    ],
)
def test_reading_stops_where_it_is_no_csv(text: str, expected: tuple[str, int]) -> None:
    _, _, complaints = everything(open_records(text))

    assert [(message.code, message.line) for message in complaints] == [expected]


def test_line_ends_of_every_system_count_alike() -> None:
    lines = {
        end: everything(open_records(end.join(["a,b", "1,2", "3,4", ""])))
        for end in ("\n", "\r\n", "\r")
    }

    assert lines["\n"] == lines["\r\n"] == lines["\r"]


def test_a_long_header_is_refused() -> None:
    with pytest.raises(BadTableError):
        open_records("x" * (records.CELL_LIMIT + 1)).header()


def test_a_blank_text_has_no_header() -> None:
    assert open_records("\n\n").header() == ([], 1)
    assert open_records("\r\r").header() == ([], 1)
