"""What is kept of a run: its whole log, the code around a failure, its curve, its details."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.blobs import CHUNK, LocalBlobs
from app.evaluations.curves import HEIGHT, WIDTH, draw_curves
from app.evaluations.kept_logs import keep_log, read_kept_log
from app.evaluations.logbook import HEAD_BYTES
from app.evaluations.models import Evaluation
from app.evaluations.run_details import pack_details, read_details
from problems.spec import Resources
from sandbox import RunResult, Verdict
from sandbox.types import Excess, LimitKind, OutputFile, ProgramError, UsageSample
from tests.fakes.ports import finished
from trial.excerpts import read_excerpt

CODE = "".join(f"line {number}\n" for number in range(1, 21))


def failed(file: str = "main.py", line: int = 10) -> RunResult:
    error = ProgramError("ValueError", "x", file, line, "f")
    return finished(verdict=Verdict.RUNTIME_ERROR, exit_code=1, error=error)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "main.py").write_text(CODE)
    (tmp_path / "secret.py").write_text("password\n")
    return folder


def test_the_lines_around_the_failure(code: Path) -> None:
    assert read_excerpt(code, failed()) == tuple((n, f"line {n}") for n in range(6, 15))
    assert read_excerpt(code, failed(line=1))[0] == (1, "line 1")
    stopped = finished(
        verdict=Verdict.TIME_LIMIT,
        excess=Excess(LimitKind.TIME, 3, 2, 3, "f() in main.py, line 3"),
    )
    assert (3, "line 3") in read_excerpt(code, stopped)


@pytest.mark.parametrize(
    ("file", "line"),
    [("../secret.py", 1), ("/etc/passwd", 1), ("main.py", 99), ("main.py", 0), ("x\0", 1), ("", 1)],
)
def test_no_line_of_anything_else_is_read(code: Path, file: str, line: int) -> None:
    assert read_excerpt(code, failed(file, line)) == ()


def test_a_link_out_of_the_code_is_not_followed(code: Path, tmp_path: Path) -> None:
    (code / "link.py").symlink_to(tmp_path / "secret.py")
    assert read_excerpt(code, failed("link.py", 1)) == ()


def test_code_in_gbk_or_with_control_codes_is_readable(code: Path) -> None:
    (code / "main.py").write_bytes("# 训练模型完成\n".encode("gbk") + b"x = '\x1b[31m'\n")
    assert read_excerpt(code, failed(line=1))[:2] == ((1, "# 训练模型完成"), (2, "x = ''"))


def test_runs_that_ended_well_have_no_excerpt(code: Path) -> None:
    assert read_excerpt(code, None) == ()
    assert read_excerpt(code, finished()) == ()


def test_a_long_log_is_kept_whole_and_clean(tmp_path: Path, blobs: LocalBlobs) -> None:
    raw = tmp_path / "log"
    line = "\x1b[32m进度\x1b[0m 1 %\r\n".encode()
    raw.write_bytes(line * (HEAD_BYTES // len(line) + 1000))
    kept = keep_log(blobs, raw)
    assert kept is not None
    assert kept.blob is not None
    text = b"".join(read_kept_log(blobs, kept.blob))
    assert set(text.decode().splitlines()) == {"进度 1 %"}
    assert len(text) == kept.size
    packed = b"".join(blobs.read(kept.blob))
    assert gzip.decompress(packed) == text
    assert len(packed) < len(text) / 10


def test_a_log_of_one_letter_unpacks_in_bounded_pieces(tmp_path: Path, blobs: LocalBlobs) -> None:
    raw = tmp_path / "log"
    raw.write_bytes(b"a" * (4 * CHUNK + HEAD_BYTES))
    kept = keep_log(blobs, raw)
    assert kept is not None
    assert kept.blob is not None
    assert len(b"".join(blobs.read(kept.blob))) < CHUNK  # packed it is one piece
    pieces = list(read_kept_log(blobs, kept.blob))
    assert max(map(len, pieces)) <= CHUNK
    assert b"".join(pieces) == raw.read_bytes()


def test_a_log_that_the_pieces_hold_needs_no_blob(tmp_path: Path, blobs: LocalBlobs) -> None:
    raw = tmp_path / "log"
    assert keep_log(blobs, raw) is None
    raw.write_bytes(b"short\n")
    kept = keep_log(blobs, raw)
    assert kept is not None
    assert (kept.size, kept.blob) == (6, None)
    assert list(blobs.list()) == []


def test_details_come_back_as_they_were_put() -> None:
    run = finished(
        signal="SIGSEGV",
        excess=Excess(LimitKind.MEMORY, 3.0, 2.0, 1.5, "f() in a.py, line 2"),
        error=ProgramError("E", "m", "a.py", 2, "f"),
        files=(OutputFile("a.csv", 3, kept=True), OutputFile("b", 1, kept=False, reason="no")),
        files_more=4,
        samples=(UsageSample(0.0, 0.0, 1), UsageSample(0.5, 0.25, 2)),
        phases={"run": 1.5},
    )
    evaluation = Evaluation(run_details=pack_details(run, ((1, "x"),)))
    details = read_details(evaluation)
    assert details is not None
    assert (details.excess, details.error, details.files) == (run.excess, run.error, run.files)
    assert (details.samples, details.phases, details.signal) == (run.samples, run.phases, "SIGSEGV")
    assert details.excerpt == ((1, "x"),)


def test_what_an_older_version_kept_is_no_error() -> None:
    assert read_details(Evaluation(run_details=None)) is None
    assert read_details(Evaluation(run_details={"samples": []})) is None


SAMPLES = st.lists(
    st.builds(
        UsageSample,
        at_s=st.floats(0, 1e4),
        cpu_s=st.floats(0, 1e5),
        memory_bytes=st.integers(0, 1 << 40),
    ),
    max_size=30,
).map(lambda found: tuple(sorted(found, key=lambda sample: sample.at_s)))


@given(SAMPLES)
def test_curves_stay_in_their_box(samples: tuple[UsageSample, ...]) -> None:
    curves = draw_curves(samples, Resources())
    if curves is None:
        return
    for curve in (curves.memory, curves.processors):
        places = [place.split() for place in curve.line.removeprefix("M").split(" L")]
        assert all(0 <= float(x) <= WIDTH and -0.1 <= float(y) <= HEIGHT for x, y in places)
        assert 0 < curve.limit_y <= HEIGHT


def test_a_curve_shows_what_was_used() -> None:
    samples = tuple(UsageSample(at, at / 2, 1 << 30) for at in (0.0, 1.0, 2.0, 3.0))
    curves = draw_curves(samples, Resources())
    assert curves is not None
    assert (curves.memory.most, curves.memory.limit) == (1 << 30, 2 << 30)
    assert curves.processors.most == pytest.approx(0.5)
    assert draw_curves(samples[:2], Resources()) is None
    still = tuple(replace(sample, at_s=0.0) for sample in samples)
    assert draw_curves(still, Resources()) is None
