from pathlib import Path

import numpy as np
import pytest

from scoring.complaints import LIMIT
from scoring.records import CHUNK_ROWS
from tests.unit.scoring.tables_under_test import GOOD, TABLE, codes, complaints, read, table


def test_columns_are_typed(tmp_path: Path) -> None:
    answer = read(tmp_path, GOOD)

    assert answer.columns["id"].tolist() == ["a", "b", "c"]
    assert answer.columns["label"].tolist() == ["ok", "open", "short"]
    assert answer.columns["score"].tolist() == [0.5, 1.0, 0.0]
    assert answer.lines.tolist() == [2, 3, 4]
    assert len(answer) == 3


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.rstrip("\n"),
        GOOD + "\n\n",
        "score,label,id\n0.5,ok,a\n1,open,b\n0,short,c\n",
        'id,label,score\n"a","ok",0.5\n"b",open," 1 "\nc,short,0\n',
        "id,label,score\na,ok,5e-1\nb,open,+1.\nc,short,.0\n",
    ],
)
def test_one_table_is_written_in_many_ways(tmp_path: Path, text: str) -> None:
    one, other = read(tmp_path, GOOD), read(tmp_path, text)

    for name in TABLE.columns:
        assert one.columns[name].tolist() == other.columns[name].tolist()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,label", [("missing_column", 1)]),
        ("id,Label,score", [("unknown_column_near", 1)]),
        ("id,labl,scores", [("unknown_column_near", 1)] * 2),
        ("id,label,score,zzzzz", [("unknown_column", 1)]),
        ("id,label,score,id", [("repeated_column", 1)]),
        ("id;label;score", [("wrong_delimiter", 1)]),
        ("id\tlabel\tscore", [("wrong_delimiter", 1)]),
        ("a,ok,0.5", [("unknown_column", 1)] * 3 + [("missing_column", 1)] * 3),
    ],
)
def test_headers(tmp_path: Path, header: str, expected: list[tuple[str, int]]) -> None:
    assert codes(complaints(tmp_path, f"{header}\nx,ok,1\n")) == expected


def test_the_nearest_column_is_named(tmp_path: Path) -> None:
    (message,) = complaints(tmp_path, "id,labell,score\na,ok,1\n")

    assert message.render("zh-Hans") == "第 1 行：未知列“labell”，是否应为“label”"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("d,shrt,1", "not_in_values"),
        ("d,OK,1", "not_in_values"),
        ("d,,1", "empty_cell"),
        (",ok,1", "empty_cell"),
        ("d,ok,", "empty_cell"),
        ("d,ok,  ", "empty_cell"),
        ("d,ok,abc", "not_number"),
        ("d,ok,1_0", "not_number"),
        ("d,ok,１", "not_number"),
        ("d,ok,0x1", "not_number"),
        ("d,ok,nan", "not_finite"),
        ("d,ok,-Infinity", "not_finite"),
        ("d,ok,1e999", "not_finite"),
        ("d,ok,1.01", "above_max"),
        ("d,ok,-1", "below_min"),
        ("d,ok", "field_count"),
        ("d,ok,1,", "field_count"),
    ],
)
def test_cells(tmp_path: Path, row: str, code: str) -> None:
    assert codes(complaints(tmp_path, f"{GOOD}{row}\n")) == [(code, 5)]


def test_a_fault_names_line_column_value_and_what_is_allowed(tmp_path: Path) -> None:
    (message,) = complaints(tmp_path, GOOD + "d,shrt,1\n")

    assert message.render("en") == "line 5: label is “shrt”, which is not one of {ok, open, short}"


def test_what_cannot_be_seen_is_shown_and_what_is_long_is_cut(tmp_path: Path) -> None:
    hidden, long = complaints(tmp_path, GOOD + "d,ok\u200b,1\n" + f"e,{'x' * 500},1\n")

    assert hidden.params["value"] == "ok�"
    assert len(str(long.params["value"])) < 80


def test_repeated_keys_name_both_lines(tmp_path: Path) -> None:
    (message,) = complaints(tmp_path, GOOD + "a,ok,1\nb,ok,1\n")

    assert message.code == "duplicate_ids"
    assert message.line == 5
    assert message.params == {"key": "id", "count": 2, "examples": "a, b", "first": 2}


def test_a_header_alone_is_no_answer(tmp_path: Path) -> None:
    assert codes(complaints(tmp_path, "id,label,score\n")) == [("no_rows", None)]


