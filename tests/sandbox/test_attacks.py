"""Every data folder of `tests/sandbox_cases` against every backend."""

import shutil
import stat
import subprocess
import sys
import unicodedata
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.bubblewrap import backend as bubblewrap
from sandbox.bubblewrap.cgroup import RunCgroup, create_cgroup
from sandbox.types import Limits, Run, RunResult, Sandbox, SandboxError
from tests.sandbox.cases import Case, Expected, all_cases
from tests.sandbox.conftest import FULL
from tests.sandbox.remains import Remains

ALWAYS = "docker"
BACKENDS = (ALWAYS, "bubblewrap", "runsc")


def matrix() -> Iterator[object]:
    """Every case with every backend; the short suite has a part of it on the slower ones."""
    for backend in BACKENDS:
        mark = pytest.mark.bubblewrap if backend == "bubblewrap" else pytest.mark.docker
        for case in all_cases():
            if FULL or case.smoke or backend == ALWAYS:
                yield pytest.param(backend, case, marks=mark, id=f"{case.name}-{backend}")


@pytest.fixture
def remains(
    backend: str, installation: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Remains]:
    """Look at the machine before a run and after it; every case fails that leaves anything."""
    runs: list[str] = []

    def create_and_note(run_id: str, limits: Limits) -> RunCgroup | None:
        runs.append(run_id)
        return create_cgroup(run_id, limits)

    monkeypatch.setattr(bubblewrap, "create_cgroup", create_and_note)
    remains = Remains.before(backend, installation, run.env["CASE_TOKEN"], runs)
    yield remains
    assert remains.found() == []


@pytest.fixture
def run(run: Run) -> Run:
    return replace(run, env={"CASE_TOKEN": uuid.uuid4().hex})


@pytest.mark.parametrize(("backend", "case"), list(matrix()), indirect=["backend"])
@pytest.mark.usefixtures("remains")
def test_case(case: Case, backend: str, sandbox: Sandbox, run: Run) -> None:
    if backend in case.cannot_hold:
        pytest.skip(f"does not hold here, as declared: {case.cannot_hold[backend]}")
    expected = case.expected_on(backend)
    result = execute(case, sandbox, run)
    if result is None:
        assert "refused" in expected.verdict
        return
    check_result(result, expected)
    check_output(run.output, expected)


def execute(case: Case, sandbox: Sandbox, run: Run) -> RunResult | None:
    """Run a case; None when the request was refused before anything ran."""
    (run.code / "main.py").unlink()
    for program in case.folder.glob("*.[ps][yh]"):
        if program.name != "setup.py":
            shutil.copy(program, run.code)
    asked = replace(run, command=case.command, limits=case.limits, collect=case.collect)
    setup = case.folder / "setup.py"
    if setup.is_file():
        subprocess.run([sys.executable, setup, str(run.code), str(run.input)], check=True)
    try:
        return sandbox.execute(asked)
    except SandboxError:
        if "refused" in case.expected.verdict:
            return None
        raise


def check_result(result: RunResult, expected: Expected) -> None:
    seen = (result.message, result.log[-2000:])
    assert (result.verdict or "none") in expected.verdict, seen
    controls = {each for each in set(result.log) if unicodedata.category(each) in {"Cc", "Cs"}}
    assert controls <= {"\n", "\t"}
    if expected.exit_code is not None:
        assert result.exit_code == expected.exit_code
    if expected.log_truncated is not None:
        assert result.log_truncated is expected.log_truncated
    if expected.wall_below_s is not None:
        assert result.wall_s < expected.wall_below_s
    if expected.cpus_below is not None:
        assert result.cpu_s < expected.cpus_below * max(result.wall_s, 0.5)
    assert all(text in result.log for text in expected.log_has), result.log
    assert not any(text in result.log for text in expected.log_lacks), result.log


def check_output(output: Path, expected: Expected) -> None:
    """Whatever the verdict, what came out is plain files of ours."""
    paths = [path for path in output.rglob("*") if not path.is_dir()]
    for path in paths:
        assert path.is_file()
        assert not path.is_symlink()
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        assert path.stat().st_nlink == 1
        content = path.read_bytes()
        assert not any(text.encode() in content for text in expected.output_lacks), path
    if expected.kept is not None:
        names = sorted(path.relative_to(output).as_posix() for path in paths)
        assert names == sorted(expected.kept)
