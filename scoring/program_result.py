"""Reads, on the trusted side, what a pack's scorer wrote: strict JSON, bounded, finite."""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from scoring.errors import InvalidSubmission, ScorerError
from scoring.finite import finish_scores
from scoring.messages import Message
from scoring.strict_json import read_integer, unique_object
from scoring.types import ScoreResult

if TYPE_CHECKING:
    from scoring.run_facts import RunFacts
    from scoring.spec import Scoring

__all__ = ["MAX_CASES", "RESULT_FILE", "read_program_result"]

RESULT_FILE: Final = "result.json"
MAX_BYTES: Final = 8 << 20
MAX_CASES: Final = 10_000
MAX_MESSAGES: Final = 20
MAX_TEXT: Final = 2000
MAX_DEPTH: Final = 12
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_FINITE_WORDS: Final = frozenset({"nan", "inf", "-inf", "infinity", "-infinity"})


def read_program_result(
    path: Path, scoring: "Scoring", facts: "RunFacts | None" = None
) -> ScoreResult:
    """Read a scorer's result file; `facts` are what the submission's run used.

    Raises `InvalidSubmission` (the scorer refused the answer), `InvalidScores` (a column is
    missing, unknown or not finite), `ScorerError` (the scorer failed, or the file is not what
    `scoring.program` writes).
    """
    data = _read_json(path)
    status = data.get("status")
    if status == "invalid_submission":
        raise InvalidSubmission(*_messages(data.get("messages")))
    if status == "error":
        reason = str(data.get("reason", ""))[:MAX_TEXT]
        raise ScorerError(Message("scorer_failed", {"reason": reason}))
    if status != "ok":
        _refuse("unknown status")
    return ScoreResult(_scores(data.get("scores"), scoring, facts), _cases(data.get("cases")))


def _refuse(reason: str) -> NoReturn:
    raise ScorerError(Message("scorer_result", {"reason": reason})) from None


def _read_json(path: Path) -> Mapping[str, object]:
    if path.is_symlink() or not path.is_file():
        _refuse(f"{path.name} is missing")
    if path.stat().st_size > MAX_BYTES:
        _refuse(f"{path.name} is larger than {MAX_BYTES} bytes")
    try:
        text = path.read_bytes().decode("utf-8")
        _check_depth(text)
        data = json.loads(
            text,
            object_pairs_hook=unique_object,
            parse_constant=_constant,
            parse_float=_real,
            parse_int=read_integer,
        )
    except (ValueError, RecursionError) as error:
        _refuse(str(error)[:MAX_TEXT])
    # only an escape can bring in what no database keeps
    data = _storable(data) if "\\u" in text else data
    if not isinstance(data, Mapping):
        _refuse("not an object")
    return data


def _storable(value: object) -> object:
    """Replace NUL and half characters in all texts: an answer's cell may be quoted by a scorer."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_UNSTORABLE.sub("\ufffd", key): _storable(item) for key, item in value.items()}
    return value


def _check_depth(text: str) -> None:
    """Refuse deep nesting before the parser meets it; brackets inside strings do not count."""
    depth, in_string, escaped = 0, False, False
    for char in text:
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                message = f"nested deeper than {MAX_DEPTH}"
                raise ValueError(message)
        elif char in "]}":
            depth -= 1


def _constant(word: str) -> str:
    """Let NaN and Infinity through as words: as a score they are `invalid_scores`."""
    return word


def _real(digits: str) -> float | str:
    """Read a number; one beyond every float is infinite, and a word like the others."""
    number = float(digits)
    return number if math.isfinite(number) else str(number)


def _scores(data: object, scoring: "Scoring", facts: "RunFacts | None") -> dict[str, float]:
    if not isinstance(data, Mapping):
        _refuse("scores are missing")
    scores: dict[str, float] = {}
    for name, value in data.items():
        if isinstance(value, str) and value.lower() in _FINITE_WORDS:
            scores[name] = float("nan")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            _refuse(f"the score {name[:60]} is not a number")
        else:
            scores[name] = _float(value)
    return finish_scores(scores, scoring, facts)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _cases(data: object) -> tuple[Mapping[str, object], ...]:
    if data is None:
        return ()
    if not isinstance(data, list) or len(data) > MAX_CASES:
        _refuse(f"cases are not a list of at most {MAX_CASES}")
    if not all(isinstance(case, Mapping) for case in data):
        _refuse("a case is not an object")
    return tuple(data)


def _messages(data: object) -> list[Message]:
    """Read the messages of a refusal; what cannot be shown is left out, never trusted."""
    messages: list[Message] = []
    for item in (data if isinstance(data, list) else [])[:MAX_MESSAGES]:
        try:
            messages.append(Message.from_dict(item) if isinstance(item, Mapping) else _custom(item))
        except ValueError as error:
            _refuse(str(error)[:MAX_TEXT])
    return messages or [Message.custom("答案无效", "the answer is invalid")]


def _custom(item: object) -> Message:
    text = str(item)[:MAX_TEXT]
    return Message.custom(text, text)
