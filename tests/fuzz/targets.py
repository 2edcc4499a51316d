"""What is fuzzed: each target takes bytes nobody trusts and checks what must hold of any bytes.

Only the declared errors come out, nothing is written outside the destination, and no more than
the limits allow. Called by hypothesis and by atheris alike.
"""

import contextlib
import io
import json
import math
import os
import stat
import tarfile
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from sandbox.archive import ArchiveError, ArchiveLimits, unpack_zip
from sandbox.collect import Caps, Collection, collect_directory, collect_tar
from sandbox.logs import LogCleaner, clean_log
from sandbox.types import SandboxError
from scoring import (
    InvalidScores,
    InvalidSubmission,
    Message,
    ScorerError,
    Scoring,
    SubmissionTable,
    read_answer,
    read_program_result,
)
from scoring.encodings import as_utf8
from scoring.formats import Format
from scoring.metrics.masks import read_mask
from scoring.quick import read_text_table
from scoring.types import ScoreResult
from scoring.unpacking import MAX_ROWS, UnpackError, unpack

LIMITS = ArchiveLimits(
    archive_bytes=1 << 16, inflated_bytes=1 << 17, entries=40, depth=6, ratio_from_bytes=1 << 14
)
CHUNK = 1 << 16
CAPS = Caps(bytes=1 << 16, files=40)
ODD = ("answer.csv", "deep", "\udcff\udcfe", "a\nb", ".b", "-rf", "A.csv", "a.csv", "x" * 250)
WANTED = ("answer.csv", "deep/answer.csv", "name0", "name1/name2")
SECRET = "nobody may read or change this"
SCORING = Scoring.model_validate(
    {
        "partition": "rows",
        "scorer": "scorer.py",
        "columns": ({"key": "cost", "direction": "min", "primary": True},),
    }
)


@contextlib.contextmanager
def two_folders() -> Iterator[tuple[Path, Path]]:
    """A folder to read from and one to write to, with nothing else beside them afterwards."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        source, destination = root / "source", root / "destination"
        destination.mkdir()
        (root / "secret").write_text(SECRET)
        yield source, destination
        assert {path.name for path in root.iterdir()} <= {"source", "destination", "secret"}
        assert (root / "secret").read_text() == SECRET


def written(destination: Path) -> Mapping[str, int]:
    """The files below the destination and their sizes: plain ones of ours alone."""
    found = {}
    for path in destination.rglob("*"):
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            assert stat.S_ISREG(status.st_mode)
            assert status.st_nlink == 1
            assert stat.S_IMODE(status.st_mode) in {0o644, 0o755}
            assert SECRET.encode() not in path.read_bytes()
            found[path.relative_to(destination).as_posix()] = status.st_size
    return found


def archive(data: bytes) -> None:
    """An uploaded zip."""
    for strip_top in (True, False):
        with two_folders() as (source, destination):
            source.write_bytes(data)
            try:
                unpacked = unpack_zip(source, destination, LIMITS, strip_top=strip_top)
            except ArchiveError:
                # what was begun is thrown away, but may not fill the disk before that
                assert total(destination) <= LIMITS.inflated_bytes + CHUNK
                continue
            files = written(destination)
            assert unpacked.files == len(files) <= LIMITS.entries
            assert unpacked.bytes == sum(files.values()) <= LIMITS.inflated_bytes


def total(destination: Path) -> int:
    return sum(path.lstat().st_size for path in destination.rglob("*") if path.is_file())


def engine_tar(data: bytes) -> None:
    """What an engine sends of an output folder."""
    for wanted in (None, WANTED):
        with two_folders() as (_, destination):
            try:
                found = collect_tar(io.BytesIO(data), destination, wanted, CAPS)
            except (tarfile.TarError, SandboxError):
                continue
            check_collection(found, destination, wanted)


def output_folder(data: bytes) -> None:
    """A folder a dead run has left, built by a small language that any bytes are a program of."""
    for wanted in (None, WANTED):
        with two_folders() as (source, destination):
            source.mkdir()
            build(source, data)
            found = collect_directory(source, destination, wanted, CAPS)
            check_collection(found, destination, wanted)


def build(root: Path, program: bytes) -> None:
    """Make files, folders, links, pipes and holes; whatever cannot be made is left out.

    The builder itself follows no link: it runs on this machine, with this user's rights.
    """
    here = root
    for operation, argument in zip(program[::2], program[1::2], strict=False):
        path = here / name_of(argument)
        if operation % 12 == len(OPERATIONS):
            here = path if path.is_dir() and not path.is_symlink() else root
            continue
        with contextlib.suppress(OSError):
            OPERATIONS[operation % 12 % len(OPERATIONS)](root, path, argument)


def write(_root: Path, path: Path, argument: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(path, flags, 0o644), "wb") as sink:
        sink.write(bytes(argument * 8))


def make_hole(_root: Path, path: Path, argument: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "wb") as sink:
        sink.truncate(argument << 8)


def close_up(_root: Path, path: Path, argument: int) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    os.fchmod(descriptor, argument & 0o777)
    os.close(descriptor)


def point(_root: Path, path: Path, argument: int) -> None:
    path.symlink_to(("../secret", "..", path.name, "answer.csv")[argument % 4])


OPERATIONS: tuple[Callable[[Path, Path, int], object], ...] = (
    write,
    write,
    make_hole,
    close_up,
    point,
    lambda _root, path, _argument: path.mkdir(),
    lambda _root, path, _argument: os.mkfifo(path),
    lambda _root, path, _argument: path.unlink(),
    lambda _root, path, argument: path.rename(path.with_name(name_of(argument + 1))),
    lambda root, path, argument: os.link(
        root / name_of(argument // 2), path, follow_symlinks=False
    ),
)


def name_of(number: int) -> str:
    odd = (
        "answer.csv",
        "deep",
        "\udcff\udcfe",
        "a\nb",
        ".hidden",
        "-rf",
        "A.csv",
        "a.csv",
        "x" * 250,
    )
    return odd[number % 16] if number % 16 < len(odd) else f"name{number % 4}"


def check_collection(found: Collection, destination: Path, wanted: tuple[str, ...] | None) -> None:
    files = written(destination)
    assert files == found.kept
    assert sum(files.values()) <= CAPS.bytes
    assert found.entries <= CAPS.files + 1
    assert not set(files) & set(found.refused)
    assert wanted is None or set(files) | set(found.refused) <= set(wanted)
    folded = {unicodedata.normalize("NFC", name).casefold() for name in files}
    assert wanted is not None or len(folded) == len(files)
    for file in found.files:
        assert file.name.isprintable()


def scorer_result(data: bytes) -> None:
    """What a pack's scorer wrote."""
    with two_folders() as (source, _):
        source.write_bytes(data)
        with contextlib.suppress(InvalidSubmission, InvalidScores, ScorerError):
            check_scores(read_program_result(source, SCORING))


