import os
from pathlib import Path

import pytest

from scoring.errors import InvalidSubmission
from scoring.text import read_text
from tests.unit.scoring.tables_under_test import write


def refusal(path: Path) -> tuple[str, int | None]:
    with pytest.raises(InvalidSubmission) as caught:
        read_text(path)
    (message,) = caught.value.messages
    return message.code, message.line


def test_the_byte_order_mark_goes(tmp_path: Path) -> None:
    assert read_text(write(tmp_path, b"\xef\xbb\xbfid\n")) == "id\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ("empty_file", None)),
        (b" \r\n\n", ("empty_file", None)),
        (b"\xef\xbb\xbf", ("empty_file", None)),
        ("id,标签\na,正常\n".encode("gbk"), ("encoding_gb18030", 1)),
        ("id,label\na,ok\nb,镕\n".encode("gb18030"), ("encoding_gb18030", 3)),
        ("id\na\n".encode("utf-16"), ("encoding_utf16", None)),
        ("id,label\na,ok\n".encode("utf-16-le"), ("encoding_utf16", None)),
        ("id\ncafé,x\n".encode("latin-1"), ("encoding_unknown", 2)),
        (b"id\r\na\0b\r\n", ("nul_byte", 2)),
        (b"PK\x03\x04rest", ("archive_not_csv", None)),
        (b"\xd0\xcf\x11\xe0rest", ("archive_not_csv", None)),
    ],
)
def test_what_else_it_was_is_named(
    tmp_path: Path, content: bytes, expected: tuple[str, int | None]
) -> None:
    assert refusal(write(tmp_path, content)) == expected


def test_links_folders_and_pipes_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(write(tmp_path, "id\n"))
    os.mkfifo(tmp_path / "pipe")

    for name in ("link", "pipe", "."):
        assert refusal(tmp_path / name) == ("not_a_file", None)
