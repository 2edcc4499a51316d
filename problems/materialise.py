"""Make a pack's data folder: copy what is shipped, or run its generator with a seed."""

import hashlib
import shutil
from pathlib import Path
from typing import Final

from problems.pack import Pack
from problems.tools import ScriptResources, ScriptRun, ScriptRunner

__all__ = ["MaterialiseError", "fingerprint", "materialise"]

LOG_TAIL: Final = 4000


class MaterialiseError(Exception):
    """The generator failed. `verdict` and `log` say how."""

    def __init__(self, verdict: str, reason: str, log: str = "") -> None:
        super().__init__(f"{verdict}: {reason}" if reason else verdict)
        self.verdict = verdict
        self.reason = reason
        self.log = log[-LOG_TAIL:]


def materialise(pack: Pack, seed: str | int | None, out: Path, runner: ScriptRunner) -> Path:
    """Fill the folder `out` with `public`, `input`, `A`, `B` and return it.

    The generator runs where there is one and a seed is given (decimal, of any length); else the
    shipped `data/` is copied. Raises `MaterialiseError`.
    """
    out.mkdir(parents=True, exist_ok=True)
    if pack.has_generator and seed is not None:
        _generate(pack, int(seed), out, runner)
    else:
        _copy(pack.directory / "data", out)
    return out


def fingerprint(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by relative path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _generate(pack: Pack, seed: int, out: Path, runner: ScriptRunner) -> None:
    command = ("python", "generate.py", "--seed", str(seed), "--out", "/output")
    resources = ScriptResources(image=pack.spec.resources.image)
    outcome = runner(ScriptRun(pack.directory, command, out, resources))
    if not outcome.is_ok:
        raise MaterialiseError(outcome.verdict, outcome.message, outcome.log)


def _copy(data: Path, out: Path) -> None:
    if not data.is_dir():
        message = "no seed was given and data/ is not shipped"
        raise MaterialiseError(verdict="no_data", reason=message)
    for path in sorted(data.rglob("*")):
        target = out / path.relative_to(data)
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif path.is_file() and not path.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