def check_scores(result: ScoreResult) -> None:
    assert set(result.scores) == {"cost"}
    assert all(math.isfinite(score) for score in result.scores.values())
    for case in result.cases:
        text = json.dumps(case, allow_nan=False, ensure_ascii=False)
        assert "\\u0000" not in text
        assert text.encode()


def printed(data: bytes) -> None:
    """What a program prints, cut anywhere."""
    whole = clean_log(data)
    assert all(unicodedata.category(each) != "Cc" or each in "\n\t" for each in whole)
    assert "\x1b" not in whole
    assert len(whole) <= len(data)
    try:
        data.decode()
    except UnicodeDecodeError:
        return  # other encodings are guessed from what has come so far
    cleaner = LogCleaner()
    step = 1 + len(data) % 7
    pieces = [cleaner.feed(data[at : at + step]) for at in range(0, len(data), step)]
    assert "".join([*pieces, cleaner.feed(b"", final=True)]) == whole


TABLE = SubmissionTable.model_validate(
    {
        "key": ("id",),
        "columns": {
            "id": {"type": "string"},
            "n": {"type": "integer", "max": 9},
            "score": {"type": "number", "min": 0, "max": 1},
        },
    }
)
TEXT = frozenset(each for each in Format if not each.is_binary)


def text_table(data: bytes) -> None:
    """An answer in a format of text, which the fast reader judges as the careful one does."""
    with two_folders() as (source, _), contextlib.ExitStack() as opened:
        source.write_bytes(data)
        file, notes = opened.enter_context(as_utf8(source))
        quick = read_text_table(file, ",", TABLE.columns, exact=True)
        try:
            answer = read_answer(file, TABLE, TEXT)
        except InvalidSubmission as error:
            check_refusal((*notes, *error.messages))
            # whether keys repeat is not for the fast reader to see
            assert quick is None or error.messages[0].code == "duplicate_ids"  # noqa: PT017
            return
        scores = answer.columns["score"].tolist()
        assert all(0 <= score <= 1 for score in scores)
        assert quick is None or quick.columns["score"].tolist() == scores


def binary_table(data: bytes) -> None:
    """An answer in a binary format, as the process that unpacks it sees it."""
    for kind in ("parquet", "arrow", "npz"):
        with two_folders() as (source, destination):
            source.write_bytes(data)
            sink = destination / "columns"
            try:
                unpack(kind, source, sink, ["id", "score"])
            except UnpackError as error:
                check_refusal((Message(error.reason, {"format": kind, **error.params}),))
                continue
            if sink.exists():
                check_columns(pa.ipc.open_file(str(sink)).read_all())


def masks(data: bytes) -> None:
    """A zip of pictures, as the process that unpacks it sees it."""
    with two_folders() as (source, destination):
        source.write_bytes(data)
        sink = destination / "columns"
        try:
            unpack("pictures", source, sink, ["id", "mask"])
        except UnpackError as error:
            check_refusal((Message(error.reason, {"format": "ZIP of PNG", **error.params}),))
            return
        if sink.exists():
            found = pa.ipc.open_file(str(sink)).read_all()
            names = found["id"].to_pylist()
            assert len(set(names)) == len(names)
            assert all(read_mask(cell).size for cell in found["mask"].to_pylist())


def check_refusal(messages: tuple[Message, ...]) -> None:
    # twenty faults, how many more, and how the file was read
    assert 1 <= len(messages) <= 22
    assert all(message.render(each) for message in messages for each in ("zh-Hans", "en"))


def check_columns(found: pa.Table) -> None:
    found.validate(full=True)
    plain = {pa.large_string(), pa.int64(), pa.float64(), pa.bool_()}
    assert found.column_names == ["id", "score"]
    assert {field.type for field in found.schema} <= plain
    assert found.num_rows <= MAX_ROWS


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "archive": archive,
    "engine_tar": engine_tar,
    "output_folder": output_folder,
    "scorer_result": scorer_result,
    "printed": printed,
    "text_table": text_table,
    "binary_table": binary_table,
    "masks": masks,
}
