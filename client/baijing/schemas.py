"""What each command prints with `--json`, as JSON Schema (draft 2020-12): `baijing schema NAME`.

Keys may be added; none of these goes or changes its kind without a new major version.
"""

from collections.abc import Mapping
from typing import Any, Final

from baijing.shapes import (
    BOARD,
    FILE,
    NUMBER,
    PROBLEM_ITEM,
    SUBMISSION,
    Each,
    Maybe,
    Named,
    Shape,
    page_of,
)

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
RUN: Final = {
    "wall_s": NUMBER,
    "cpu_s": NUMBER,
    "peak_memory_bytes": int,
    "output_bytes": int,
    "exit_code": Maybe(int),
    "signal": Maybe(str),
    "backend": str,
    "image_digest": str,
}
TRIAL: Final = {
    "problem": str,
    "revision": int,
    "kind": str,
    "state": str,
    "verdict": Maybe(str),
    "messages": Each({"message": str, "line": Maybe(int)}),
    "notes": Each(str),
    "scores": Named(NUMBER),
    "run": Maybe(RUN),
    "place": Maybe({"function": str, "file": str, "line": int}),
    "excerpt": Each({"line": int, "text": str}),
}
ERROR: Final = {
    "error": {
        "code": str,
        "message": str,
        "exit": int,
        "errors": Each({"loc": str, "line": Maybe(int), "message": str}),
    }
}
ANSWERS: Final[Mapping[str, Shape]] = {
    "login": {"address": str, "kept_in": str},
    "problems": page_of(PROBLEM_ITEM),
    "download": {"problem": str, "files": Each({**FILE, "file": str})},
    "run": TRIAL,
    "submit": SUBMISSION,
    "submissions": page_of(SUBMISSION),
    "leaderboard": BOARD,
    "doctor": {
        "level": str,
        "checks": Each({"check": str, "level": str, "message": str, "todo": str}),
    },
    "completion": {"shell": str, "script": str},
    "schema": {"$schema": str, "type": str},
    "error": ERROR,
}
"""By command; `error` is what any of them prints on stderr when it fails."""
_KINDS: Final = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "array",
}


def schema_of(name: str) -> dict[str, Any]:
    """Return the schema of what a command prints."""
    return {"$schema": DRAFT, "title": f"baijing {name} --json", **_schema(ANSWERS[name])}


def _schema(shape: Shape) -> dict[str, Any]:
    if isinstance(shape, type):
        return {"type": _KINDS[shape]}
    if isinstance(shape, Maybe):
        return {"anyOf": [_schema(shape.shape), {"type": "null"}]}
    if isinstance(shape, Each):
        return {"type": "array", "items": _schema(shape.shape)}
    if isinstance(shape, Named):
        return {"type": "object", "additionalProperties": _schema(shape.shape)}
    return {
        "type": "object",
        "properties": {key: _schema(each) for key, each in shape.items()},
        "required": list(shape),
    }
