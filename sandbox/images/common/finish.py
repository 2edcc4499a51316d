"""The last step of an image: what lies below a folder becomes the same bytes on every build.

finish.py image ROOT PACKAGES.JSON   ROOT holds `venv` and `baijing` (an image, in its build)
finish.py venv VENV                  a virtual environment on a machine without an engine
finish.py scoring FOLDER             compile what was added later

Runs inside the image's own interpreter, which has nothing of ours: standard library only.
"""

import compileall
import json
import os
import platform
import py_compile
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from ctypes.util import find_library
from pathlib import Path

EPOCH = 315_532_800
"""Every file's time: 1980, the earliest a zip archive can say."""

GROUPS = 8
"""Sources are compiled in this many processes, each with its own fixed share: what a process has
compiled before changes the bytes of what comes after."""

TESTS = ("lightgbm", "matplotlib", "networkx", "numba", "numpy", "pandas", "pyarrow", "scipy")
TESTS += ("shapely", "skimage", "sklearn", "statsmodels")
"""Packages whose own tests are left out: a seventh of all sources, and nobody's answer."""

FONT = "NotoSansSC-Regular.ttf"
FAMILY = r"^#?font\.family:.*$"
FAMILIES = "font.family: DejaVu Sans, Noto Sans SC"
"""matplotlib draws a glyph with the first of its families that has it."""


def main(arguments: list[str]) -> None:
    """Do what the command line says."""
    what, root = arguments[0], Path(arguments[1])
    if what == "image":
        finish_venv(root / "venv")
        write_manifest(root / "baijing" / "manifest.json", Path(arguments[2]))
    elif what == "venv":
        finish_venv(root)
    compile_sources(root)
    fix_times(root)


def finish_venv(venv: Path) -> None:
    """Leave out tests, bring the font where libraries look for it, and OpenMP where it lacks."""
    site = next(venv.glob("lib/python3*/site-packages"))
    remove_tests(site)
    (site / "baijing.pth").write_text("/opt/baijing\n", encoding="ascii")
    add_font(venv, site)
    compat = venv / "compat"
    compat.mkdir(exist_ok=True)
    # LightGBM wants the system's OpenMP; slim bases have none, and scikit-learn's wheel brings it
    brought = sorted(site.glob("scikit_learn.libs/libgomp-*.so*"))
    if brought and find_library("gomp") is None:
        (compat / "libgomp.so.1").symlink_to(os.path.relpath(brought[0], compat))


def remove_tests(site: Path) -> None:
    """Remove the tests that packages carry of themselves."""
    for package in TESTS:
        for folder in sorted((site / package).rglob("tests")):
            if folder.is_dir():
                shutil.rmtree(folder)


def add_font(venv: Path, site: Path) -> None:
    """Put the font where matplotlib and Pillow look, and let matplotlib fall back on it."""
    font = site / "zhplot" / "fonts" / FONT
    data = site / "matplotlib" / "mpl-data"
    if not (font.is_file() and data.is_dir()):
        return
    for folder in (data / "fonts" / "ttf", venv / "share" / "fonts"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FONT).symlink_to(os.path.relpath(font, folder))
    settings = data / "matplotlibrc"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(re.sub(FAMILY, FAMILIES, text, count=1, flags=re.MULTILINE), "utf-8")


def write_manifest(target: Path, packages: Path) -> None:
    """Write what is in the image for those inside it: packages, Python, the system's parts."""
    found = json.loads(packages.read_text(encoding="utf-8"))
    found["python"] = platform.python_version()
    found["system"] = [*found.get("system", []), *system_packages()]
    target.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")


def system_packages() -> list[dict[str, str]]:
    """Return name and version of what matters of the base, as its package manager knows it."""
    names = ["bash", "libc6", "libgomp1", "libstdc++6", "python3"]
    command = ["dpkg-query", "-W", "-f=${Package} ${Version} ${db:Status-Status}\n", *names]
    if shutil.which("dpkg-query") is None:
        return []
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    parts = [line.split() for line in listed.splitlines() if line.endswith(" installed")]
    return [{"name": name, "version": version} for name, version, _ in sorted(parts)]


def compile_sources(root: Path) -> None:
    """Compile every source so that neither times nor chance are in the result."""
    for folder in sorted(root.rglob("__pycache__")):
        shutil.rmtree(folder)
    sources = sorted(str(path) for path in root.rglob("*.py"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compile_apart, (sources[number::GROUPS] for number in range(GROUPS))))


def compile_apart(sources: list[str]) -> None:
    """Compile a share in a process of its own, whose sets iterate alike each time."""
    command = [sys.executable, "-B", __file__, "--compile"]
    settings = {"PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin"}
    subprocess.run(command, input="\n".join(sources), text=True, env=settings, check=True)


def compile_share() -> None:
    """Compile the files named on standard input; what is no Python of this version is left."""
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    for line in sys.stdin.read().splitlines():
        compileall.compile_file(line, quiet=2, force=True, invalidation_mode=unchecked)


def fix_times(root: Path) -> None:
    """Give every file, link and folder below `root` the same time, `root` itself too."""
    for folder, folders, names in os.walk(root, topdown=False):
        for name in (*names, *folders):  # a link to a folder counts as one of these
            os.utime(Path(folder) / name, (EPOCH, EPOCH), follow_symlinks=False)
        os.utime(folder, (EPOCH, EPOCH))


if __name__ == "__main__":
    if sys.argv[1:] == ["--compile"]:
        compile_share()
    else:
        main(sys.argv[1:])
