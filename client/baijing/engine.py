"""The site's own engine, where it is installed beside the client: a program of its own.

It is another distribution, `baijing-engine`, with what checks, runs and scores on the site. The
client imports nothing of it, and works without it.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from baijing.errors import LocalError, UsageError

MODULE = "trial"
LAST = frozenset({"result", "refused", "error"})


def is_installed() -> bool:
    """Tell whether the engine lies beside the client."""
    return importlib.util.find_spec(MODULE) is not None


def inspect(image: str, state: str) -> dict[str, Any]:
    """Return what sandboxes this machine has.

    Raises:
        UsageError: the engine is not installed.
        LocalError: it does not work.
    """
    _require()
    command = [sys.executable, "-m", MODULE, "inspect", "--image", image, "--state", state]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise _broken(done.stderr) from None
    return found


def run(request: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Try a submission; yield what the engine tells as it goes: `result` and its like come last.

    Raises:
        UsageError: the engine is not installed.
        LocalError: it ended without a word.
    """
    _require()
    command = [sys.executable, "-m", MODULE, "run"]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as told,
        subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told, text=True
        ) as process,
    ):
        if process.stdin is None or process.stdout is None:
            raise AssertionError
        process.stdin.write(json.dumps(request))
        process.stdin.close()
        name = ""
        for line in process.stdout:
            name, value = _event(line)
            if name:
                yield name, value
        if name not in LAST:
            told.seek(0)
            raise _broken(told.read())


def _event(line: str) -> tuple[str, Any]:
    """Return what one line tells; what is none has no name."""
    try:
        ((name, value),) = json.loads(line).items()
    except (ValueError, AttributeError):
        return "", None
    return str(name), value


def _require() -> None:
    if not is_installed():
        msg = "`baijing run` needs the site's engine: pip install baijing[run], see docs/client.md."
        raise UsageError(msg)


def _broken(told: str) -> LocalError:
    last = told.strip().splitlines()[-1:] or [""]
    return LocalError("The engine does not work: %(reason)s", {"reason": last[0]})
