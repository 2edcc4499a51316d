"""What a run reports of its tokens is read strictly: one object, two whole numbers."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import InvalidSubmission
from scoring.usage import MOST_TOKENS, read_tokens
from tests.unit.scoring.tables_under_test import write

GOOD = '{"tokens": {"prompt": 1200, "completion": 300}}'


def test_all_tokens_are_counted(tmp_path: Path) -> None:
    assert read_tokens(write(tmp_path, GOOD)) == 1500
    assert read_tokens(write(tmp_path, GOOD.replace("1200", str(MOST_TOKENS)))) > MOST_TOKENS


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "7",
        "null",
        "{}",
        '{"tokens": null}',
        '{"tokens": 5}',
        '{"tokens": {"prompt": 1}}',
        '{"tokens": {"prompt": 1, "completion": 2}, "other": 1}',
        '{"tokens": {"prompt": 1, "completion": 2, "cached": 3}}',
        '{"tokens": {"prompt": 1, "prompt": 0, "completion": 2}}',
        GOOD.replace("300", "-1"),
        GOOD.replace("300", "1.5"),
        GOOD.replace("300", "true"),
        GOOD.replace("300", "NaN"),
        GOOD.replace("300", '"300"'),
        GOOD.replace("300", str(MOST_TOKENS + 1)),
        GOOD.replace("300", "9" * 2000),
        GOOD + " " * 5000,
        "[" * 4000,
        "\ufeff" + GOOD,
    ],
)
def test_anything_else_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(InvalidSubmission, match="tokens"):
        read_tokens(write(tmp_path, content))


def test_a_link_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "usage.json").symlink_to(write(tmp_path, GOOD))
    for name in ("usage.json", "nothing"):
        with pytest.raises(InvalidSubmission):
            read_tokens(tmp_path / name)


@given(st.binary(max_size=80))
def test_any_bytes(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), content)
        with contextlib.suppress(InvalidSubmission):
            assert read_tokens(path) >= 0
