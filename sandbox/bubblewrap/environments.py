"""The packages of an image as a virtual environment on this machine, once per lock file."""

import os
import shutil
import subprocess
import sys
import tempfile
from ctypes.util import find_library
from pathlib import Path

from sandbox.locks import file_lock
from sandbox.recipes import EXTRA_PACKAGES, Recipe
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
    if target.is_dir():
        return target
    with file_lock(state_dir / f"{recipe.name}.lock"):
        if not target.is_dir():
            _build(recipe, target, progress)
    return target


def _build(recipe: Recipe, target: Path, progress: Progress) -> None:
    progress(f"environment {recipe.name}: installing packages into {target.name}")
    scratch = Path(tempfile.mkdtemp(prefix="building-", dir=target.parent))
    try:
        _create(scratch)
        python = scratch / "bin" / "python"
        run_pip(str(python), ["install", "--no-deps", "-r", str(recipe.requirements)])
        _finish(scratch)
        scratch.chmod(0o755)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    progress(f"environment {recipe.name}: ready")


def _create(directory: Path) -> None:
    command = [sys.executable, "-I", "-m", "venv", "--clear", str(directory)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if finished.returncode:
        message = f"python -m venv failed: {(finished.stderr or finished.stdout).strip()}"
        raise SandboxError(message)


def _finish(directory: Path) -> None:
    """Put `scoring` on the interpreter's path, and an OpenMP where the system has none."""
    site = next(directory.glob("lib/python3*/site-packages"))
    (site / "baijing.pth").write_text(f"{EXTRA_PACKAGES}\n", encoding="ascii")
    compat = directory / "compat"
    compat.mkdir()
    brought = sorted(site.glob("scikit_learn.libs/libgomp-*.so*"))
    if find_library("gomp") is None and brought:
        (compat / "libgomp.so.1").symlink_to(os.path.relpath(brought[0], compat))
