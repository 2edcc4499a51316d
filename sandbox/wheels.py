"""Packages for images, from the package index this machine's pip is set up with or a folder."""

import subprocess
import sys
from pathlib import Path

from sandbox.types import SandboxError

_GLIBC_MINORS = (34, 31, 28, 27, 26, 24, 17)
"""The manylinux levels a base of 2022 or later can load, newest first."""


def download_wheels(
    requirements: Path,
    destination: Path,
    python: str,
    machine: str,
    *,
    source: Path | None = None,
) -> None:
    """Gather the locked wheels for CPython `python` ("3.11") on Linux `machine` ("x86_64").

    `source` is a folder that has them, for a machine without an index. Otherwise no index is named:
    pip's own configuration decides. The lock's hashes hold either way. Raise SandboxError with
    pip's last line.
    """
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in _GLIBC_MINORS]
    platforms.append(f"manylinux2014_{machine}")
    arguments = ["download", "--no-deps", "--only-binary=:all:", "--python-version", python]
    for platform in platforms:
        arguments += ["--platform", platform]
    if source is not None:
        arguments += ["--no-index", "--find-links", str(source.resolve())]
    run_pip(sys.executable, [*arguments, "-r", str(requirements), "-d", str(destination)])


def run_pip(python: str, arguments: list[str]) -> None:
    """Run pip of an interpreter with hashes required; raise SandboxError with its last line."""
    command = [python, "-I", "-m", "pip", "--disable-pip-version-check", "-q", *arguments]
    finished = subprocess.run(  # noqa: S603  our interpreter, no shell
        [*command, "--require-hashes"], capture_output=True, text=True, check=False
    )
    if finished.returncode:
        lines = [line for line in finished.stderr.splitlines() if "ERROR" in line]
        message = f"pip {arguments[0]} failed: {(lines or [finished.stderr.strip()])[-1]}"
        raise SandboxError(message)
