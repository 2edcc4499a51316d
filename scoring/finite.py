"""The one rule every score obeys: a finite number for each column, and none besides."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from scoring.errors import InvalidScores
from scoring.messages import Message

if TYPE_CHECKING:
    from scoring.spec import Scoring

__all__ = ["check_finite", "finish_scores"]

LIMIT: Final = 20


def finish_scores(measured: Mapping[str, float], scoring: "Scoring") -> dict[str, float]:
    """Return every column's score, those of formulas worked out; raise `InvalidScores`."""
    computed = {column.key for column in scoring.columns if column.formula is not None}
    surplus = [name for name in measured if name in computed]
    if surplus:
        raise InvalidScores(*(Message("unknown_score", {"name": name}) for name in surplus))
    complete = scoring.complete(measured)
    check_finite(complete, scoring)
    return complete


def check_finite(scores: Mapping[str, float], scoring: "Scoring") -> None:
    """Raise `InvalidScores` unless there is one finite number for each column and none besides."""
    messages: list[Message] = []
    for column in scoring.columns:
        if column.key not in scores:
            messages.append(Message("missing_score", {"name": column.key}))
        elif not math.isfinite(scores[column.key]):
            messages.append(Message("not_finite_score", {"name": column.key}))
    known = {column.key for column in scoring.columns}
    messages.extend(
        Message("unknown_score", {"name": name[:60]}) for name in scores if name not in known
    )
    if messages:
        raise InvalidScores(*messages[:LIMIT])
