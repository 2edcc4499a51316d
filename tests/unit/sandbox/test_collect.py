import io
import os
import socket
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.collect import Caps, Collection, collect_directory, collect_tar, is_plain_name
from sandbox.types import Limits, SandboxError

CAPS = Caps(bytes=1 << 20, files=50)
Wanted = tuple[str, ...] | None
Collect = Callable[..., Collection]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def as_tar(source: Path) -> io.BytesIO:
    """A folder as an engine sends it: one top entry, hard links as links to the first name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.add(source, arcname="output")
    buffer.seek(0)
    return buffer


@pytest.fixture(params=["directory", "tar"])
def collect(request: pytest.FixtureRequest, source: Path, out: Path) -> Collect:
    def run(wanted: Wanted = None, caps: Caps = CAPS) -> Collection:
        if request.param == "directory":
            return collect_directory(source, out, wanted, caps)
        return collect_tar(as_tar(source), out, wanted, caps)

    return run


def test_plain_files_come_out(collect: Collect, source: Path, out: Path) -> None:
    (source / "answer.csv").write_text("a")
    (source / "deep" / "er").mkdir(parents=True)
    (source / "deep" / "er" / "答案 1.csv").write_text("bb")
    found = collect()
    assert found.kept == {"answer.csv": 1, "deep/er/答案 1.csv": 2}
    assert (found.bytes, found.over, found.refused) == (3, "", {})
    assert (out / "deep" / "er" / "答案 1.csv").read_text() == "bb"


def test_only_what_is_wanted(collect: Collect, source: Path, out: Path) -> None:
    (source / "answer.csv").write_text("a")
    (source / "other.csv").write_text("bb")
    found = collect(("answer.csv", "missing.csv"))
    assert found.kept == {"answer.csv": 1}
    assert found.bytes == 3
    assert [p.name for p in out.iterdir()] == ["answer.csv"]


def test_links_and_folders_are_refused_by_name(collect: Collect, source: Path, out: Path) -> None:
    (source / "link").symlink_to("/etc/passwd")
    (source / "folder").mkdir()
    os.mkfifo(source / "fifo")
    (source / "first").write_text("x")
    os.link(source / "first", source / "second")
    wanted = ("link", "folder", "fifo", "first", "second")
    found = collect(wanted)
    assert found.kept == {}
    assert found.refused == {
        "link": "is a symbolic link",
        "folder": "is a directory",
        "fifo": "is a FIFO",
        "first": "is a hard link",
        "second": "is a hard link",
    }
    assert list(out.rglob("*")) == []


def test_without_names_what_is_not_plain_is_passed_over(collect: Collect, source: Path) -> None:
    (source / "link").symlink_to("/etc/passwd")
    (source / ".hidden").write_text("x")
    (source / "-rf").write_text("x")
    (source / "new\nline").write_text("x")
    (source / "plain").write_text("x")
    os.close(os.open(os.fsencode(source) + b"/\xff\xfe", os.O_CREAT))
    found = collect()
    assert list(found.kept) == ["plain"]
    assert found.refused == {}


@pytest.mark.parametrize(
    ("wanted", "caps", "over"),
    [
        (None, Caps(bytes=500, files=50), "more than 500 bytes"),
        (("0",), Caps(bytes=1000, files=5), "more than 5 files"),
    ],
)
def test_caps(collect: Collect, source: Path, wanted: Wanted, caps: Caps, over: str) -> None:
    for number in range(6):
        (source / f"{number}").write_bytes(bytes(100))
    assert collect(wanted, caps).over == over


def test_sparse_files_count_in_full(collect: Collect, source: Path) -> None:
    with (source / "sparse").open("wb") as sink:
        sink.truncate(2 << 20)
    assert collect().over == "more than 1048576 bytes"


def test_socket_in_a_directory(source: Path, out: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(source / "s"))
    assert collect_directory(source, out, ("s",), CAPS).refused == {"s": "is a socket"}


def test_a_linked_folder_leads_nowhere(tmp_path: Path, source: Path, out: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "file").write_text("x")
    (source / "deep").symlink_to(tmp_path / "secret")
    found = collect_directory(source, out, ("deep/file",), CAPS)
    assert (found.kept, found.refused) == ({}, {})


def test_a_linked_source_is_not_opened(tmp_path: Path, source: Path, out: Path) -> None:
    (tmp_path / "link").symlink_to(source)
    with pytest.raises(OSError, match="link"):
        collect_directory(tmp_path / "link", out, None, CAPS)


def test_depth_is_bounded(source: Path, out: Path) -> None:
    deep = source
    for _ in range(70):
        deep /= "d"
    deep.mkdir(parents=True)
    assert "deeper" in collect_directory(source, out, None, Caps(1 << 20, 1000)).over


def test_devices_in_a_tar(out: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        device = tarfile.TarInfo("output/dev")
        device.type = tarfile.CHRTYPE
        tar.addfile(device)
        odd = tarfile.TarInfo("output/odd")
        odd.type = tarfile.CONTTYPE
        tar.addfile(odd)
    buffer.seek(0)
    found = collect_tar(buffer, out, ("dev",), CAPS)
    assert found.refused == {"dev": "is a device"}


def test_names_in_a_tar_cannot_climb(out: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in ("output/../../escape", "/output/../escape", "output/a/../../../b"):
            info = tarfile.TarInfo(name)
            info.size = 1
            tar.addfile(info, io.BytesIO(b"x"))
    buffer.seek(0)
    assert collect_tar(buffer, out, None, CAPS).kept == {}


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("answer.csv", True),
        ("a/b-c_d.csv", True),
        ("答案.csv", True),
        ("", False),
        ("..", False),
        ("a/../b", False),
        ("/a", False),
        ("a//b", False),
        (".a", False),
        ("a\tb", False),
        ("\u202ea", False),
        ("x" * 201, False),
        ("a/" * 8 + "a", False),
    ],
)
def test_plain_names(name: str, plain: bool) -> None:
    assert is_plain_name(name, CAPS) is plain


def test_caps_of_limits() -> None:
    caps = Caps.of(Limits(wall_s=1, memory_bytes=1, output_bytes=7, output_files=3))
    assert (caps.bytes, caps.files) == (7, 3)


@given(name=st.text(min_size=1, max_size=30))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_plain_name_leaves_its_folder(tmp_path: Path, name: str) -> None:
    if is_plain_name(name, CAPS):
        assert (tmp_path / name).resolve().is_relative_to(tmp_path.resolve())
        assert "\0" not in name


def test_depth_is_bounded_in_a_tar_too(source: Path, out: Path) -> None:
    (source / "/".join("d" * 70)).mkdir(parents=True)
    assert "deeper" in collect_tar(as_tar(source), out, None, Caps(1 << 20, 1000)).over


def test_names_that_another_file_system_takes_for_one_stay_behind(
    collect: Collect, source: Path, out: Path
) -> None:
    for name in ("a.csv", "A.csv", "straße.csv", "STRASSE.csv", "other.csv"):
        (source / name).write_text(name)
    assert set(collect().kept) == {"other.csv"}
    assert [path.name for path in out.iterdir()] == ["other.csv"]


def test_a_name_asked_for_has_no_twin(collect: Collect, source: Path) -> None:
    for name in ("a.csv", "A.csv"):
        (source / name).write_text(name)
    assert set(collect(("a.csv",)).kept) == {"a.csv"}


def test_a_disk_of_ours_that_is_full_is_not_their_fault(
    collect: Collect, source: Path, out: Path
) -> None:
    (source / "answer.csv").write_text("x")
    out.rmdir()
    out.write_text("in the way")
    with pytest.raises(SandboxError, match="keep the output"):
        collect(("answer.csv",))


def test_a_folder_is_not_listed_beyond_what_may_be_in_it(source: Path, out: Path) -> None:
    for number in range(30):
        (source / str(number)).touch()
    found = collect_directory(source, out, None, Caps(1 << 20, 10))
    assert found.over == "more than 10 files"
    assert found.entries == 11


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_reads_what_the_program_closed() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        source, out = root / "source", root / "out"
        (source / "deep").mkdir(parents=True)
        out.mkdir()
        (source / "deep" / "answer.csv").write_text("x")
        for path in (root, source, out, source / "deep", source / "deep" / "answer.csv"):
            os.chown(path, 54_321, 54_321)
        for path in (source / "deep" / "answer.csv", source / "deep", source):
            path.chmod(0)
        os.seteuid(54_321)
        try:
            found = collect_directory(source, out, ("deep/answer.csv",), CAPS)
        finally:
            os.seteuid(0)
        assert found.kept == {"deep/answer.csv": 1}
