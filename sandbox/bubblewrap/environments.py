"""The packages of an image as a virtual environment on this machine, once per lock file."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sandbox.locks import file_lock
from sandbox.recipes import COMMON, Recipe
from sandbox.stacks import REGISTER, REGISTER_FILE
from sandbox.types import Progress, SandboxError
from sandbox.wheels import run_pip


def environment_directory(recipe: Recipe, state_dir: Path) -> Path:
    """Return where a recipe's environment lies: its name changes with the lock and the Python."""
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    return state_dir / f"{recipe.name}-{recipe.libraries_digest()[:16]}-{python}"


def ensure_environment(recipe: Recipe, state_dir: Path, progress: Progress) -> Path:
    """Return the environment's folder, building it first where needed; raise SandboxError.

    It appears under its name only when it is complete, so that a build cut short is built again.
    """
    target = environment_directory(recipe, state_dir)
    state_dir.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and _site(target).joinpath(REGISTER_FILE).is_file():
        return target
    with file_lock(state_dir / f"{recipe.name}.lock"):
        if not target.is_dir():
            _build(recipe, target, progress)
        # one that was built before there was such a file gets it now
        _site(target).joinpath(REGISTER_FILE).write_text(REGISTER, encoding="ascii")
    return target


def _build(recipe: Recipe, target: Path, progress: Progress) -> None:
    progress(f"environment {recipe.name}: installing packages into {target.name}")
    scratch = Path(tempfile.mkdtemp(prefix="building-", dir=target.parent))
    try:
        _create(scratch)
        python = scratch / "bin" / "python"
        run_pip(
            str(python), ["install", "--no-deps", "--no-compile", "-r", str(recipe.requirements)]
        )
        _finish(scratch)
        scratch.chmod(0o755)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    progress(f"environment {recipe.name}: ready")


def _create(directory: Path) -> None:
    _run([sys.executable, "-I", "-m", "venv", "--clear", str(directory)], "python -m venv")


def _site(directory: Path) -> Path:
    return next(directory.glob("lib/python3*/site-packages"))


def _finish(directory: Path) -> None:
    """Do what an image's build does at its end, and add what its last layer adds."""
    command = [str(directory / "bin" / "python"), "-I", "-B", str(COMMON / "finish.py")]
    _run([*command, "venv", str(directory)], "finishing the environment")
    (_site(directory) / REGISTER_FILE).write_text(REGISTER, encoding="ascii")


def _run(command: list[str], what: str) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if finished.returncode:
        message = f"{what} failed: {(finished.stderr or finished.stdout).strip()}"
        raise SandboxError(message)
