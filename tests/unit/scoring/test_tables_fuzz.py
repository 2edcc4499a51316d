"""Whatever the bytes, reading them gives a table or `InvalidSubmission`, and words for it."""

import tempfile
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from scoring.complaints import LIMIT
from scoring.errors import InvalidSubmission
from scoring.tables import read_answer
from tests.unit.scoring.tables_under_test import GOOD, TABLE, write

CELLS = st.one_of(
    st.sampled_from(["ok", "open", "0.5", "1", "", "NaN", "-inf", '"', "1e400", " ", "a,b", "\n"]),
    st.text(max_size=6),
)
ROWS = st.lists(st.lists(CELLS, max_size=5).map(",".join), max_size=8).map("\n".join)


def outcome(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), content)
        try:
            answer = read_answer(path, TABLE)
        except InvalidSubmission as error:
            messages = error.messages
        else:
            assert len(set(answer.columns["id"].tolist())) == len(answer)
            assert set(answer.columns["label"].tolist()) <= {"ok", "open", "short"}
            return
    assert 1 <= len(messages) <= LIMIT + 1
    for message in messages:
        assert message.render("zh-Hans")
        assert message.render("en")
        assert message.line is None or message.line >= 1


@given(st.binary(max_size=200))
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf\xef\xbb\xbfid")
@example(b"id,label,score\r\r\na,ok,1")
@example(b'"')
@example(b"\x1f\x8b")
def test_any_bytes(content: bytes) -> None:
    outcome(content)


@given(ROWS)
def test_any_rows_below_a_good_header(rows: str) -> None:
    outcome(f"{GOOD}{rows}".encode("utf-8", "surrogatepass"))


@given(st.lists(CELLS, max_size=5).map(",".join), ROWS)
def test_any_header(header: str, rows: str) -> None:
    outcome(f"{header}\n{rows}".encode("utf-8", "surrogatepass"))


@given(st.data())
def test_a_good_file_with_one_byte_changed(data: st.DataObject) -> None:
    content = bytearray(GOOD.encode())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    outcome(bytes(content))
