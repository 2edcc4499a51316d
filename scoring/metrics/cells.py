"""Cells of text that hold several things: read strictly, every fault named with its line."""

import json
import math
import re
from collections.abc import Callable, Sized
from enum import StrEnum
from typing import Final, NoReturn, TypeVar

from scoring.errors import InvalidSubmission, TruthError
from scoring.messages import Message
from scoring.metrics.base import Sample
from scoring.strict_json import read_integer, unique_object

__all__ = [
    "CellError",
    "CellFault",
    "parse_answers",
    "parse_truths",
    "read_ids",
    "read_json",
    "read_number",
    "refuse",
]

Value = TypeVar("Value")

MAX_MESSAGES: Final = 20
MAX_THINGS: Final = 10_000
MAX_IN_ALL: Final = 10_000_000
_SHOWN: Final = 60
_NUMBER: Final = re.compile(
    r"[+-]?(?:[0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?"
)


class CellFault(StrEnum):
    """What may be wrong with a cell: codes of the catalogue of messages."""

    NUMBER = "cell_number"
    REPEATED = "cell_repeated"
    TOO_MANY = "cell_too_many"
    JSON = "cell_json"
    SPANS = "cell_spans"
    SIDE = "cell_side"
    FIELDS = "cell_fields"
    RUNS = "cell_runs"
    BOXES = "cell_boxes"
    PLAN = "cell_plan"
    INSTANCE = "cell_instance"
    SCHEMA = "cell_schema"


class CellError(Exception):
    """A cell does not hold what it should."""

    def __init__(self, code: CellFault, **params: str | int) -> None:
        """Take what is wrong and what its message needs."""
        super().__init__(code)
        self.code = str(code)
        self.params = params


def parse_answers(
    sample: Sample, parse: Callable[[str], Value], place: int = 0, most: int = MAX_IN_ALL
) -> list[Value]:
    """Read one answer column, once for all metrics of it that read alike.

    Raises `InvalidSubmission` with at most 20 faults, by line, or for more things in all than
    `most`: what memory is good for, however they are spread over cells.
    """
    key = ("answer", parse, sample.names[place])
    return sample.memo.once(key, lambda: _parse_answers(sample, parse, place, most))


def _parse_answers(
    sample: Sample, parse: Callable[[str], Value], place: int, most: int
) -> list[Value]:
    found: list[Value] = []
    faults: list[Message] = []
    for text, line in zip(sample.texts[:, place].tolist(), sample.lines.tolist(), strict=True):
        try:
            found.append(parse(text))
        except CellError as error:
            faults.append(Message(error.code, error.params, line, sample.names[place]))
    if faults:
        refuse(faults)
    if sum(len(value) for value in found if isinstance(value, Sized)) > most:
        params = {"limit": most}
        raise InvalidSubmission(Message("cell_too_many_in_all", params, None, sample.names[place]))
    return found


def parse_truths(sample: Sample, parse: Callable[[str], Value], place: int = 0) -> list[Value]:
    """Read one target column, once for all metrics of it that read alike.

    Raises `TruthError` for the first cell that is wrong.
    """
    key = ("truth", parse, sample.targets[place] if sample.targets else place)
    return sample.memo.once(key, lambda: _parse_truths(sample, parse, place))


def _parse_truths(sample: Sample, parse: Callable[[str], Value], place: int) -> list[Value]:
    found: list[Value] = []
    for row, text in enumerate(sample.true_texts[:, place].tolist()):
        try:
            found.append(parse(text))
        except CellError as error:
            reason = Message(error.code, error.params).render("en").strip()
            params = {"name": f"row {row + 1}, target {place + 1}", "reason": reason}
            raise TruthError(Message("truth_unreadable", params)) from None
    return found


def refuse(faults: list[Message]) -> NoReturn:
    """Raise `InvalidSubmission` with the first 20 faults by line, the rest counted."""
    faults.sort(key=lambda fault: fault.line or 0)
    more = len(faults) - MAX_MESSAGES
    if more > 0:
        faults[MAX_MESSAGES - 1 :] = [Message("more", {"count": more + 1})]
    raise InvalidSubmission(*faults)


def read_number(text: str) -> float:
    """Return a finite decimal number; raise `CellError`."""
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise CellError(CellFault.NUMBER, value=text[:_SHOWN])
    return value


def read_ids(text: str) -> list[str]:
    """Return names separated by blanks, in order; raise `CellError` for one that comes twice."""
    names = text.split()
    if len(names) > MAX_THINGS:
        raise CellError(CellFault.TOO_MANY, limit=MAX_THINGS)
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise CellError(CellFault.REPEATED, value=name[:_SHOWN])
        seen.add(name)
    return names


def read_json(text: str) -> object:
    """Return what strict JSON in a cell says: no duplicate keys, no NaN; raise `CellError`."""
    try:
        return json.loads(
            text,
            object_pairs_hook=unique_object,
            parse_constant=_refuse_constant,
            parse_float=_real,
            parse_int=read_integer,
        )
    except (ValueError, RecursionError) as error:
        raise CellError(CellFault.JSON, reason=str(error)[:_SHOWN]) from None


def _real(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        message = "a number is too large"
        raise ValueError(message)
    return value


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is no number"
    raise ValueError(message)
