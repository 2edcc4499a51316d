"""What a run is promised, on real backends: its surroundings, its limits, its end."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.types import Limits, Run, Sandbox, SandboxError, Verdict
from tests.sandbox.conftest import BACKENDS, with_program

pytestmark = pytest.mark.parametrize("backend", BACKENDS, indirect=True)

SLEEPER = "import time\nprint('ready', flush=True)\ntime.sleep(60)\n"


def test_result_holds_real_numbers(sandbox: Sandbox, run: Run) -> None:
    program = """
import time
hoard = bytearray(b"x") * (100 << 20)
until = time.process_time() + 0.7
while time.process_time() < until:
    pass
open("/output/answer.csv", "w").write("x" * 1000)
"""
    result = sandbox.execute(with_program(run, program))
    assert result.verdict is None
    assert result.exit_code == 0
    assert 0.6 < result.cpu_s < 5.0
    assert result.wall_s >= 0.7
    assert 100 << 20 <= result.peak_memory_bytes <= 256 << 20
    assert result.output_bytes == 1000
    assert result.backend == sandbox.name
    assert result.image_digest.startswith("sha256:")
    assert set(result.phases) >= {"prepare", "run", "collect"}


def test_mounts_are_there_and_read_only(sandbox: Sandbox, run: Run, tmp_path: Path) -> None:
    program = """
import os
assert open("/input/data.csv").read() == "id\\n1\\n"
assert open("/truth/truth.csv").read() == "secret"
assert open("/answer/deep/answer.csv").read() == "answer"
assert os.environ["GREETING"] == "hello"
assert os.environ["SEED"] == "42"
for path in ("/input/x", "/truth/x", "/answer/x", "/code/x"):
    try:
        open(path, "w")
    except OSError:
        continue
    raise SystemExit(path)
print(sorted(os.listdir("/truth")))
"""
    truth, answer = tmp_path / "truth", tmp_path / "answer"
    (answer / "deep").mkdir(parents=True)
    truth.mkdir()
    (truth / "truth.csv").write_text("secret")
    (answer / "deep" / "answer.csv").write_text("answer")
    mounts = {"/truth": truth, "/answer": answer}
    env = {"GREETING": "hello", "SEED": "42", "MEMORY_BYTES": "1"}
    result = sandbox.execute(replace(with_program(run, program), mounts=mounts, env=env))
    assert result.verdict is None, result.log
    assert "['truth.csv']" in result.log


def test_the_output_can_be_found_at_a_second_place(sandbox: Sandbox, run: Run) -> None:
    program = """
open("/app/output/answer.csv", "w").write("one")
assert open("/output/answer.csv").read() == "one"
for path in ("/app/x", "/app/program/x"):
    try:
        open(path, "w")
    except OSError:
        continue
    raise SystemExit(path)
"""
    asked = replace(
        with_program(run, program),
        shared={"/app/program": run.code},
        output_at="/app/output",
        collect=("answer.csv",),
    )
    result = sandbox.execute(asked)
    assert result.verdict is None, result.log
    assert (run.output / "answer.csv").read_text() == "one"


def test_run_sh_is_run_by_bash(sandbox: Sandbox, run: Run) -> None:
    (run.code / "run.sh").write_text('set -euo pipefail\necho "in $PWD"\n')
    result = sandbox.execute(replace(run, command=("bash", "run.sh")))
    assert result.verdict is None, result.log
    assert result.log == "in /code\n"


def test_answers_below_folders_are_collected(sandbox: Sandbox, run: Run) -> None:
    program = """
