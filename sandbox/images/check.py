"""What an image is looked over with, inside a run of it: writes $OUTPUT_DIR/report.json.

Reads `packages.json` beside it (what should be there). Standard library only until it imports
what it measures.
"""

import hashlib
import importlib.metadata
import json
import os
import platform
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOTS = (Path("/opt/venv"), Path("/opt/baijing"))
IN_IMAGE = Path("/opt/baijing/manifest.json").is_file()
SHOWN = ("numpy", "pandas", "scipy.stats", "sklearn.ensemble", "lightgbm", "xgboost", "torch")
SHOWN += ("statsmodels.api", "onnxruntime", "cv2", "skimage.io", "matplotlib.pyplot", "polars")
SHOWN += ("ortools.sat.python.cp_model", "networkx", "numba", "pyarrow", "shapely.geometry")
"""What programs import of packages whose top level alone says little."""

PLOT = """
import warnings
warnings.simplefilter("error")
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plot
plot.plot([0, 1])
plot.title("产线良率 -1")
plot.savefig("/tmp/chart.png")
"""
DRAW = """
from PIL import ImageFont
font = ImageFont.truetype("NotoSansSC-Regular.ttf", 32)
drawn = [bytes(font.getmask(text)) for text in ("中", "文", chr(0xE123))]
assert len(set(drawn)) == 3
"""


def main() -> None:
    """Look at everything; what is wrong is a line in `faults`."""
    expected = json.loads((HERE / "packages.json").read_text(encoding="utf-8"))
    faults = [*check_versions(expected), *check_confinement(), *check_fonts()]
    times, failed = measure_imports(expected)
    report = {
        "python": platform.python_version(),
        "faults": [*faults, *failed],
        "imports_ms": times,
        "content": content_digest(),
    }
    target = Path(os.environ["OUTPUT_DIR"]) / "report.json"
    target.write_text(json.dumps(report, ensure_ascii=False), encoding="utf-8")


def check_versions(expected: dict[str, list[dict[str, str]]]) -> list[str]:
    """Compare what is installed with the list, both ways."""
    wanted = {entry["name"]: entry["version"] for entry in expected["packages"]}
    there = {}
    for one in importlib.metadata.distributions(path=[find_site()]):
        there[re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower()] = one.version
    for tool in ("pip", "setuptools"):  # those of a virtual environment, where it has them
        if tool not in wanted:
            there.pop(tool, None)
    faults = [
        f"{name} {version} is missing" for name, version in wanted.items() if name not in there
    ]
    for name, version in there.items():
        if name not in wanted:
            faults.append(f"{name} {version} is not on the list")
        elif wanted[name] != version:
            faults.append(f"{name} is {version}, the list says {wanted[name]}")
    return faults


def find_site() -> str:
    """Return the folder of the image's packages."""
    return str(next(Path("/opt/venv").glob("lib/python3*/site-packages")))


def check_confinement() -> list[str]:
    """See that nothing is run as root, writable, setuid or networked."""
    faults = [] if os.getuid() else ["the check runs as root"]
    folders = ("/opt/venv", "/usr", "/etc", "/code")
    faults += [f"{folder} is writable" for folder in folders if os.access(folder, os.W_OK)]
    # under bubblewrap the system is the machine's own, and privileges are refused to all of it
    for top, _, names in os.walk("/usr") if IN_IMAGE else ():
        for name in names:
            path = Path(top) / name
            if path.lstat().st_mode & (stat.S_ISUID | stat.S_ISGID) and not path.is_symlink():
                faults.append(f"{path} is setuid")
    interfaces = Path("/proc/net/dev").read_text(encoding="ascii").splitlines()[2:]
    others = [
        line.split(":")[0].strip() for line in interfaces if not line.strip().startswith("lo")
    ]
    faults += [f"network interface {name}" for name in others]
    resolver = Path("/etc/resolv.conf")
    if resolver.is_file() and "nameserver" in resolver.read_text(encoding="utf-8"):
        faults.append("/etc/resolv.conf names a server")
    return faults


def check_fonts() -> list[str]:
    """Draw Chinese with matplotlib, as it is set up, and with Pillow, by the font's file name."""
    faults = []
    for what, code in (("matplotlib", PLOT), ("Pillow", DRAW)):
        done = run(code)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            faults.append(f"{what} draws no Chinese: {reason}")
    return faults


def measure_imports(
    expected: dict[str, list[dict[str, list[str]]]],
) -> tuple[dict[str, int], list[str]]:
    """Import every module in a fresh interpreter; milliseconds beyond an empty one's."""
    modules = sorted({name for entry in expected["packages"] for name in entry["imports"]})
    present = {name.partition(".")[0] for name in modules}
    modules += [name for name in SHOWN if name not in modules and name.partition(".")[0] in present]
    empty = min(timed("pass")[0] for _ in range(3))
    times, faults = {}, []
    for name in modules:
        seconds, error = timed(f"import {name}")
        if error:
            faults.append(f"import {name}: {error}")
        else:
            times[name] = max(0, round((seconds - empty) * 1000))
    return times, faults


def timed(code: str) -> tuple[float, str]:
    """Return how long a program took and how it failed, if it did."""
    began = time.monotonic()
    done = run(code)
    error = (done.stderr.strip().splitlines() or ["no reason given"])[-1] if done.returncode else ""
    return time.monotonic() - began, error


def run(code: str) -> "subprocess.CompletedProcess[str]":
    """Run a line of Python in a process of its own."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def content_digest() -> str:
    """Return the hash of everything below the image's own folders: names, modes, times, bytes."""
    digest = hashlib.sha256()
    for root in ROOTS:
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted([*folders, *names]):
                path = Path(folder) / name
                status = path.lstat()
                facts = f"{path} {status.st_mode} {int(status.st_mtime)}"
                digest.update(facts.encode(errors="surrogateescape"))
                if path.is_symlink():
                    digest.update(str(path.readlink()).encode())
                elif path.is_file():
                    digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
