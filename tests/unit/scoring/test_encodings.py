"""What is not UTF-8 is recognised, read as what it is, and said so."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scoring import encodings, tables
from scoring.encodings import Encoding, as_utf8, detect_encoding
from scoring.engine import score_answer, validate_answer
from scoring.errors import InvalidSubmission
from tests.unit.scoring.tables_under_test import codes, scoring, table, write

GB_MARK = b"\x84\x31\x95\x33"
LABELS = ("正常", "短路", "镕")
CHINESE = table(
    id={"type": "string"}, 标签={"type": "category", "values": LABELS}, score={"type": "number"}
)
GOOD = "id,标签,score\n焊点一,正常,0.5\n焊点二,镕,1\n"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", Encoding.UTF_8),
        (b"id\n", Encoding.UTF_8),
        ("标签".encode(), Encoding.UTF_8),
        ("标签".encode("utf-8-sig"), Encoding.UTF_8),
        ("标签".encode("gbk"), Encoding.GB18030),
        ("𠮷".encode("gb18030"), Encoding.GB18030),
        (GB_MARK + b"id\n", Encoding.GB18030),
        (b"\xef\xbb\xbf" + "标签".encode("gbk"), None),
        (GB_MARK + b"\xff", None),
        ("café,x".encode("latin-1"), None),
        ("标签".encode()[:5], None),
        (b"\xb1", None),
    ],
)
def test_what_a_file_is_written_in(
    tmp_path: Path, content: bytes, expected: Encoding | None
) -> None:
    assert detect_encoding(write(tmp_path, content)) is expected


@given(TEXT, st.integers(1, 5))
@example(text="\ufeffid,标签\n", piece=1)
@example(text="𠮷" * 3 + "\u0080", piece=3)
def test_nothing_is_lost_wherever_the_pieces_end(text: str, piece: int) -> None:
    content = text.encode("gb18030")
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "PIECE", piece)
        path = write(Path(folder), content)
        with as_utf8(path) as (file, notes):
            found = file.read_bytes()
            assert len(found) <= 1.5 * len(content)
            assert found.count(b"\n") == content.count(b"\n")
            if notes:
                assert found.decode("utf-8") == text
            else:
                assert file == path


@given(st.binary(max_size=60))
def test_any_bytes_are_utf8_or_left_alone(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), content)
        with as_utf8(path) as (file, notes):
            assert bool(notes) == (file != path)
            assert not notes or file.read_bytes().decode("utf-8") == content.decode("gb18030")


@pytest.mark.parametrize("mark", [",", "\t"])
@pytest.mark.parametrize("size", [0, 1 << 40])
def test_both_readers_take_it_and_say_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, size: int
) -> None:
    monkeypatch.setattr(tables, "QUICK_BYTES", size)
    path = write(tmp_path, GOOD.replace(",", mark).encode("gbk"))

    (note,) = validate_answer(path, CHINESE, None)
    assert "GB18030" in note.render("en")
    assert "GB18030" in note.render("zh-Hans")
    assert validate_answer(write(tmp_path, GOOD), CHINESE, None) == ()


def test_scores_are_those_of_the_same_table_in_utf8(tmp_path: Path) -> None:
    write(tmp_path, "id,标签\n焊点一,正常\n焊点二,短路\n", "truth/truth.csv")
    board = scoring({"key": "acc", "metric": "accuracy", "target": ("标签",)})
    found = [
        score_answer(write(tmp_path, content), tmp_path / "truth", CHINESE, board)
        for content in (GOOD.encode(), GOOD.encode("gb18030"))
    ]
    assert found[0].scores == found[1].scores == {"acc": 0.5}
    assert found[1].losses["acc"].ids == found[0].losses["acc"].ids == ("焊点一", "焊点二")


@pytest.mark.parametrize("size", [0, 1 << 40])
def test_a_refusal_says_first_how_the_file_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(tables, "QUICK_BYTES", size)
    path = write(tmp_path, (GOOD + "焊点三,开路,1\n焊点四,正常,好\n").encode("gbk"))

    with pytest.raises(InvalidSubmission) as caught:
        validate_answer(path, CHINESE, None)
    assert codes(caught.value.messages) == [
        ("read_as_gb18030", None),
        ("not_in_values", 4),
        ("not_number", 5),
    ]
    assert "“开路”" in caught.value.messages[1].render("zh-Hans")


def test_where_only_utf8_is_read_the_other_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.encode("gbk"))

    with pytest.raises(InvalidSubmission) as caught:
        validate_answer(path, CHINESE, None, encodings={Encoding.UTF_8})
    assert codes(caught.value.messages) == [("encoding_gb18030", 1)]


def test_what_is_no_text_is_left_alone(tmp_path: Path) -> None:
    content = b"PAR1" + "短路".encode("gbk")
    path = write(tmp_path, content)
    (tmp_path / "link").symlink_to(path)

    for each in (path, tmp_path / "link", tmp_path, tmp_path / "nothing"):
        with as_utf8(each) as (file, notes):
            assert (file, notes) == (each, ())