import os
os.makedirs("/output/a/b")
open("/output/a/b/c.csv", "w").write("1")
open("/output/other.csv", "w").write("2")
"""
    asked = replace(with_program(run, program), collect=("a/b/c.csv",))
    result = sandbox.execute(asked)
    assert result.verdict is None, result.message
    assert (run.output / "a" / "b" / "c.csv").read_text() == "1"
    assert not (run.output / "other.csv").exists()


def test_cancel_ends_a_run_within_five_seconds(sandbox: Sandbox, run: Run) -> None:
    cancel = threading.Event()
    heard: list[bytes] = []

    def hear(chunk: bytes) -> None:
        heard.append(chunk)
        cancel.set()

    started = time.monotonic()
    result = sandbox.execute(with_program(run, SLEEPER), log=hear, cancel=cancel)
    assert result.cancelled
    assert result.verdict is None
    assert b"ready" in b"".join(heard)
    assert time.monotonic() - started < 10
    assert result.wall_s < 5


def test_a_run_cancelled_before_its_start_never_starts(sandbox: Sandbox, run: Run) -> None:
    cancel = threading.Event()
    cancel.set()
    result = sandbox.execute(run, cancel=cancel)
    assert result.cancelled
    assert result.log == ""


def test_a_broken_sink_does_not_stop_the_drain(sandbox: Sandbox, run: Run) -> None:
    def broken(_chunk: bytes) -> None:
        raise ValueError

    program = "for _ in range(2000):\n    print('x' * 1000)\nprint('end')\n"
    result = sandbox.execute(with_program(run, program), log=broken)
    assert result.verdict is None
    assert result.log.endswith("end\n")


def test_runs_in_parallel_do_not_meet(sandbox: Sandbox, run: Run, tmp_path: Path) -> None:
    program = """
import os, time
open("/tmp/mine", "x").write(os.environ["SEED"])
open("/output/answer.csv", "w").write(os.environ["SEED"])
time.sleep(0.5)
assert os.listdir("/tmp") == ["mine"]
assert os.listdir("/output") == ["answer.csv"]
"""
    with_program(run, program)

    def one(seed: int) -> str:
        output = tmp_path / f"output{seed}"
        output.mkdir()
        mine = replace(run, output=output, env={"SEED": str(seed)}, collect=("answer.csv",))
        result = sandbox.execute(mine)
        assert result.verdict is None, result.log
        return (output / "answer.csv").read_text()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(one, range(3))) == ["0", "1", "2"]


def test_large_input_arrives_whole(sandbox: Sandbox, run: Run) -> None:
    assert run.input is not None
    (run.input / "large.bin").write_bytes(bytes(range(256)) * (3 << 12))
    program = """
import hashlib
data = open("/input/large.bin", "rb").read()
assert data == bytes(range(256)) * (3 << 12)
print(len(data))
"""
    for _ in range(2):  # the second time from the cache, where there is one
        result = sandbox.execute(with_program(run, program))
        assert result.verdict is None, result.log
        assert result.log == f"{3 << 20}\n"


def test_scoring_can_be_imported(sandbox: Sandbox, run: Run) -> None:
    result = sandbox.execute(with_program(run, "import scoring\nprint(scoring.__file__)\n"))
    assert result.verdict is None, result.log
    assert result.log == "/opt/baijing/scoring/__init__.py\n"


def test_unusable_requests_are_refused(sandbox: Sandbox, run: Run, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for unusable in (
        replace(run, image="no-such-image"),
        replace(run, code=tmp_path / "nowhere"),
        replace(run, output=tmp_path / "full"),
        replace(run, mounts={"/code": tmp_path / "full"}),
        replace(run, mounts={"/x/../code": tmp_path / "full"}),
        replace(run, collect=("../escape",)),
        replace(run, command=()),
    ):
        with pytest.raises(SandboxError):
            sandbox.execute(unusable)


def test_threads_beyond_the_limit_are_named(sandbox: Sandbox, run: Run) -> None:
    program = """
import threading, time
for _ in range(500):
    threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
"""
    limits = Limits(wall_s=20.0, memory_bytes=512 << 20, processes=64)
    result = sandbox.execute(replace(with_program(run, program), limits=limits))
    assert result.verdict is Verdict.PROCESS_LIMIT, (result.message, result.log)
