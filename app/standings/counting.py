"""Which of a team's submissions counts, and what its row on a board says. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.problems.board_rules import Counts
from app.problems.models import Board
from app.standings.keys import place_key, score_key
from app.standings.rules import Rules


@dataclass(frozen=True, slots=True)
class Result:
    """The scores on one board, and the evaluation that found them."""

    evaluation_id: int
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One scored submission of a team that neither was retracted nor is a try run."""

    submission_id: int
    submitted_at: datetime
    is_for_b: bool
    """Predictions made for board B of `sets`."""
    is_chosen: bool
    results: Mapping[Board, Result]


@dataclass(frozen=True, slots=True)
class Place:
    """What a team's row on a board says."""

    team_id: int
    key: bytes
    submission_id: int
    evaluation_id: int
    submitted_at: datetime
    entries: int
    last_at: datetime


def place(team_id: int, attempts: Sequence[Attempt], rules: Rules, board: Board) -> Place | None:
    """Return a team's row on a board; None where nothing of it counts there."""
    counting = _on_a(attempts, rules) if board is Board.A else _on_b(attempts, rules)
    if counting is None:
        return None
    scores = _key(counting, rules, board)
    assert scores is not None  # noqa: S101 — only what has a key is chosen
    return Place(
        team_id,
        place_key(scores, counting.submitted_at, counting.submission_id),
        counting.submission_id,
        counting.results[board].evaluation_id,
        counting.submitted_at,
        entries=len(attempts),
        last_at=max(one.submitted_at for one in attempts),
    )


def _key(attempt: Attempt, rules: Rules, board: Board) -> bytes | None:
    result = attempt.results.get(board)
    return None if result is None else score_key(result.scores, rules.ranking(board))


def _best_first(attempts: Sequence[Attempt], rules: Rules, board: Board) -> list[Attempt]:
    """Return what has a score on a board; of two equal ones the earlier is first."""
    keyed = [(_key(one, rules, board), one) for one in attempts]
    ordered = [
        (key, one.submitted_at, one.submission_id, one) for key, one in keyed if key is not None
    ]
    return [entry[-1] for entry in sorted(ordered, key=lambda entry: entry[:3])]


def _on_a(attempts: Sequence[Attempt], rules: Rules) -> Attempt | None:
    scored = _best_first(attempts, rules, Board.A)
    if rules.board.counts is Counts.LAST:
        return max(scored, key=lambda one: (one.submitted_at, one.submission_id), default=None)
    if rules.board.counts is Counts.CHOSEN:
        scored = [one for one in scored if one.is_chosen] or scored
    return scored[0] if scored else None


def _on_b(attempts: Sequence[Attempt], rules: Rules) -> Attempt | None:
    direct = _best_first([one for one in attempts if one.is_for_b], rules, Board.B)
    if direct:
        return max(direct, key=lambda one: one.submission_id)
    if rules.board.choices == 0:
        counting = _on_a(attempts, rules)
        finals = [] if counting is None else [counting]
    else:
        scored = _best_first(attempts, rules, Board.A)
        finals = [one for one in scored if one.is_chosen] or scored[: rules.board.choices]
    best = _best_first(finals, rules, Board.B)
    return best[0] if best else None
