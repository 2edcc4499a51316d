from pathlib import Path

import pytest

from sandbox import ImageMissingError, Limits, Run, execute_ready
from tests.fakes.ports import ScriptedSandbox, finished


def test_an_image_that_is_not_here_is_made_once_and_the_run_goes_on(tmp_path: Path) -> None:
    sandbox = ScriptedSandbox(missing_images={"python-gpu"}, act=lambda _run: finished(log="ran"))
    run = Run("python-gpu", ("python", "main.py"), tmp_path, tmp_path, Limits(1, 1))
    said: list[str] = []

    results = [execute_ready(sandbox, run, said.append) for _ in range(2)]

    assert [result.log for result in results] == ["ran", "ran"]
    assert said == ["python-gpu is ready"]


def test_an_image_that_cannot_be_made_is_our_fault(tmp_path: Path) -> None:
    def refuse(_line: str) -> None:
        message = "no wheels"
        raise ImageMissingError(message)

    sandbox = ScriptedSandbox(missing_images={"python-gpu"})
    run = Run("python-gpu", ("python", "main.py"), tmp_path, tmp_path, Limits(1, 1))
    with pytest.raises(ImageMissingError):
        execute_ready(sandbox, run, refuse)
