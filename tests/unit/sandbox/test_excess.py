"""By how much a limit was exceeded, which signal it was, what the listing of the output says."""

import io
import itertools
import signal
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

import pytest

from sandbox.collect import Caps, Collection, collect_directory, collect_tar, safe_name
from sandbox.recipes import find_recipe
from sandbox.stacks import REGISTER, REGISTER_FILE, ask_processes
from sandbox.types import (
    FILES_LISTED,
    SAMPLES_KEPT,
    Excess,
    LimitKind,
    Limits,
    OutputFile,
    Verdict,
)
from sandbox.usage import Curve, Usage
from sandbox.verdicts import Ending, Felt, measure_excess, name_signal

LIMITS = Limits(
    wall_s=2.5, memory_bytes=100, output_bytes=10, output_files=3, processes=5, log_kill_bytes=50
)


def felt(**usage: int) -> Felt:
    return Felt(Usage(**usage), 1.25, 70, "f() in a.py, line 1")


@pytest.mark.parametrize(
    ("verdict", "ending", "collection", "usage", "kind", "used", "allowed"),
    [
        (Verdict.MEMORY_LIMIT, Ending(137), Collection(), {}, LimitKind.MEMORY, 100, 100),
        (
            Verdict.MEMORY_LIMIT,
            Ending(137),
            Collection(),
            {"peak_memory_bytes": 130},
            LimitKind.MEMORY,
            130,
            100,
        ),
        (Verdict.TIME_LIMIT, Ending(137), Collection(), {}, LimitKind.TIME, 2.5, 2.5),
        (
            Verdict.PROCESS_LIMIT,
            Ending(1),
            Collection(),
            {"processes": 6},
            LimitKind.PROCESSES,
            6,
            5,
        ),
        (
            Verdict.OUTPUT_LIMIT,
            Ending(137, flooded=True),
            Collection(),
            {},
            LimitKind.LOG_BYTES,
            70,
            50,
        ),
        (
            Verdict.OUTPUT_LIMIT,
            Ending(0),
            Collection(bytes=12, entries=1),
            {},
            LimitKind.OUTPUT_BYTES,
            12,
            10,
        ),
        (
            Verdict.OUTPUT_LIMIT,
            Ending(0),
            Collection(bytes=2, entries=4),
            {},
            LimitKind.OUTPUT_FILES,
            4,
            3,
        ),
    ],
)
def test_excess(
    verdict: Verdict,
    ending: Ending,
    collection: Collection,
    usage: dict[str, int],
    kind: LimitKind,
    used: float,
    allowed: float,
) -> None:
    found = measure_excess(verdict, ending, LIMITS, collection, felt(**usage))
    assert found == Excess(kind, used, allowed, 1.25, "f() in a.py, line 1")


@pytest.mark.parametrize("verdict", [None, Verdict.RUNTIME_ERROR, Verdict.MISSING_OUTPUT])
def test_no_limit_no_excess(verdict: Verdict | None) -> None:
    assert measure_excess(verdict, Ending(1), LIMITS, Collection(), felt()) is None


@pytest.mark.parametrize(
    ("ending", "name"),
    [
        (Ending(139), "SIGSEGV"),
        (Ending(-signal.SIGABRT), "SIGABRT"),
        (Ending(137), "SIGKILL"),
        (Ending(137, timed_out=True), None),
        (Ending(137, flooded=True), None),
        (Ending(0), None),
        (Ending(3), None),
        (Ending(255), None),
        (Ending(None), None),
    ],
)
def test_signals_have_names(ending: Ending, name: str | None) -> None:
    assert name_signal(ending) == name


def test_a_directory_is_listed_with_reasons(tmp_path: Path) -> None:
    source, target = tmp_path / "output", tmp_path / "kept"
    source.mkdir()
    target.mkdir()
    (source / "answer.csv").write_text("1\n")
    (source / "other.bin").write_bytes(b"12345")
    (source / "a\nb\x1b[31m").write_bytes(b"1")
    (source / "folder").mkdir()
    (source / "link").symlink_to("/etc/passwd")
    found = collect_directory(source, target, ("answer.csv",), Caps.of(Limits(1, 1)))
    assert found.files == (
        OutputFile("answer.csv", 2, kept=True),
        OutputFile("a\ufffdb\ufffd[31m", 1, kept=False, reason="has no plain name"),
        OutputFile("link", 0, kept=False, reason="is a symbolic link"),
        OutputFile("other.bin", 5, kept=False, reason="was not asked for"),
    )
    assert found.files_more == 0


def test_a_listing_is_bounded_but_holds_the_answer(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in [*(f"f{number:03d}" for number in range(150)), "answer.csv"]:
            member = tarfile.TarInfo(f"output/{name}")
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
    packed.seek(0)
    found = collect_tar(packed, tmp_path, ("answer.csv",), Caps.of(Limits(1, 1)))
    assert len(found.files) == FILES_LISTED
    assert found.files[0] == OutputFile("answer.csv", 1, kept=True)
    assert found.files_more == 51


def test_what_was_too_much_is_listed(tmp_path: Path) -> None:
    source = tmp_path / "output"
    source.mkdir()
    (source / "big").write_bytes(b"x" * 20)
    found = collect_directory(source, tmp_path, None, Caps(bytes=10, files=5))
    assert found.files == (OutputFile("big", 20, kept=False, reason="more than 10 bytes"),)


def test_names_are_bounded() -> None:
    assert len(safe_name("x" * 500)) == 200
    assert safe_name("\udcff") == "\ufffd"


def test_a_curve_is_thinned_evenly() -> None:
    curve = Curve()
    for tick in range(20_000):
        curve.add(tick / 100, Usage(cpu_s=tick / 100, memory_bytes=tick))
    points = curve.points()
    assert SAMPLES_KEPT // 4 < len(points) <= SAMPLES_KEPT
    assert points[0].at_s == 0
    assert points[-1].at_s > 190
    gaps = [later.at_s - point.at_s for point, later in itertools.pairwise(points)]
    assert max(gaps) <= 2.1 * min(gaps)


def test_a_python_is_asked_and_goes_on(tmp_path: Path) -> None:
    """The line every interpreter of an image runs at its start, in a process of our own."""
    script = tmp_path / "main.py"
    script.write_text(f"{REGISTER}print('up', flush=True)\ninput()\nprint('still here')\n")
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        assert ask_processes([process.pid, 1 << 30])
        watchdog = threading.Timer(20, process.kill)
        watchdog.start()
        out, err = process.communicate("go\n")
        watchdog.cancel()
    assert out == "still here\n"
    assert "Stack (most recent call first)" in err
    assert f'File "{script}", line ' in err


def test_nobody_is_asked_where_there_is_no_python() -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        while Path(f"/proc/{process.pid}/comm").read_text() != "sleep\n":
            time.sleep(0.001)  # the kernel renames a process a moment after Popen returns
        assert not ask_processes([process.pid])
        process.kill()


def test_images_register_it() -> None:
    assert REGISTER_FILE.endswith(".pth")
    layer = find_recipe("python-cpu").scoring_layer()
    assert f"echo '{REGISTER.strip()}'" in layer
    assert REGISTER_FILE in layer
