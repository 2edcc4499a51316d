"""Scores as Codabench does: runs the bundle's scoring program in its folders, reads its scores.

Only the columns of the board are read; what else `scores.json` or `scores.txt` holds is ignored.
A program that ends with an error refuses the answer, as there, unless the error is of a kind that
no answer can cause.
"""

import importlib
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

from scoring import InvalidSubmission

PROGRAM = Path("/app/program")
OUTPUT = Path("/app/output")
MAX_SCORES_BYTES = 1 << 20
CHUNK = 1 << 16
MAX_SHOWN = 500
OWN_FAULTS = frozenset(
    {"ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError", "NameError"}
)
_ERROR = re.compile(r"([A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning))(?::.*)?")


def score(output: Path, truth: Path) -> dict[str, object]:
    """Run the program; the answer lies in `/app/input/res`, the truth in `/app/input/ref`."""
    del output, truth
    told = json.loads((Path(__file__).parent / "bundle.json").read_text(encoding="utf-8"))
    status, said = _run(told["commands"]["scoring"])
    if status != 0:
        _refuse(status, last_error(said), shows_errors=told["shows_errors"])
    found = read_scores(OUTPUT)
    scores = {
        key: _number(name, found[name]) for name, key in told["columns"].items() if name in found
    }
    return {"scores": scores}


def _run(command: list[str]) -> tuple[int, str]:
    """Return how the program ended and the end of what it said, which is passed on."""
    tail = b""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # noqa: S603 — the organiser's program, in its sandbox
        command,
        cwd=PROGRAM,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        while process.stdout is not None and (chunk := os.read(process.stdout.fileno(), CHUNK)):
            sys.stdout.buffer.write(chunk)
            tail = (tail + chunk)[-CHUNK:]
    sys.stdout.flush()
    return process.returncode, tail.decode("utf-8", "replace")


def last_error(said: str) -> str:
    """Return the last line that names an exception; empty without one."""
    lines = [line.strip() for line in said.splitlines()]
    return next((line for line in reversed(lines) if _ERROR.fullmatch(line)), "")[:MAX_SHOWN]


def _refuse(status: int, error: str, *, shows_errors: bool) -> None:
    kind = error.partition(":")[0].rpartition(".")[2]
    if status < 0 or kind in OWN_FAULTS:
        message = f"the scoring program ended with status {status}: {error}"
        raise RuntimeError(message)
    chinese, english = (f"：{error}", f": {error}") if shows_errors and error else ("", "")
    raise InvalidSubmission(
        zh=f"评分程序拒绝了这份答案（退出码 {status}）{chinese}",
        en=f"the scoring program refused this answer (status {status}){english}",
    )


def read_scores(folder: Path) -> dict[str, object]:
    """Read `scores.json`, else `scores.txt`; raise where neither can be read."""
    for name, read in (("scores.json", _read_json), ("scores.txt", _read_lines)):
        path = folder / name
        if not os.path.lexists(path):
            continue
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_SCORES_BYTES:
            message = f"{name} is no plain file of at most {MAX_SCORES_BYTES} bytes"
            raise RuntimeError(message)
        return read(path.read_text(encoding="utf-8-sig"))
    message = "the scoring program wrote neither scores.json nor scores.txt"
    raise RuntimeError(message)


def _read_json(text: str) -> dict[str, object]:
    data = json.loads(text)
    if not isinstance(data, dict):
        message = "scores.json is no object"
        raise TypeError(message)
    return data


def _read_lines(text: str) -> dict[str, object]:
    """Read `key: value` lines; whatever else YAML may say is left to a YAML reader."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = [re.fullmatch(r"\s*([^:{}\[\]&*]+?)\s*:\s+(\S+)\s*", line) for line in lines]
    if all(found):
        return {match[1].strip("'\""): match[2] for match in found if match}
    data = importlib.import_module("yaml").safe_load(text)
    if not isinstance(data, dict):
        message = "scores.txt holds no `key: value` lines"
        raise TypeError(message)
    return {str(name): value for name, value in data.items()}


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        message = f"the score {name} is not a number"
        raise TypeError(message)
    return float(value)
