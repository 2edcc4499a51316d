from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.core.blobs import (
    BlobMissingError,
    LocalBlobs,
    collect_garbage,
    format_bytes,
    open_blobs,
)
from app.core.errors import TooLargeError
from tests.factories import make_problem, make_submission

CONTENT = bytes(range(256)) * 40


def test_a_blob_is_named_by_its_bytes(blobs: LocalBlobs, tmp_path: Path) -> None:
    stored = blobs.put(BytesIO(CONTENT))
    assert stored.digest == sha256(CONTENT).hexdigest()
    assert stored.size == len(CONTENT)
    assert b"".join(blobs.read(stored.digest)) == CONTENT
    blobs.fetch(stored.digest, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == CONTENT
    assert blobs.put(BytesIO(CONTENT)) == stored


@pytest.mark.parametrize(("start", "length"), [(0, 10), (100, 1), (10_000, 999), (5, None), (0, 0)])
def test_a_range_is_what_was_asked_for(blobs: LocalBlobs, start: int, length: int | None) -> None:
    digest = blobs.put(BytesIO(CONTENT)).digest
    end = None if length is None else start + length
    assert b"".join(blobs.read(digest, start=start, length=length)) == CONTENT[start:end]


def test_too_large_leaves_nothing(blobs: LocalBlobs, tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match="100 B"):
        blobs.put(BytesIO(CONTENT), max_bytes=100)
    assert not list(blobs.list())
    assert not list((tmp_path / "blobs" / "incoming").iterdir())


def test_what_is_not_there_says_so(blobs: LocalBlobs, tmp_path: Path) -> None:
    with pytest.raises(BlobMissingError):
        next(blobs.read("0" * 64))
    with pytest.raises(BlobMissingError):
        blobs.fetch("0" * 64, tmp_path / "x")
    blobs.delete("0" * 64)


def test_only_old_and_unnamed_blobs_are_collected(session: Session, blobs: LocalBlobs) -> None:
    named = blobs.put(BytesIO(b"named")).digest
    orphan = blobs.put(BytesIO(b"orphan")).digest
    make_submission(session, problem=make_problem(session), blob=named)
    now = datetime.now(UTC)
    assert collect_garbage(session, blobs, before=now - timedelta(days=1)) == 0
    assert collect_garbage(session, blobs, before=now + timedelta(days=1)) == 1
    assert [digest for digest, _ in blobs.list()] == [named]
    assert orphan != named


def test_half_an_upload_is_swept(blobs: LocalBlobs, tmp_path: Path) -> None:
    blobs.put(BytesIO(b"x"))
    half = tmp_path / "blobs" / "incoming" / "tmpabc"
    half.write_bytes(b"half")
    now = datetime.now(UTC)
    assert blobs.sweep_incoming(now - timedelta(hours=1)) == 0
    assert blobs.sweep_incoming(now + timedelta(hours=1)) == 1
    assert not half.exists()


def test_a_url_opens_a_folder_with_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "百景 blobs"
    store = open_blobs(folder.as_uri())
    store.put(BytesIO(b"x"))
    assert folder.is_dir()


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (10 << 20, "10 MiB"), (5 << 40, "5 TiB")],
)
def test_sizes_read_well(size: int, text: str) -> None:
    assert format_bytes(size) == text
