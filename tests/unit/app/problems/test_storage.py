import io
import os
import zipfile
from pathlib import Path

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from app.core.blobs import LocalBlobs
from app.problems.downloads import attachment, send_blob
from app.problems.storage import (
    NotPlainFileError,
    StoredFile,
    list_files,
    store_files,
    store_folder,
)


def write(folder: Path, name: str, content: str = "x") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_a_folder_gives_the_same_blob_whenever_and_however_it_was_written(
    blobs: LocalBlobs, tmp_path: Path
) -> None:
    for place, names in (
        ("one", ("b.txt", "a/z.bin", "数据.csv")),
        ("two", ("数据.csv", "a/z.bin", "b.txt")),
    ):
        for name in names:
            os.utime(write(tmp_path / place, name), (len(place), 10**9 * (1 + len(name) % 2)))
    one, two = (store_folder(blobs, tmp_path / place) for place in ("one", "two"))
    assert one == two
    packed = b"".join(blobs.read(one.digest))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == ["a/z.bin", "b.txt", "数据.csv"]
        assert archive.testzip() is None
    write(tmp_path / "two", "b.txt", "y")
    assert store_folder(blobs, tmp_path / "two") != one


def test_a_program_stays_executable_and_what_is_packed_is_not_packed_again(
    blobs: LocalBlobs, tmp_path: Path
) -> None:
    write(tmp_path / "in", "run.sh").chmod(0o755)
    write(tmp_path / "in", "images.zip", "0" * 1000)
    packed = b"".join(blobs.read(store_folder(blobs, tmp_path / "in").digest))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.getinfo("run.sh").external_attr >> 16 == 0o100755
        assert archive.getinfo("images.zip").compress_type == zipfile.ZIP_STORED


def test_what_is_left_out_and_what_is_refused(blobs: LocalBlobs, tmp_path: Path) -> None:
    write(tmp_path, "main.py")
    write(tmp_path, "__pycache__/main.cpython-311.pyc")
    write(tmp_path, ".git/config")
    assert [name for name, _ in list_files(tmp_path)] == ["main.py"]
    assert [file.path for file in store_files(blobs, tmp_path)] == ["main.py"]
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(NotPlainFileError, match="link"):
        store_folder(blobs, tmp_path)
    (tmp_path / "link").unlink()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotPlainFileError, match="pipe"):
        store_folder(blobs, tmp_path)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("train.csv", "attachment; filename=train.csv"),
        ('a"b.csv', 'attachment; filename="a\\"b.csv"'),
        ("数据.csv", "attachment; filename=.csv; filename*=UTF-8''%E6%95%B0%E6%8D%AE.csv"),
        ("数据", "attachment; filename=file; filename*=UTF-8''%E6%95%B0%E6%8D%AE"),
    ],
)
def test_any_name_can_be_saved(name: str, header: str) -> None:
    assert attachment(name) == header


def test_a_page_among_the_data_is_no_page_of_the_site(blobs: LocalBlobs) -> None:
    blob = blobs.put(io.BytesIO(b"<script>"))
    request = Request(EnvironBuilder("/").get_environ())
    sent = send_blob(blobs, StoredFile("a/x.html", blob.size, blob.digest), request)
    assert sent.mimetype == "application/octet-stream"
    assert sent.headers["Cache-Control"] == "private, no-cache"
    open_to_all = send_blob(blobs, StoredFile("x.csv", 8, blob.digest), request, private=False)
    assert open_to_all.headers["Cache-Control"].startswith("public")
