"""What a run says of itself, on every backend: which limit by how much, where, with what left."""

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.types import LimitKind, ProgramError, Run, Sandbox, Verdict
from tests.sandbox.conftest import BACKENDS

pytestmark = pytest.mark.parametrize("backend", BACKENDS, indirect=True)
MIB = 1 << 20


def program(run: Run, text: str) -> Run:
    (run.code / "main.py").write_text(text, encoding="utf-8")
    return run


def test_a_time_limit_says_where_the_program_stood(sandbox: Sandbox, run: Run) -> None:
    spin = "from model import predict\npredict()\n"
    (run.code / "model.py").write_text("def predict():\n    while True:\n        sum(range(999))\n")
    limits = replace(run.limits, wall_s=2.0)
    result = sandbox.execute(replace(program(run, spin), limits=limits))
    assert result.verdict is Verdict.TIME_LIMIT
    assert result.excess is not None
    assert result.excess.kind is LimitKind.TIME
    assert 2.0 <= result.excess.used < 10
    assert result.excess.where == "predict() in model.py, line 3"
    assert result.signal is None
    assert "most recent call first" in result.log
    assert len(result.samples) > 5
    assert result.samples[-1].cpu_s > 0


def test_a_memory_limit_says_where_the_program_stood(sandbox: Sandbox, run: Run) -> None:
    slowly = (
        "import time\n"
        "kept = []\n"
        "def load():\n"
        "    while True:\n"
        "        kept.append(b'x' * (1 << 20))\n"
        "        time.sleep(0.02)\n"
        "load()\n"
    )
    limits = replace(run.limits, memory_bytes=96 * MIB, wall_s=30.0)
    result = sandbox.execute(replace(program(run, slowly), limits=limits))
    assert result.verdict is Verdict.MEMORY_LIMIT
    assert result.excess is not None
    assert (result.excess.kind, result.excess.allowed) == (LimitKind.MEMORY, 96 * MIB)
    assert result.excess.used >= 96 * MIB
    assert result.excess.where.startswith("load() in main.py, line ")
    assert max(sample.memory_bytes for sample in result.samples) > 48 * MIB


def test_an_exception_is_located_and_the_output_listed(sandbox: Sandbox, run: Run) -> None:
    text = (
        "import os\n"
        "for name in ('a.csv', 'model\\u202e.bin', '.hidden'):\n"
        "    open(os.path.join('/output', name), 'w').write('x' * 10)\n"
        "os.symlink('/etc/passwd', '/output/link.csv')\n"
        "def answer():\n"
        "    print('训练完成'.encode('gbk').decode('latin-1').encode('latin-1'), flush=True)\n"
        "    os.write(1, '第一轮完成\\n'.encode('gbk'))\n"
        "    raise ValueError('no such column: label')\n"
        "answer()\n"
    )
    result = sandbox.execute(replace(program(run, text), collect=("a.csv", "link.csv")))
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.error == ProgramError(
        "ValueError", "no such column: label", "main.py", 8, "answer"
    )
    assert "第一轮完成" in result.log
    listed = {file.name: (file.kept, file.reason) for file in result.files}
    assert listed == {
        "a.csv": (True, ""),
        "link.csv": (False, "is a symbolic link"),
        "model\ufffd.bin": (False, "has no plain name"),
        ".hidden": (False, "has no plain name"),
    }


def test_a_crash_names_its_signal_and_place(sandbox: Sandbox, run: Run) -> None:
    text = "import ctypes\ndef crash():\n    ctypes.string_at(0)\ncrash()\n"
    result = sandbox.execute(program(run, text))
    assert result.verdict is Verdict.RUNTIME_ERROR
    assert result.signal == "SIGSEGV"
    assert result.error is not None
    assert (result.error.message, result.error.file, result.error.function) == (
        "Segmentation fault",
        "main.py",
        "crash",
    )


def test_the_whole_log_is_kept_in_the_file(sandbox: Sandbox, run: Run, tmp_path: Path) -> None:
    text = "for number in range(30_000):\n    print('line', number)\n"
    limits = replace(run.limits, log_bytes=4096)
    kept = tmp_path / "log"
    result = sandbox.execute(replace(program(run, text), limits=limits, log_file=kept))
    assert result.verdict is None
    assert result.log_truncated
    assert kept.read_text() == "".join(f"line {number}\n" for number in range(30_000))


def test_programs_that_are_not_python_are_not_disturbed(sandbox: Sandbox, run: Run) -> None:
    (run.code / "run.sh").write_text("echo started\nsleep 60\n")
    limits = replace(run.limits, wall_s=1.0)
    result = sandbox.execute(replace(run, command=("bash", "run.sh"), limits=limits))
    assert result.verdict is Verdict.TIME_LIMIT
    assert result.log == "started\n"
    assert result.excess is not None
    assert result.excess.where == ""
