"""JSON that fits a schema: one object a row, its schema (JSON Schema, 2020-12) in the truth.

A cell that is no JSON, or not what the schema says, is invalid and costs its row; it is not
refused. What teams read names the place and the keyword, never the schema's values.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from scoring.errors import TruthError
from scoring.messages import Message
from scoring.metrics.base import Kind, Metric, Sample
from scoring.metrics.cells import CellError, CellFault, parse_answers, parse_truths, read_json
from scoring.spec import Direction
from scoring.types import FloatArray

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

__all__ = ["FAMILY", "read_schema"]

MAX_NODES: Final = 5000
SCHEMAS_KEPT: Final = 64
_SHOWN: Final = 80
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
Told = str | None


def read_schema(text: str) -> str:
    """Return a schema's text once it is known to be one; raise `CellError`."""
    _validator(text)
    return text


@lru_cache(maxsize=SCHEMAS_KEPT)
def _validator(text: str) -> "Validator":
    """Build the validator of a schema, which can refer to nothing outside itself."""
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415 — few problems need it
    from jsonschema.validators import extend  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415

    schema = read_json(text)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise CellError(CellFault.SCHEMA, reason=error.message[:_SHOWN]) from None
    checked = extend(Draft202012Validator, {"uniqueItems": _unique_items})
    validator: Validator = checked(schema, registry=Registry())
    return validator


def _unique_items(
    _validator: object, wanted: object, instance: object, _schema: object
) -> Iterator[Exception]:
    """Look for equal items in time that grows with their number, whatever they are."""
    from jsonschema import ValidationError  # noqa: PLC0415

    if wanted and isinstance(instance, list):
        texts = [json.dumps(_plain(item), sort_keys=True) for item in instance]
        if len(set(texts)) < len(texts):
            yield ValidationError("two items are equal")


def _plain(value: object) -> object:
    """Write 1.0 as 1, which JSON Schema takes for the same."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _fault(schema: str, cell: str) -> Told:
    """Return what is wrong with a cell, in a few words that give no value away; None if nothing."""
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    try:
        data = read_json(cell)
        if _is_big(data):
            return f"more than {MAX_NODES} values"
        errors = list(islice(_validator(schema).iter_errors(data), 1))
    except CellError:
        return "not JSON"
    except RecursionError:
        return "nested too deeply"
    except Unresolvable as error:
        params = {"name": "schema", "reason": str(error)[:_SHOWN]}
        raise TruthError(Message("truth_unreadable", params)) from None
    return _told(errors[0]) if errors else None


def _told(error: "ValidationError") -> str:
    place = ".".join(["$", *(str(part)[:_SHOWN] for part in error.absolute_path)])
    shown = _UNSTORABLE.sub("\ufffd", place)[:_SHOWN]
    return f"{shown}: {error.validator}"


def _is_big(data: object) -> bool:
    waiting, count = [data], 0
    while waiting:
        value = waiting.pop()
        count += 1
        if count > MAX_NODES:
            return True
        if isinstance(value, list):
            waiting.extend(value[: MAX_NODES + 1])
        elif isinstance(value, dict):
            waiting.extend(list(value.values())[: MAX_NODES + 1])
    return False


def _faults(sample: Sample) -> Sequence[Told]:
    def judge() -> list[Told]:
        schemas, cells = parse_truths(sample, read_schema), parse_answers(sample, str)
        return list(map(_fault, schemas, cells))

    return sample.once("schemas", judge)


def _losses(sample: Sample) -> FloatArray:
    return np.array([fault is not None for fault in _faults(sample)], np.float64)


def _validity(sample: Sample) -> float:
    return 1.0 - float(np.mean(_losses(sample)))


def _cases(sample: Sample) -> list[Mapping[str, object]]:
    return [{"valid": fault is None, "reason": fault} for fault in _faults(sample)]


def _example(truth: str) -> str:
    """Return the first of a schema's `examples`, else an empty object."""
    schema = read_json(read_schema(truth))
    examples = schema.get("examples") if isinstance(schema, Mapping) else None
    return json.dumps(examples[0] if examples else {}, ensure_ascii=False)


FAMILY: Final = (
    Metric(
        "json_schema_validity",
        direction=Direction.MAX,
        low=0.0,
        high=1.0,
        target=Kind.TEXT,
        prediction=Kind.TEXT,
        targets=("schema",),
        score=_validity,
        loss=_losses,
        cases=_cases,
        perfect=_example,
        reaches_best=False,
        example=('{"type": "object", "required": ["part"], "examples": [{"part": "bolt"}]}',),
        source="share of rows whose JSON fits the schema; JSON Schema 2020-12, by jsonschema",
    ),
)
