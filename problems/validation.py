"""Pydantic's errors as pack issues: its words replaced by ours, its locations by lines."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Final, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from problems.document import Document, Place, dotted
from problems.issues import CATALOGUE, PackIssue
from problems.spec import ProblemSpec

__all__ = ["issues_of"]

_TYPES: Final = {
    "string_type": "text",
    "int_type": "integer",
    "int_from_float": "integer",
    "float_type": "number",
    "bool_type": "true, false",
    "tuple_type": "[…]",
    "list_type": "[…]",
    "dict_type": "{…}",
    "model_type": "{…}",
    "model_attributes_type": "{…}",
    "finite_number": "finite number",
}
_RANGES: Final = {
    "greater_than": ("gt", ">"),
    "greater_than_equal": ("ge", ">="),
    "less_than": ("lt", "<"),
    "less_than_equal": ("le", "<="),
}
_LENGTHS: Final = {
    "too_short": ("min_length", ">="),
    "too_long": ("max_length", "<="),
    "string_too_short": ("min_length", ">="),
    "string_too_long": ("max_length", "<="),
}
_SHOWN: Final = 60


def issues_of(error: ValidationError, document: Document) -> Iterator[PackIssue]:
    """Yield one issue per fault, in pydantic's order."""
    details = error.errors(include_url=False)
    places = [_place(detail) for detail in details]
    seen: set[tuple[Place, str]] = set()
    for place, detail in zip(places, details, strict=True):
        is_echo = detail["type"] == "too_short" and any(
            other[: len(place)] == place and other != place for other in places
        )
        code, params = _words(detail, place)
        if is_echo or (place, code) in seen:
            continue
        seen.add((place, code))
        line, column = document.line_of(place), document.column_of(place)
        yield PackIssue(document.file, line, dotted(place), code, params, column)


def _place(detail: ErrorDetails) -> Place:
    """Return the fault's place in the file: unions' branch names are not part of it."""
    context = detail.get("ctx", {})
    place = tuple(part for part in detail["loc"] if not _is_branch(part))
    return (*place, *context.get("at", ()))


def _is_branch(part: str | int) -> bool:
    return isinstance(part, str) and (part in {"int", "float", "str", "bool"} or "[" in part)


Words = tuple[str, Mapping[str, str | int]]


def _words(detail: ErrorDetails, place: Place) -> Words:
    for explain in (_of_key, _of_choice, _of_type, _of_bound, _of_rule):
        words = explain(detail, place)
        if words is not None:
            return words
    return "other", {"reason": detail["msg"]}


def _of_key(detail: ErrorDetails, place: Place) -> Words | None:
    if detail["type"] == "missing":
        return "missing_key", {}
    if detail["type"] != "extra_forbidden":
        return None
    return _near("unknown_key", str(place[-1]), _known_keys(place[:-1]), {})


def _of_choice(detail: ErrorDetails, _place: Place) -> Words | None:
    if detail["type"] not in {"enum", "literal_error"}:
        return None
    expected = str(detail["ctx"]["expected"]).replace(" or ", ", ")
    value = _shown(detail["input"])
    return _near(
        "not_allowed", value, re.findall(r"'?([^',]+)'?(?:, |$)", expected), {"value": value}
    )


def _of_type(detail: ErrorDetails, _place: Place) -> Words | None:
    value = _shown(detail["input"])
    if detail["type"] == "string_pattern_mismatch":
        return "bad_pattern", {"value": value, "allowed": str(detail["ctx"]["pattern"])}
    if detail["type"] not in _TYPES:
        return None
    return "wrong_type", {"value": value, "allowed": _TYPES[detail["type"]]}


def _of_bound(detail: ErrorDetails, _place: Place) -> Words | None:
    for code, table in (("out_of_range", _RANGES), ("bad_length", _LENGTHS)):
        if detail["type"] in table:
            name, sign = table[detail["type"]]
            value = _shown(detail["input"])
            return code, {"value": value, "allowed": f"{sign} {detail['ctx'][name]}"}
    return None


def _of_rule(detail: ErrorDetails, _place: Place) -> Words | None:
    """Explain a rule of our own models: `spec_error` carries the catalogue's code."""
    if detail["type"] not in CATALOGUE:
        return None
    details = {
        name: part for name, part in detail.get("ctx", {}).items() if isinstance(part, str | int)
    }
    return detail["type"], {"value": _shown(detail["input"]), **details}


def _near(
    code: str, value: str, allowed: Sequence[str], params: Mapping[str, str]
) -> tuple[str, Mapping[str, str]]:
    listed = {**params, "allowed": ", ".join(allowed)}
    nearest = get_close_matches(value, allowed, n=1, cutoff=0.5)
    return (f"{code}_near", {**listed, "nearest": nearest[0]}) if nearest else (code, listed)


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _known_keys(place: Place) -> list[str]:
    """List the keys the model allows at a place, as they are written in the file."""
    model = _model_at(place)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _model_at(place: Place) -> type[BaseModel] | None:
    """Walk the model's annotations along a place."""
    annotation: object = ProblemSpec
    for part in place:
        model = _first_model(annotation)
        if model is not None and isinstance(part, str) and not _is_mapping(annotation):
            annotation = next(
                (
                    field.annotation
                    for name, field in model.model_fields.items()
                    if part in {name, field.alias}
                ),
                None,
            )
        else:
            annotation = get_args(annotation)[-1 if _is_mapping(annotation) else 0]
    return _first_model(annotation)


def _is_mapping(annotation: object) -> bool:
    return get_origin(annotation) is dict


def _first_model(annotation: object) -> type[BaseModel] | None:
    """Find the one model inside an optional, a tuple, a dict or nothing."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        found = _first_model(inner)
        if found is not None:
            return found
    return None
