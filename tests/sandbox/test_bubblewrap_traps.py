"""What goes wrong with bubblewrap when it is set up as one would at first: found by trying."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.bubblewrap import BubblewrapSandbox
from sandbox.bubblewrap.scratch import open_scratch, reap
from sandbox.types import Run, Sandbox, SandboxError, Verdict
from tests.sandbox.conftest import BUBBLEWRAP, IMAGE, with_program

pytestmark = pytest.mark.parametrize("backend", [BUBBLEWRAP], indirect=True)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="about bubblewrap started by root")


@needs_root
def test_the_process_limit_binds_roots_runs_too(sandbox: Sandbox, run: Run) -> None:
    """RLIMIT_NPROC does not bind root: the run is another user's, in a group of its own."""
    program = """
import os, signal
children = 0
try:
    while children < 1000:
        if os.fork() == 0:
            signal.pause()
        children += 1
except OSError:
    print("refused at", children, flush=True)
raise SystemExit(children >= 1000)
"""
    limits = replace(run.limits, processes=32)
    result = sandbox.execute(replace(with_program(run, program), limits=limits))
    assert result.verdict in {None, Verdict.PROCESS_LIMIT}, result.log
    refused = [int(line.split()[-1]) for line in result.log.splitlines() if "refused" in line]
    assert result.verdict is Verdict.PROCESS_LIMIT or refused[0] < 64


@needs_root
def test_the_runs_user_reaches_python_wherever_it_lies(sandbox: Sandbox, run: Run) -> None:
    """Folders above it may be closed to others outside; inside they are not."""
    program = """
import sys, os
from pathlib import Path
for place in (Path(sys.executable).resolve(), Path(os.__file__)):
    for folder in place.parents:
        assert os.access(folder, os.X_OK), folder
"""
    run.code.chmod(0o700)
    run.code.parent.chmod(0o700)
    result = sandbox.execute(with_program(run, program))
    assert result.verdict is None, result.log


def test_memory_outside_the_limits_cannot_be_had(sandbox: Sandbox, run: Run) -> None:
    """/dev is itself memory, without a size of its own: only what is below it may be written."""
    program = """
from pathlib import Path
for place in ("/dev/filler", "/proc/filler", "/filler", "/opt/filler"):
    try:
        Path(place).write_bytes(b"x")
    except OSError:
        continue
    raise SystemExit(place)
"""
    result = sandbox.execute(with_program(run, program))
    assert result.verdict is None, result.log


@needs_root
def test_the_number_of_files_in_output_is_limited_by_the_kernel(sandbox: Sandbox, run: Run) -> None:
    program = """
import errno
from pathlib import Path
try:
    for number in range(10_000):
        Path(f"/output/{number}").touch()
except OSError as error:
    print(errno.errorcode[error.errno], number, flush=True)
"""
    limits = replace(run.limits, output_files=100)
    result = sandbox.execute(replace(with_program(run, program), limits=limits))
    assert result.verdict is Verdict.OUTPUT_LIMIT
    # the watcher may be faster than the kernel's limit, which is a few files higher
    assert result.log == "" or result.log.startswith("ENOSPC")


@needs_root
def test_what_a_killed_worker_had_mounted_goes_with_its_run(
    sandbox: Sandbox, run: Run, tmp_path: Path
) -> None:
    del sandbox
    runs = tmp_path / "runs"
    folder = open_scratch(runs, run, 12345)
    scratch = folder.__enter__()
    assert scratch.output.is_mount()
    assert scratch.tmp is not None
    assert scratch.tmp.is_mount()
    (scratch.output / "left").write_text("behind")
    assert reap(runs, lambda _owner: True) == 0
    folder.__exit__(None, None, None)
    assert not scratch.output.exists()
    assert list(runs.iterdir()) == []


def test_a_machine_whose_calls_are_unknown_is_refused(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a filter AF_VSOCK would be open."""
    assert sandbox.name == "bubblewrap"
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(SandboxError, match="riscv64"):
        BubblewrapSandbox(tmp_path, "tests").prepare(IMAGE, print)
