import contextlib
import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.archive import ArchiveCode, ArchiveError, ArchiveLimits, unpack_zip

Entries = list[tuple[zipfile.ZipInfo | str, bytes]]


def make_zip(path: Path, entries: Entries) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries:
            made.writestr(name, content)
    return path


def entry(name: str, mode: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def refused(path: Path, out: Path, limits: ArchiveLimits | None = None) -> ArchiveError:
    with pytest.raises(ArchiveError) as caught:
        unpack_zip(path, out, limits)
    return caught.value


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_plain_archive(tmp_path: Path, out: Path) -> None:
    path = make_zip(tmp_path / "a.zip", [("main.py", b"x"), ("lib/", b""), ("lib/a.py", b"yy")])
    unpacked = unpack_zip(path, out)
    assert (unpacked.files, unpacked.bytes, unpacked.top) == (2, 3, None)
    assert (out / "main.py").read_bytes() == b"x"
    assert (out / "lib" / "a.py").read_bytes() == b"yy"
    assert stat.S_IMODE((out / "main.py").stat().st_mode) == 0o644


def test_single_top_folder_is_stripped_past_what_systems_add(tmp_path: Path, out: Path) -> None:
    path = make_zip(
        tmp_path / "a.zip",
        [("mine/main.py", b"x"), ("mine/.DS_Store", b"d"), ("__MACOSX/mine/._main.py", b"m")],
    )
    assert unpack_zip(path, out).top == "mine"
    assert [p.name for p in out.iterdir()] == ["main.py"]


def test_top_folder_stays_when_asked_or_when_it_is_not_alone(tmp_path: Path, out: Path) -> None:
    path = make_zip(tmp_path / "a.zip", [("mine/main.py", b"x")])
    assert unpack_zip(path, out, strip_top=False).top is None
    assert (out / "mine" / "main.py").is_file()
    both = make_zip(tmp_path / "b.zip", [("mine/a.py", b"x"), ("b.py", b"x")])
    (tmp_path / "out2").mkdir()
    assert unpack_zip(both, tmp_path / "out2").top is None


def test_executable_bit_is_kept(tmp_path: Path, out: Path) -> None:
    path = make_zip(tmp_path / "a.zip", [(entry("run", stat.S_IFREG | 0o755), b"#!/bin/sh")])
    unpack_zip(path, out)
    assert (out / "run").stat().st_mode & 0o111


def test_gbk_names_of_windows_are_read(tmp_path: Path, out: Path) -> None:
    path = make_zip(tmp_path / "a.zip", [("aaaa.py", b"x"), ("main.py", b"y")])
    path.write_bytes(path.read_bytes().replace(b"aaaa.py", "数据".encode("gbk") + b".py"))
    unpack_zip(path, out)
    assert sorted(p.name for p in out.iterdir()) == ["main.py", "数据.py"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../escape.py", ArchiveCode.PARENT_PATH),
        ("a/../../b", ArchiveCode.PARENT_PATH),
        ("/etc/passwd", ArchiveCode.ABSOLUTE_PATH),
        ("C:evil.py", ArchiveCode.ABSOLUTE_PATH),
        ("a\\b.py", ArchiveCode.BACKSLASH),
        ("a//b.py", ArchiveCode.HOSTILE_NAME),
        ("./a.py", ArchiveCode.HOSTILE_NAME),
        ("a\nb.py", ArchiveCode.HOSTILE_NAME),
        ("\u202egnp.py", ArchiveCode.HOSTILE_NAME),
        ("x" * 201, ArchiveCode.NAME_TOO_LONG),
        ("/".join("a" * 17), ArchiveCode.TOO_DEEP),
    ],
)
def test_names_that_are_refused(tmp_path: Path, out: Path, name: str, code: ArchiveCode) -> None:
    assert refused(make_zip(tmp_path / "a.zip", [(name, b"x")]), out).code is code
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_only_plain_files(tmp_path: Path, out: Path, kind: int) -> None:
    path = make_zip(tmp_path / "a.zip", [(entry("link", kind | 0o777), b"/etc/passwd")])
    assert refused(path, out).code is ArchiveCode.NOT_PLAIN_FILE


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["a.py", "a.py"], ArchiveCode.DUPLICATE_ENTRY),
        (["a.py", "A.PY"], ArchiveCode.DUPLICATE_ENTRY),
        (["é.py", "e\u0301.py"], ArchiveCode.DUPLICATE_ENTRY),
        (["a", "a/b"], ArchiveCode.FILE_AND_FOLDER),
        (["a/b", "a"], ArchiveCode.DUPLICATE_ENTRY),
    ],
)
def test_one_path_one_entry(tmp_path: Path, out: Path, names: list[str], code: ArchiveCode) -> None:
    path = make_zip(tmp_path / "a.zip", [(name, b"x") for name in names])
    assert refused(path, out).code is code


