"""How many tokens of a language model a run says it has used: a small file beside its answer.

`usage.json` in the output folder, `{"tokens": {"prompt": 1200, "completion": 300}}`. The platform
counts no tokens itself: a column of them shows what the team's own program reports.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

from scoring.errors import InvalidSubmission
from scoring.messages import Message
from scoring.strict_json import read_integer, unique_object

__all__ = ["MOST_TOKENS", "USAGE_FILE", "read_tokens"]

USAGE_FILE: Final = "usage.json"
MOST_TOKENS: Final = 10**15
"""Of each kind: every such number is exact as a float too."""

_MAX_BYTES: Final = 4096
_KINDS: Final = ("prompt", "completion")


def read_tokens(path: Path) -> int:
    """Return all tokens that the file reports.

    Raises `InvalidSubmission` where it is not there or anything but this one object, read strictly.
    """
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _MAX_BYTES:
        _refuse()
    try:
        data = json.loads(
            path.read_bytes().decode("utf-8"),
            object_pairs_hook=unique_object,
            parse_int=read_integer,
        )
    except (ValueError, RecursionError):
        _refuse()
    counts = data.get("tokens") if isinstance(data, Mapping) else None
    if set(data if counts is not None else ()) != {"tokens"} or not isinstance(counts, Mapping):
        _refuse()
    if set(counts) != set(_KINDS) or not all(_is_count(counts[kind]) for kind in _KINDS):
        _refuse()
    return sum(counts[kind] for kind in _KINDS)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS


def _refuse() -> NoReturn:
    raise InvalidSubmission(
        Message("usage_file", {"name": USAGE_FILE, "limit": MOST_TOKENS})
    ) from None
