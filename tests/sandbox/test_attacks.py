"""Every data folder of `tests/sandbox_cases` against every backend."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.types import Run, Sandbox
from tests.sandbox.cases import Case, all_cases
from tests.sandbox.conftest import BACKENDS

pytestmark = pytest.mark.parametrize("backend", BACKENDS, indirect=True)


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_case(case: Case, backend: str, sandbox: Sandbox, run: Run) -> None:
    if backend in case.not_on:
        pytest.skip("another kernel answers differently here, and nothing of ours is at stake")
    shutil.copy(case.folder / "main.py", run.code)
    result = sandbox.execute(replace(run, limits=case.limits, collect=case.collect))
    assert (result.verdict or "none") in case.verdicts, (result.message, result.log[-2000:])
    if case.exit_code is not None:
        assert result.exit_code == case.exit_code
    if case.log_truncated is not None:
        assert result.log_truncated is case.log_truncated
    if case.kept is not None:
        assert kept_files(run.output) == sorted(case.kept)
    assert all(text in result.log for text in case.log_has), result.log
    assert not any(text in result.log for text in case.log_lacks), result.log


def kept_files(output: Path) -> list[str]:
    paths = [path for path in output.rglob("*") if not path.is_dir()]
    assert all(path.is_file() and not path.is_symlink() for path in paths)
    return sorted(path.relative_to(output).as_posix() for path in paths)
