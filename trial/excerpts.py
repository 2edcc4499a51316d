"""The lines of a submission around where it failed, for its own team to read."""

from pathlib import Path
from typing import Final

from sandbox import RunResult
from sandbox.logs import clean_log
from trial.verdict_messages import find_origin

AROUND: Final = 4
_LONGEST_LINE: Final = 240
_LARGEST_FILE: Final = 2 << 20


def read_excerpt(code: Path, run: RunResult | None) -> tuple[tuple[int, str], ...]:
    """Return numbered lines around the place a failed run names; nothing where it names none.

    The name comes from a log, so it may be anything: only plain files of the archive are read.
    """
    place = _place(run)
    if place is None:
        return ()
    name, line = place
    text = _read(code, name)
    if text is None:
        return ()
    lines = clean_log(text).split("\n")
    if not 1 <= line <= len(lines):
        return ()
    first = max(1, line - AROUND)
    shown = lines[first - 1 : line + AROUND]
    return tuple((first + place, text[:_LONGEST_LINE]) for place, text in enumerate(shown))


def _place(run: RunResult | None) -> tuple[str, int] | None:
    if run is None or run.verdict is None:
        return None
    found = find_origin(run.error, run.excess)
    return None if found is None else found[1:]


def _read(code: Path, name: str) -> bytes | None:
    try:
        root, path = code.resolve(), (code / name).resolve()
        if path.is_relative_to(root) and path.is_file() and path.stat().st_size <= _LARGEST_FILE:
            return path.read_bytes()
    except (OSError, ValueError):
        pass
    return None
