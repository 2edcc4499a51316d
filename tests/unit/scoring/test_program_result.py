"""The result file comes from code we did not write: nothing in it is believed."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import InvalidScores, InvalidSubmission, ScorerError, Scoring, read_program_result
from scoring.program_result import MAX_BYTES

SCORING = Scoring.model_validate(
    {
        "partition": "rows",
        "scorer": "scorer.py",
        "columns": ({"key": "cost", "direction": "min", "primary": True},),
    }
)
GOOD = '{"status": "ok", "scores": {"cost": 1.5}, "cases": [{"id": "a"}]}'


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "result.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "Expecting value"),
        (b"\xff", "decode"),
        ("[]", "not an object"),
        ('{"status": "ok"}', "scores are missing"),
        ('{"status": "fine", "scores": {"cost": 1}}', "unknown status"),
        ('{"status": "ok", "scores": {"cost": 1, "cost": 2}}', "repeated"),
        ('{"status": "ok", "scores": {"cost": ' + "1" * 2000 + "}}", "too long"),
        ('{"a": ' + "[" * 100_000, "nested deeper"),
        ('{"status": "ok", "scores": {"cost": 1}, "cases": {}}', "cases"),
        ('{"status": "error", "reason": "ValueError: x"}', "ValueError: x"),
        ('{"status": "invalid_submission", "messages": [{"code": "nope"}]}', "not a message"),
        (b" " * (MAX_BYTES + 1), "larger"),
    ],
)
def test_an_unusable_file_is_the_scorers_error(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    with pytest.raises(ScorerError, match=words):
        read_program_result(write(tmp_path, content), SCORING)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", '"nan"', "1e999"])
def test_scores_are_finite(tmp_path: Path, word: str) -> None:
    with pytest.raises(InvalidScores):
        read_program_result(write(tmp_path, GOOD.replace("1.5", word)), SCORING)


def test_a_missing_file_and_a_link_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScorerError, match="missing"):
        read_program_result(tmp_path / "result.json", SCORING)
    real = write(tmp_path, GOOD)
    (tmp_path / "link").symlink_to(real)
    with pytest.raises(ScorerError, match="missing"):
        read_program_result(tmp_path / "link", SCORING)


def test_brackets_in_a_text_do_not_nest(tmp_path: Path) -> None:
    text = GOOD.replace('"a"', '"' + '[\\"{' * 50 + '"')

    assert read_program_result(write(tmp_path, text), SCORING).scores == {"cost": 1.5}


def test_a_refusal_always_has_words(tmp_path: Path) -> None:
    for messages in ("[]", "null", '["stop 3"]', "[7]"):
        path = write(tmp_path, f'{{"status": "invalid_submission", "messages": {messages}}}')
        with pytest.raises(InvalidSubmission) as caught:
            read_program_result(path, SCORING)
        assert all(message.render("zh-Hans") for message in caught.value.messages)
        assert caught.value.messages


@given(st.one_of(st.binary(max_size=100), st.text(max_size=100).map(str.encode)))
def test_any_bytes_have_a_verdict(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.raises(ScorerError):
        read_program_result(write(Path(folder), content), SCORING)


@given(st.data())
def test_a_good_file_with_one_byte_changed(data: st.DataObject) -> None:
    content = bytearray(GOOD.encode())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        try:
            result = read_program_result(write(Path(folder), bytes(content)), SCORING)
        except (ScorerError, InvalidScores, InvalidSubmission):
            return
    assert set(result.scores) == {"cost"}


def test_cases_hold_nothing_that_cannot_be_stored(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(
        '{"status": "ok", "scores": {"cost": 1}, "cases":'
        ' [{"n": 1e999, "m": -1e999, "k": NaN, "t\\u0000": "a\\u0000b\\ud800c\\ud83d\\ude00"}]}'
    )
    (case,) = read_program_result(path, SCORING).cases
    assert case == {"n": "inf", "m": "-inf", "k": "NaN", "t\ufffd": "a\ufffdb\ufffdc\U0001f600"}
    json.dumps(case, allow_nan=False).encode()
