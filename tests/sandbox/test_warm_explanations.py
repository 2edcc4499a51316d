"""A program that ran in a container that waited explains itself as one in a new container does."""

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sandbox.docker import DockerSandbox, Engine, ImageStore
from sandbox.types import Run, RunResult, Verdict
from tests.sandbox.conftest import IMAGE, STATE

pytestmark = pytest.mark.docker
MIB = 1 << 20


@pytest.fixture(scope="module")
def warm(engine: Engine, worker_id: str) -> Iterator[DockerSandbox]:
    name = f"tests-told-{os.getpid()}-{worker_id}"
    made = DockerSandbox(name, runtime=None, images=ImageStore(engine, STATE), warm=1)
    made.prepare(IMAGE, print)
    yield made
    made.close()


def execute(warm: DockerSandbox, run: Run, text: str) -> RunResult:
    (run.code / "main.py").write_text(text, encoding="utf-8")
    warm.warm_up(run)
    result = warm.execute(run)
    assert result.warm
    return result


def test_time(warm: DockerSandbox, run: Run) -> None:
    limited = replace(run, limits=replace(run.limits, wall_s=2.0))
    result = execute(warm, limited, "def spin():\n    while True:\n        pass\nspin()\n")
    assert result.verdict is Verdict.TIME_LIMIT
    assert result.excess is not None
    assert result.excess.where.startswith("spin() in main.py, line ")


def test_memory(warm: DockerSandbox, run: Run) -> None:
    text = (
        "import time\nkept = []\ndef load():\n    while True:\n"
        "        kept.append(b'x' * (1 << 20))\n        time.sleep(0.02)\nload()\n"
    )
    limited = replace(run, limits=replace(run.limits, memory_bytes=192 * MIB, wall_s=60.0))
    result = execute(warm, limited, text)
    assert result.verdict is Verdict.MEMORY_LIMIT
    assert result.excess is not None
    assert result.excess.where.startswith("load() in main.py, line ")


def test_an_exception(warm: DockerSandbox, run: Run) -> None:
    result = execute(warm, run, "def answer():\n    raise ValueError('no label')\nanswer()\n")
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.error is not None
    assert (result.error.type, result.error.file, result.error.line, result.error.function) == (
        "ValueError",
        "main.py",
        2,
        "answer",
    )


def test_a_main_file_that_does_not_compile(warm: DockerSandbox, run: Run) -> None:
    result = execute(warm, run, "x = 1\ndef f(:\n")
    assert result.error is not None
    assert (result.error.type, result.error.file, result.error.line) == (
        "SyntaxError",
        "main.py",
        2,
    )


def test_a_crash(warm: DockerSandbox, run: Run) -> None:
    result = execute(warm, run, "import ctypes\ndef crash():\n    ctypes.string_at(0)\ncrash()\n")
    assert (result.verdict, result.signal) == (Verdict.RUNTIME_ERROR, "SIGSEGV")
    assert result.error is not None
    assert (result.error.message, result.error.function) == ("Segmentation fault", "crash")
