from pathlib import Path

import pytest

from scoring import InvalidSubmission
from scoring.json_answer import brief, read_instances, read_json_answer, show


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"x" * 101, "larger than 100 bytes"),
        (b"{", "line 1, column 2: not valid JSON"),
        (b'"\xa1"', "not UTF-8 (byte 1)"),
        (b"[" * 100, "not valid JSON"),
        (b'{"a": 1, "a": 2}', 'the key "a" is repeated'),
        (b"[1234567890]", "more than 9 digits"),
        (b"[NaN]", "NaN is not allowed"),
    ],
)
def test_what_is_not_strict_json_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)

    with pytest.raises(InvalidSubmission) as refusal:
        read_json_answer(tmp_path / "a.json", 100)
    assert said in str(refusal.value)


def test_deep_nesting_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[" * 200_000)

    with pytest.raises(InvalidSubmission, match="nested too deeply"):
        read_json_answer(tmp_path / "a.json", 1 << 20)


def test_a_file_is_there_and_plain(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("\ufeff{}")
    (tmp_path / "link.json").symlink_to("real.json")

    assert read_json_answer(tmp_path / "real.json", 100) == {}
    for name in ("link.json", "none.json"):
        with pytest.raises(InvalidSubmission, match=f"{name} was not found"):
            read_json_answer(tmp_path / name, 100)


def test_the_instances_are_those_that_were_asked_for() -> None:
    assert read_instances({"a": 1}, {"a"}, zh="路线", en="routes") == {"a": 1}
    for answer, said in (
        ([], "one object: {instance: routes}"),
        ({}, '1 instances are missing: "a"'),
        ({"a": 1, "b": 2}, '1 instances are unknown: "b"'),
    ):
        with pytest.raises(InvalidSubmission) as refusal:
            read_instances(answer, {"a"}, zh="路线", en="routes")
        assert said in str(refusal.value)


def test_values_are_quoted_shortly() -> None:
    assert [show([1]), show({}), show("x" * 99)] == ["[…]", "{…}", '"' + "x" * 39 + "…"]
    assert brief(list("abcdef")) == '"a", "b", "c", "d", "e" …'
