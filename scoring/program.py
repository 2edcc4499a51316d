"""Runs a pack's own scorer, inside its sandbox: `python -m scoring.program`, started in /code.

Calls `score(Path("/answer"), Path("/truth"))` of `scorer.py` in the working directory and writes
`$OUTPUT_DIR/result.json`. Authors may name other folders: `python -m scoring.program ANSWER TRUTH`.
It exits 0 whenever it wrote a result, whatever the result says.
"""

import json
import math
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import SourceFileLoader
from numbers import Integral, Real
from pathlib import Path
from types import ModuleType
from typing import Final

from scoring.errors import InvalidSubmission
from scoring.program_result import MAX_CASES, RESULT_FILE, read_program_result

__all__ = ["main", "read_program_result", "run_scorer"]

FOLDERS: Final = ("/answer", "/truth")
MAX_TEXT: Final = 2000
MAX_DEPTH: Final = 6


def run_scorer(code: Path, answer: Path, truth: Path) -> dict[str, object]:
    """Call the scorer and say, as JSON-ready data, what it returned or raised."""
    try:
        returned = _load(code)(answer, truth)
        return {"status": "ok", **_plain_result(returned)}
    except InvalidSubmission as error:
        messages = [message.as_dict() for message in error.messages]
        return {"status": "invalid_submission", "messages": messages}
    except Exception as error:  # noqa: BLE001 - whatever a scorer raises is reported, not spread
        traceback.print_exc()
        reason = traceback.format_exception_only(error)[-1].strip()
        return {"status": "error", "reason": reason[:MAX_TEXT]}


def main(argv: Sequence[str]) -> int:
    """Score and write the result file."""
    answer, truth = (Path(name) for name in (tuple(argv) or FOLDERS))
    output = Path(os.environ["OUTPUT_DIR"])  # noqa: TID251 - how a run is told where to write
    result = run_scorer(Path.cwd(), answer, truth)
    text = json.dumps(result, ensure_ascii=False)
    (output / RESULT_FILE).write_text(text, encoding="utf-8")
    return 0


def _load(code: Path) -> Callable[[Path, Path], object]:
    """Import `scorer.py`, which may import what lies beside it."""
    sys.path.insert(0, str(code))
    loader = SourceFileLoader("scorer", str(code / "scorer.py"))
    module = ModuleType("scorer")
    module.__file__ = loader.path
    sys.modules["scorer"] = module
    loader.exec_module(module)
    score: Callable[[Path, Path], object] = module.score
    return score


def _plain_result(returned: object) -> dict[str, object]:
    """Turn what a scorer returned into plain data; raise `TypeError` where it is something else."""
    if not isinstance(returned, Mapping) or not isinstance(returned.get("scores"), Mapping):
        message = 'score() must return {"scores": {column: number}, "cases": [...]}'
        raise TypeError(message)
    scores = {str(name): _plain(value) for name, value in returned["scores"].items()}
    cases = [_plain(case) for case in list(returned.get("cases") or [])[: MAX_CASES + 1]]
    return {"scores": scores, "cases": cases}


def _plain(value: object, depth: int = 0) -> object:
    """Return JSON-ready data; numbers of any library become Python's, NaN and infinity text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Real):
        return _plain_number(value)
    if depth < MAX_DEPTH:
        if isinstance(value, Mapping):
            return {str(name): _plain(part, depth + 1) for name, part in value.items()}
        if hasattr(value, "tolist"):  # an array or a scalar of numpy
            return _plain(value.tolist(), depth + 1)
        if isinstance(value, list | tuple):
            return [_plain(part, depth + 1) for part in value]
    message = f"score() returned a {type(value).__name__}, which is not plain data"
    raise TypeError(message)


def _plain_number(value: Real) -> int | float | str:
    if isinstance(value, Integral):
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else str(number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