def test_too_much_of_anything(tmp_path: Path, out: Path) -> None:
    many = make_zip(tmp_path / "many.zip", [(f"{i}.py", b"x") for i in range(11)])
    assert refused(many, out, ArchiveLimits(entries=10)).code is ArchiveCode.TOO_MANY_ENTRIES
    assert refused(many, out, ArchiveLimits(archive_bytes=10)).code is ArchiveCode.ARCHIVE_TOO_LARGE
    assert refused(many, out, ArchiveLimits(inflated_bytes=10)).code is ArchiveCode.TOO_LARGE


def test_bomb_is_stopped_by_what_comes_out(tmp_path: Path, out: Path) -> None:
    path = make_zip(tmp_path / "a.zip", [("zeros", bytes(4 << 20))])
    limits = ArchiveLimits(ratio=100, ratio_from_bytes=1 << 20)
    assert refused(path, out, limits).code is ArchiveCode.RATIO
    assert (out / "zeros").stat().st_size <= 1 << 21


def test_encrypted_and_other_methods(tmp_path: Path, out: Path) -> None:
    path = make_zip(tmp_path / "a.zip", [("a.py", b"x" * 100)])
    raw = bytearray(path.read_bytes())
    central = raw.index(b"PK\x01\x02")
    raw[central + 8] |= 1
    path.write_bytes(raw)
    assert refused(path, out).code is ArchiveCode.ENCRYPTED
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as made:
        made.writestr("a.py", b"x" * 100)
    assert refused(path, out).code is ArchiveCode.UNSUPPORTED_COMPRESSION


def test_entries_that_share_bytes(tmp_path: Path, out: Path) -> None:
    path = make_zip(tmp_path / "a.zip", [("a.py", b"x" * 100), ("b.py", b"y" * 100)])
    raw = bytearray(path.read_bytes())
    second = raw.index(b"PK\x01\x02", raw.index(b"PK\x01\x02") + 4)
    struct.pack_into("<I", raw, second + 42, 0)  # the second entry points at the first's bytes
    path.write_bytes(raw)
    assert refused(path, out).code is ArchiveCode.OVERLAPPING_ENTRIES


SECOND_OF_TWO_DISKS = b"PK\x06\x07" + struct.pack("<LQL", 1, 0, 2)
"""A zip64 locator: `zipfile` refuses it where it only looks whether a file is a zip."""


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda _raw: b"no zip at all", ArchiveCode.NOT_A_ZIP),
        (lambda _raw: b"", ArchiveCode.NOT_A_ZIP),
        (lambda raw: raw.replace(b"hello", b"hallo", 1), ArchiveCode.CORRUPT),
        (lambda raw: raw[:-22] + SECOND_OF_TWO_DISKS + raw[-22:], ArchiveCode.CORRUPT),
    ],
)
def test_damage(
    tmp_path: Path, out: Path, damage: Callable[[bytes], bytes], code: ArchiveCode
) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a.txt", b"hello")
    path.write_bytes(damage(path.read_bytes()))
    assert refused(path, out).code is code


def test_lying_header_gives_no_more_than_it_claims(tmp_path: Path, out: Path) -> None:
    path = make_zip(tmp_path / "a.zip", [("zeros", bytes(1 << 20))])
    raw = bytearray(path.read_bytes())
    struct.pack_into("<I", raw, raw.index(b"PK\x01\x02") + 24, 10)  # "ten bytes inflated"
    path.write_bytes(raw)
    assert refused(path, out).code is ArchiveCode.CORRUPT


def test_empty(tmp_path: Path, out: Path) -> None:
    assert refused(make_zip(tmp_path / "a.zip", [("folder/", b"")]), out).code is ArchiveCode.EMPTY


def test_error_says_what_and_where() -> None:
    error = ArchiveError(ArchiveCode.TOO_DEEP, "a/b", {"limit": 1})
    assert str(error) == "too_deep 'a/b' limit=1"


@given(raw=st.binary(max_size=400))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_refused_or_unpacked_inside(tmp_path: Path, raw: bytes) -> None:
    check_damaged(tmp_path, raw)


@given(position=st.integers(0, 300), value=st.integers(0, 255))
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_flipped_byte_is_refused_or_harmless(tmp_path: Path, position: int, value: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("main.py", b"print('x')")
        made.writestr("lib/a.py", b"y" * 50)
    raw = bytearray(buffer.getvalue())
    raw[position % len(raw)] = value
    check_damaged(tmp_path, bytes(raw))


def check_damaged(tmp_path: Path, raw: bytes) -> None:
    base = tmp_path / "fuzz"
    base.mkdir(exist_ok=True)
    number = sum(1 for _ in base.iterdir())
    path, out = base / f"{number}.zip", base / f"{number}" / "out"
    out.mkdir(parents=True)
    path.write_bytes(raw)
    with contextlib.suppress(ArchiveError):
        unpack_zip(path, out, ArchiveLimits(inflated_bytes=1 << 16))
    assert [p.name for p in out.parent.iterdir()] == ["out"]
