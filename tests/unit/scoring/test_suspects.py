"""What the fast search for faults says is what the careful reader says."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scoring import quick, suspects, tables
from scoring.errors import InvalidSubmission
from scoring.formats import Format
from scoring.messages import Message
from scoring.tables import open_text, read_records, read_table
from tests.unit.scoring.tables_under_test import codes, table, write
from tests.unit.scoring.test_quick import COLUMNS, ENDS, GOOD, HEADER, ROWS

BIG = table(id={"type": "string"}, score={"type": "number", "max": 1})
COUNT = 30_000


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every table for a large one, in blocks of two rows and pieces of a few."""
    monkeypatch.setattr(tables, "QUICK_BYTES", 0)
    monkeypatch.setattr(quick, "_BLOCK", 50)
    monkeypatch.setattr(suspects, "BLOCK_ROWS", 2)


def told(path: Path, *, fast: bool) -> tuple[Message, ...]:
    try:
        if fast:
            read_table(path, COLUMNS, ("id",), exact=True, formats={Format.CSV})
        else:
            read_records(open_text(path, Format.CSV), COLUMNS, ("id",), exact=True)
    except InvalidSubmission as error:
        return error.messages
    return ()


@pytest.mark.usefixtures("small")
@given(ROWS, ROWS, ENDS)
@example(first=[",".join(GOOD)], second=["", "a,b", ",,,,,"], end="\n")
@example(first=["a"] * 30, second=[",".join(GOOD)], end="\n")
@example(first=['"a","ok","0.5","0x1",1,7'], second=['"b,c",ok,1,1,1,"0X2"', "", ""], end="\n")
def test_both_say_the_same(first: list[str], second: list[str], end: str) -> None:
    text = end.join([HEADER, *first, ",".join(GOOD), *second])
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), text.encode("utf-8", "surrogatepass"))
        assert told(path, fast=True) == told(path, fast=False)


HEADERS = st.lists(st.sampled_from([*COLUMNS, "scroe", "", "id ", '"x"', "标签"]), max_size=8)


@pytest.mark.usefixtures("small")
@given(HEADERS.map(",".join), ROWS, st.sampled_from(["utf-8", "gbk", "utf-8-sig"]))
@example(header=HEADER.replace(",", ";"), rows=["a;b"], encoding="utf-8")
@example(header=HEADER.replace("score", "scroe"), rows=["é"], encoding="latin-1")
@example(header=HEADER.replace("score", "scroe"), rows=["a\0"], encoding="utf-8")
def test_both_say_the_same_of_a_header(header: str, rows: list[str], encoding: str) -> None:
    text = "\n".join([header, *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), text.encode(encoding, "replace"))
        assert told(path, fast=True) == told(path, fast=False)


def big(folder: Path, **changes: str) -> Path:
    rows = [f"r{row:05d},0.5" for row in range(COUNT)]
    for place, row in changes.items():
        rows[int(place[1:])] = row
    return write(folder, "id,score\n" + "\n".join(rows) + "\n")


def refused(path: Path) -> tuple[Message, ...]:
    with pytest.raises(InvalidSubmission) as caught:
        tables.read_answer(path, BIG)
    return caught.value.messages


def test_faults_far_apart_are_found_with_their_lines(tmp_path: Path) -> None:
    path = big(tmp_path, _7="a,x", _20000="b,2", _20001="c,1,1", _29999=",1")

    assert codes(refused(path)) == [
        ("not_number", 9),
        ("above_max", 20002),
        ("field_count", 20003),
        ("empty_cell", 30001),
    ]


def test_where_everything_is_wrong_the_rest_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suspects, "MOST_ROWS", suspects.BLOCK_ROWS)
    text = "id,score\n" + "".join(f"r{row:05d},x\n" for row in range(COUNT))

    messages = refused(write(tmp_path, text))
    assert [message.code for message in messages[:20]] == ["not_number"] * 20
    assert codes(messages[20:]) == [("more_at_least", None)]
    assert messages[20].params == {"count": suspects.BLOCK_ROWS - 20}
    assert "至少" in messages[20].render("zh-Hans")


def test_a_blank_line_is_no_fault(tmp_path: Path) -> None:
    text = "id,score\n" + "".join(f"r{row:05d},+0.5\n" for row in range(COUNT)) + "\nz,1\n"

    assert len(tables.read_answer(write(tmp_path, text), BIG)) == COUNT + 1
