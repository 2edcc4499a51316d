"""The one rule every score obeys: a finite number for each column, and none besides."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from scoring.errors import InvalidScores
from scoring.messages import Message

if TYPE_CHECKING:
    from scoring.run_facts import RunFacts
    from scoring.spec import Scoring

__all__ = ["check_finite", "finish_scores"]

LIMIT: Final = 20


def finish_scores(
    measured: Mapping[str, float],
    scoring: "Scoring",
    facts: "RunFacts | None" = None,
    items: int = 0,
) -> dict[str, float]:
    """Return every column's score: those of the run filled in, those of formulas worked out.

    `items` is how many the run has answered. Raises `InvalidScores`, also where the run used more
    of something than its column allows.
    """
    given = {column.key for column in scoring.measured}
    surplus = [name for name in measured if name not in given and name in _keys(scoring)]
    if surplus:
        raise InvalidScores(*(Message("unknown_score", {"name": name}) for name in surplus))
    used = {} if facts is None else _used(scoring, facts, items)
    complete = scoring.complete({**measured, **used})
    check_finite(complete, scoring)
    return complete


def _keys(scoring: "Scoring") -> set[str]:
    return {column.key for column in scoring.columns}


def _used(scoring: "Scoring", facts: "RunFacts", items: int) -> dict[str, float]:
    """Return what the run used, by column; raise `InvalidScores` where that is too much."""
    used = {c.key: facts.value(c.run, items) for c in scoring.timed if c.run is not None}
    messages = [
        Message(
            "run_over_limit",
            {"name": c.key, "value": f"{used[c.key]:.6g}", "limit": f"{c.limit:g}"},
        )
        for c in scoring.timed
        if c.limit is not None and used[c.key] > c.limit
    ]
    if messages:
        raise InvalidScores(*messages)
    return used


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