def test_faults_come_in_the_order_of_lines_and_are_counted_beyond_twenty(tmp_path: Path) -> None:
    rows = "".join(f"r{n},bad,2\n" for n in range(1000))
    messages = complaints(tmp_path, "id,label,score\n" + rows)

    lines = [message.line for message in messages[:-1]]
    assert len(lines) == LIMIT
    assert lines == sorted(lines, key=lambda line: line or 0)
    assert lines[0] == lines[1] == 2
    assert messages[-1].code == "more"
    assert messages[-1].params == {"count": 2000 - LIMIT}


def test_the_first_faults_stay_the_first_across_chunks(tmp_path: Path) -> None:
    rows = [f"r{n},ok,1\n" for n in range(2 * CHUNK_ROWS + 5)]
    rows[3], rows[CHUNK_ROWS + 1], rows[-1] = "x,no,1\n", "y,ok,q\n", "z\n"

    found = codes(complaints(tmp_path, "id,label,score\n" + "".join(rows)))

    expected = [
        ("not_in_values", 5),
        ("not_number", CHUNK_ROWS + 3),
        ("field_count", len(rows) + 1),
    ]
    assert found == expected


def test_many_ragged_rows_are_counted(tmp_path: Path) -> None:
    messages = complaints(tmp_path, GOOD + "d\n" * 30)

    assert codes(messages)[0] == ("field_count", 5)
    assert messages[-1].params == {"count": 30 - LIMIT}


def test_an_unpaired_quote_is_reported_with_what_came_before(tmp_path: Path) -> None:
    found = codes(complaints(tmp_path, GOOD + 'd,no,1\n"e,ok,1\nf,ok,1\n'))

    assert found == [("not_in_values", 5), ("bad_quotes", 6)]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("7", 7), ("-7", -7), (" 7 ", 7), ("7.0", 7), ("9223372036854775807", 2**63 - 1)],
)
def test_integers(tmp_path: Path, cell: str, value: int) -> None:
    kind = table(id={"type": "integer"}, n={"type": "integer"})

    assert read(tmp_path, f"id,n\n1,{cell}\n", kind).columns["n"].tolist() == [value]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("7.5", "not_integer"),
        ("７", "not_integer"),
        ("1_0", "not_integer"),
        ("1e3", "not_integer"),
        ("seven", "not_integer"),
        ("9223372036854775808", "integer_range"),
        ("9" * 5000, "integer_range"),
        ("nan", "not_integer"),
    ],
)
def test_what_is_no_integer(tmp_path: Path, cell: str, code: str) -> None:
    kind = table(id={"type": "integer"}, n={"type": "integer"})

    assert codes(complaints(tmp_path, f"id,n\n1,{cell}\n", kind)) == [(code, 2)]


def test_bounds_of_large_integers_are_exact(tmp_path: Path) -> None:
    kind = table(id={"type": "integer"}, n={"type": "integer", "max": 2**53})

    assert codes(complaints(tmp_path, f"id,n\n1,{2**53 + 1}\n", kind)) == [("above_max", 2)]


def test_booleans(tmp_path: Path) -> None:
    kind = table(id={"type": "integer"}, b={"type": "boolean"})

    answer = read(tmp_path, "id,b\n1,true\n2,False\n3,1\n4,0\n", kind)
    assert answer.columns["b"].tolist() == [True, False, True, False]
    assert codes(complaints(tmp_path, "id,b\n1,yes\n", kind)) == [("not_boolean", 2)]


def test_nulls_where_they_are_allowed(tmp_path: Path) -> None:
    kind = table(
        id={"type": "integer"},
        s={"type": "string", "nullable": True},
        c={"type": "category", "values": ("x",), "nullable": True},
        n={"type": "number", "min": 1, "nullable": True},
        i={"type": "integer", "nullable": True},
        b={"type": "boolean", "nullable": True},
    )
    answer = read(tmp_path, "id,s,c,n,i,b\n1,,,,,\n2,t,x,1.5,2,true\n", kind)

    assert answer.columns["s"].tolist() == [None, "t"]
    assert answer.columns["c"].tolist() == [None, "x"]
    for name, value in (("n", 1.5), ("i", 2.0), ("b", 1.0)):
        assert np.isnan(answer.columns[name][0].item())
        assert answer.columns[name][1].item() == value
