"""What the client reads of the site's answers: checked before anything is taken from them.

More than this may be there. What lacks or is of another kind is the site's fault, said so at once;
an error of our own is then never taken for one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from baijing.errors import UnreachableError


@dataclass(frozen=True, slots=True)
class Maybe:
    """`null`, or of a shape."""

    shape: "Shape"


@dataclass(frozen=True, slots=True)
class Each:
    """An array of a shape."""

    shape: "Shape"


@dataclass(frozen=True, slots=True)
class Named:
    """An object with any keys, whose values are of a shape."""

    shape: "Shape"


Shape = type | Maybe | Each | Named | Mapping[str, Any]

NUMBER: Final = float
"""A number, whole or not."""
STAGE: Final = {"key": str, "state": str}
FILE: Final = {"path": str, "size": int, "sha256": str}
PROBLEM_ITEM: Final = {"slug": str, "title": str, "area": str, "state": str}
PROBLEM: Final = {
    **PROBLEM_ITEM,
    "columns": Each({"key": str, "decimals": int}),
    "files": Each(FILE),
    "submission": {"kinds": Each(str), "file": str, "max_bytes": int},
    "resources": {"image": str},
}
KIT: Final = {
    "revision": int,
    "specification": {"resources": {"time": int, "memory": int}},
    "image": {"name": str, "recipe": Maybe(str)},
    "input": {"files": Named(str), "archive": Maybe(str)},
    "truth": Named(str),
    "scorer": Maybe(str),
    "sample": Maybe(str),
    "sample_has_keys": bool,
}
SUBMISSION: Final = {
    "id": str,
    "problem": str,
    "kind": str,
    "state": str,
    "verdict": Maybe(str),
    "messages": Each({"message": str, "line": Maybe(int)}),
    "scores": Named(Named(NUMBER)),
    "queued_at": str,
    "note": str,
}
LOG: Final = {"text": str, "next_offset": int, "done": bool, "attempt": int}
TEAM: Final = {"id": str, "name": str}
BOARD_ROW: Final = {"rank": int, "team": TEAM, "scores": Named(NUMBER), "last_at": str}
BOARD: Final = {
    "items": Each(BOARD_ROW),
    "baselines": Each({"scores": Named(NUMBER), "last_at": str}),
    "own": Maybe(BOARD_ROW),
    "total": int,
}


def page_of(item: Shape) -> Shape:
    """Return the shape of a page of a list."""
    return {"items": Each(item), "total": int}


def check(value: object, shape: Shape, place: str = "") -> None:
    """Hold an answer to its shape.

    Raises:
        UnreachableError: it is none, with the place that is missing or of another kind.
    """
    if isinstance(shape, Maybe):
        if value is not None:
            check(value, shape.shape, place)
        return
    if isinstance(shape, type):
        _as(shape, value, place)
        return
    for inner, wanted, where in _parts(value, shape, place):
        check(inner, wanted, where)


def _parts(
    value: object, shape: Each | Named | Mapping[str, Any], place: str
) -> Iterator[tuple[object, Shape, str]]:
    """Yield what an array or an object is made of, each with its own shape and place."""
    if isinstance(shape, Each):
        for number, item in enumerate(_as(list, value, place)):
            yield item, shape.shape, f"{place}[{number}]"
        return
    found = _as(dict, value, place)
    wanted = dict.fromkeys(found, shape.shape) if isinstance(shape, Named) else shape
    for key, each in wanted.items():
        where = f"{place}.{key}"
        if key not in found:
            raise _strange(where)
        yield found[key], each, where


def _as(kind: type, value: object, place: str) -> Any:  # noqa: ANN401 — of the kind asked for
    allowed = (int, float) if kind is NUMBER else kind
    is_flag = isinstance(value, bool) and kind is not bool  # a bool is an int to Python alone
    if is_flag or not isinstance(value, allowed):
        raise _strange(place)
    return value


def _strange(place: str) -> UnreachableError:
    text = "The answer of the site makes no sense: %(place)s is missing or of another kind."
    return UnreachableError(text, {"place": place.lstrip(".") or "."})
