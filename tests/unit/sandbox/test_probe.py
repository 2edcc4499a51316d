"""What the probe makes of answers: the sandbox here only pretends."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox.probe import PROVEN_FOR_S, check_alive, check_limits, require_limits
from sandbox.types import LogSink, Progress, Run, RunResult, SandboxError, Verdict

HELD = json.dumps({"network": "", "sockets": "", "read-only files": "", "user": "", "sizes": ""})


def ended(verdict: Verdict | None, log: str = "") -> RunResult:
    return RunResult(
        verdict=verdict,
        message="",
        exit_code=0,
        wall_s=0.1,
        cpu_s=0.1,
        peak_memory_bytes=1,
        output_bytes=0,
        log=log,
        log_truncated=False,
        backend="pretended",
        image_digest="sha256:0",
    )


@dataclass
class Pretender:
    """Answers with what it is given, in turn."""

    answers: list[RunResult]
    runs: list[Run] = field(default_factory=list)
    name: str = "pretended"

    def execute(
        self, run: Run, *, log: LogSink | None = None, cancel: threading.Event | None = None
    ) -> RunResult:
        assert log is None
        assert cancel is None
        assert (run.code / "main.py").read_text()
        self.runs.append(run)
        return self.answers[(len(self.runs) - 1) % len(self.answers)]

    def reap(self, is_alive: Callable[[str], bool]) -> int:
        raise NotImplementedError(is_alive)

    def prepare(self, image: str, progress: Progress) -> str:
        raise NotImplementedError(image, progress)

    def tend(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


def good() -> list[RunResult]:
    return [ended(Verdict.MEMORY_LIMIT), ended(None, "31\n"), ended(None, f"{HELD}\n")]


def test_a_sandbox_that_holds() -> None:
    findings = check_limits(Pretender(good()), "image")
    assert all(each.held for each in findings)
    assert len(findings) == 7


def broken_answers() -> Iterator[tuple[int, RunResult, str]]:
    yield 0, ended(None, "took 1073741824\n"), "memory limit"
    yield 0, ended(Verdict.RUNTIME_ERROR), "memory limit"
    yield 1, ended(None, "256\n"), "process limit"
    yield 1, ended(Verdict.RUNTIME_ERROR, "no such file"), "process limit"
    yield 2, ended(None, ""), "walls"
    yield 2, ended(Verdict.RUNTIME_ERROR, "Traceback"), "walls"
    for wall in ("network", "sockets", "read-only files", "user", "sizes"):
        yield 2, ended(None, json.dumps({wall: "it gave way"})), wall


@pytest.mark.parametrize(("index", "answer", "wall"), list(broken_answers()))
def test_a_sandbox_that_does_not(index: int, answer: RunResult, wall: str, tmp_path: Path) -> None:
    answers = good()
    answers[index] = answer
    for _ in range(2):  # a failure is not remembered
        with pytest.raises(SandboxError, match=wall) as caught:
            require_limits(Pretender(answers), "image", state_dir=tmp_path, identity="this one")
        assert "\n" not in str(caught.value)


def test_a_stopped_fork_bomb_is_held() -> None:
    answers = good()
    answers[1] = ended(Verdict.PROCESS_LIMIT)
    assert all(each.held for each in check_limits(Pretender(answers), "image"))


def test_a_proof_is_believed_for_a_day_and_about_one_thing(tmp_path: Path) -> None:
    sandbox = Pretender(good())
    for identity, runs in (("runc", 3), ("runc", 3), ("runsc", 6), ("runsc", 6)):
        require_limits(sandbox, "image", state_dir=tmp_path / "state", identity=identity)
        assert len(sandbox.runs) == runs
    old = time.time() - PROVEN_FOR_S - 60
    for proof in (tmp_path / "state").glob("proof-*.json"):
        os.utime(proof, (old, old))
    require_limits(sandbox, "image", state_dir=tmp_path / "state", identity="runc")
    assert len(sandbox.runs) == 9
    # the stale one about something else went with it
    assert len(list((tmp_path / "state").glob("proof-*.json"))) == 1


def test_alive_or_not() -> None:
    assert check_alive(Pretender([ended(None, "alive\n")]), "image").verdict is None
    with pytest.raises(SandboxError, match="smallest program ended with time_limit"):
        check_alive(Pretender([ended(Verdict.TIME_LIMIT)]), "image")
    with pytest.raises(SandboxError, match="a clean end"):
        check_alive(Pretender([ended(None, "")]), "image")
