from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import choose
from sandbox.__main__ import byte_count, main
from sandbox.choose import choose_sandbox
from sandbox.collect import Collection
from sandbox.logs import LogCapture
from sandbox.results import Observation, Origin, Stopwatch, build_result
from sandbox.types import Limits, ProgramError, Run, RunResult, SandboxError, Verdict
from sandbox.verdicts import Ending


@pytest.mark.parametrize(
    ("text", "count"),
    [("1", 1), ("256MiB", 256 << 20), ("1.5 GiB", 3 << 29), ("10kib", 10240), ("7B", 7)],
)
def test_sizes(text: str, count: int) -> None:
    assert byte_count(text) == count


@pytest.mark.parametrize("text", ["", "x", "1MB", "-1", "0", "0.1"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match=r"is n"):
        byte_count(text)


def test_unusable_requests_are_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", "--code", str(tmp_path), "--output", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert "no_entrypoint" in capsys.readouterr().err
    (tmp_path / "main.py").touch()
    assert main([*arguments, "--time", "0"]) == 2
    assert "wall_s" in capsys.readouterr().err


def refuse(reason: str) -> Callable[..., None]:
    def make(*_arguments: object) -> None:
        raise SandboxError(reason)

    return make


def test_choosing_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "_prepare", refuse("no engine"))
    monkeypatch.setattr(choose, "_bubblewrap", refuse("no bwrap"))
    for preference, reason in (
        ("auto", "no sandbox: Docker: no engine; bubblewrap: no bwrap"),
        ("docker", "no engine"),
        ("bubblewrap", "no bwrap"),
    ):
        with pytest.raises(SandboxError, match=f"^{reason}$"):
            choose_sandbox(
                preference,  # type: ignore[arg-type]
                runtime=None,
                state_dir=tmp_path,
                installation="tests",
                progress=print,
            )


LIMITS = Limits(wall_s=1, memory_bytes=1, processes=5)


def result_of(capture: LogCapture, code: int, folder: Path) -> RunResult:
    watch = Stopwatch()
    watch.lap("run")
    return build_result(
        Run("i", ("x",), folder, folder, LIMITS),
        Observation(Ending(code)),
        Collection(kept={"a": 3}, bytes=9),
        capture,
        Origin("docker", "sha256:0"),
        watch.phases,
    )


def test_a_failed_forks_last_words_are_believed(tmp_path: Path) -> None:
    capture = LogCapture(LIMITS)
    capture.feed(b"OSError: [Errno 11] Resource temporarily unavailable")
    for code, verdict in ((1, Verdict.PROCESS_LIMIT), (0, None)):
        result = result_of(capture, code, tmp_path)
        assert result.verdict is verdict
        assert result.output_bytes == (9 if verdict else 3)
        assert list(result.phases) == ["run"]


TRACEBACK = (
    b"Traceback (most recent call last):\n"
    b'  File "/code/main.py", line 8, in answer\n'
    b"ValueError: no such column: label\n"
)


def test_what_arrives_late_on_the_other_stream_is_no_part_of_an_exception(tmp_path: Path) -> None:
    told = ProgramError("ValueError", "no such column: label", "main.py", 8, "answer")
    capture = LogCapture(LIMITS)
    capture.feed(TRACEBACK, is_error=True)
    capture.feed(b"printed before it\n")
    result = result_of(capture, 1, tmp_path)
    assert result.error == told
    assert result.log.endswith("printed before it\n")


def test_an_exception_that_went_to_the_other_stream_is_found_there(tmp_path: Path) -> None:
    capture = LogCapture(LIMITS)
    capture.feed(b"a warning\n", is_error=True)
    capture.feed(TRACEBACK)
    error = result_of(capture, 1, tmp_path).error
    assert error is not None
    assert (error.message, error.line) == ("no such column: label", 8)
