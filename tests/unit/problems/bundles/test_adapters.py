"""What the adapters make of what other platforms' programs write and return."""

import json
import os
from pathlib import Path

import pytest

from problems.bundles.adapters.codabench_scorer import last_error, read_scores
from problems.bundles.adapters.evalai_scorer import read_result

TOLD = {"splits": ["open", "secret"], "columns": {"yes/no": "yes_no", "Total": "total"}}


def test_scores_json_goes_before_scores_txt(tmp_path: Path) -> None:
    (tmp_path / "scores.txt").write_text("a: 1\n")
    (tmp_path / "scores.json").write_text('{"a": 2, "note": {"x": 1}}')
    assert read_scores(tmp_path) == {"a": 2, "note": {"x": 1}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "set1_score: 0.333333333333\nDuration: 0\n",
            {"set1_score": "0.333333333333", "Duration": "0"},
        ),
        ("# from the program\n\n'a b': -1e-3\n", {"a b": "-1e-3"}),
        ("a: nan", {"a": "nan"}),
    ],
)
def test_lines_of_scores_are_read_without_a_yaml_reader(
    tmp_path: Path, text: str, expected: dict[str, object]
) -> None:
    (tmp_path / "scores.txt").write_text(text)
    assert read_scores(tmp_path) == expected


def test_other_yaml_is_read_as_such(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    (tmp_path / "scores.txt").write_text("{a: 1.5, b: [1]}")
    assert read_scores(tmp_path) == {"a": 1.5, "b": [1]}


@pytest.mark.parametrize("name", ["scores.json", "scores.txt"])
def test_what_is_no_plain_file_is_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("a: 1")
    (tmp_path / name).symlink_to(tmp_path / "secret")
    with pytest.raises(RuntimeError, match="no plain file"):
        read_scores(tmp_path)
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    with pytest.raises(RuntimeError, match="no plain file"):
        read_scores(tmp_path)


@pytest.mark.parametrize("text", ["[]", "1", "{", "", "\xff"])
def test_broken_scores_are_an_error_of_the_program(tmp_path: Path, text: str) -> None:
    (tmp_path / "scores.json").write_bytes(text.encode("latin-1"))
    with pytest.raises((ValueError, TypeError)):
        read_scores(tmp_path)


def test_no_scores_are_an_error_of_the_program(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="neither"):
        read_scores(tmp_path)


def test_the_last_line_that_names_an_exception_is_shown() -> None:
    said = "ValueError: first\nwords\nsklearn.Xy.NotFittedError: second: x\n\n"
    assert last_error(said) == "sklearn.Xy.NotFittedError: second: x"
    assert last_error("all went well\n") == ""
    assert len(last_error("ValueError: " + "x" * 10_000)) == 500


def test_the_split_of_the_board_is_read_by_our_columns() -> None:
    returned = {"result": [{"open": {"yes/no": 1, "Total": 2.5, "more": 3}}, {"secret": {}}]}
    assert read_result(returned, "open", TOLD) == {"yes_no": 1, "total": 2.5}
    assert read_result(returned, "secret", TOLD) == {}


@pytest.mark.parametrize(
    "returned",
    [
        None,
        ValueError("returned, not raised"),
        {},
        {"result": {"open": {}}},
        {"result": ["open"]},
        {"result": [{"other": {"Total": 1}}]},
        {"result": [{"open": {"Total": 1}, "split1": {"Total": 1}}]},
        {"result": [{"secret": {"Total": 1}}]},
        {"result": [{"open": 3}]},
    ],
    ids=lambda returned: json.dumps(returned, default=repr)[:40],
)
def test_what_breaks_the_contract_is_an_error_of_the_program(returned: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        read_result(returned, "open", TOLD)
