"""Download the locked wheels for a build without network: `download_wheels.py 3.12.8 [DIR]`.

The first argument is the full version of the Python in the base image, which
`docker run --rm BASE python3 -V` prints. No index is named here: pip's own configuration decides.
"""

import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

ROOT: Final = Path(__file__).resolve().parent.parent
LOCK: Final = ROOT / "requirements" / "app.txt"
GLIBC_MINORS: Final = (34, 31, 28, 27, 26, 24, 17, 12, 5)
"""The manylinux levels that a base of 2022 or later can load, newest first."""


def read_lock(lock: Path) -> Iterator[tuple[Requirement, str]]:
    """Yield each locked requirement with its ` --hash=…` options."""
    for line in lock.read_text().replace("\\\n", " ").splitlines():
        text = line.partition(" #")[0].strip()
        if text and not text.startswith("#"):
            requirement, _, hashes = text.partition(" --hash=")
            yield Requirement(requirement), f" --hash={hashes}"


def select_for(python: str, lock: Path) -> Iterator[str]:
    """Yield the lines that apply to a Python on Linux, without their markers.

    pip judges markers by the Python it runs on, which is not the one in the image.
    """
    environment = {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": platform.machine(),
    }
    for requirement, hashes in read_lock(lock):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            requirement.marker = None
            yield f"{requirement}{hashes}"


def download(python: str, destination: Path) -> None:
    """Fill a folder with the wheels; those already there are kept.

    Raises:
        subprocess.CalledProcessError: pip could not get one; it said which.
    """
    machine = platform.machine()
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS]
    names = (*platforms, f"manylinux2014_{machine}", f"manylinux1_{machine}")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as selected:
        selected.write("\n".join(select_for(python, LOCK)))
        selected.flush()
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--require-hashes", "--only-binary=:all:", f"--dest={destination}"]
        command += [f"--python-version={python}", *(f"--platform={name}" for name in names)]
        subprocess.run([*command, "-r", selected.name], check=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:  # noqa: PLR2004 — the program's name is one
        sys.exit((__doc__ or "").strip())
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "build" / "wheels"  # noqa: PLR2004
    try:
        download(sys.argv[1], folder)
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
