"""How the best of a board came there: one step line a team, of what everybody saw at the time.

Drawn from board A alone and only by those who may see its rows. A board that is refreshed by the
hour or day steps at its refreshes, a frozen one ends where it stands; where a team chooses what
counts there is nothing to draw, for a better score that it did not choose was never shown.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.clock import next_beijing_midnight
from app.evaluations.models import Evaluation, State
from app.evaluations.standings import map_shown
from app.leaderboards.queries import BaselineRow, Row, View
from app.problems.board_rules import Counts, Refresh
from app.problems.models import Board
from app.submissions.models import Submission
from scoring import Direction

TEAMS: Final = 10
WIDTH: Final = 720
HEIGHT: Final = 320
TOP: Final = 14
BOTTOM: Final = 286
LEFT: Final = 8
RIGHT: Final = 520
"""The lines lie between these; right of them stand the names."""
NAME_GAP: Final = 17
_AT_ONCE: Final = 5_000
_ROOM: Final = 0.75
"""How far below the worst final score a line may begin, in shares of the final scores' span."""
_MOST_KEPT: Final = 128


@dataclass(frozen=True, slots=True)
class Step:
    """From an instant on, a team's score was this."""

    at: datetime
    score: float


@dataclass(frozen=True, slots=True)
class Line:
    """One team's way, and where it is drawn."""

    row: Row
    steps: Sequence[Step]
    path: str
    end_y: float
    name_y: float

    @property
    def last(self) -> Step:
        """When it came to where it is."""
        return self.steps[-1]


@dataclass(frozen=True, slots=True)
class Race:
    """The lines of the best teams on one axis of time and one of scores, the better end on top."""

    lines: Sequence[Line]
    begins_at: datetime
    ends_at: datetime
    base_y: float | None
    """Where the baseline lies, if that is within the drawing."""


_kept: "OrderedDict[tuple[object, ...], Race | None]" = OrderedDict()
_keeping = Lock()


def read_race(
    session: Session, view: View, rows: Sequence[Row], baselines: Sequence[BaselineRow]
) -> Race | None:
    """Return the race of a board's first rows; kept in this process while the board is the same.

    Two queries and one more for every 5,000 scored submissions of the ten teams.
    """
    counts = view.rules.board.counts
    if view.board is not Board.A or counts is Counts.CHOSEN or not rows:
        return None
    rows = rows[:TEAMS]
    key = (
        session.get_bind().engine.url,
        view.stretch,
        view.version,
        view.until,
        view.rules.digest,
        tuple((row.team_id, row.rank, row.team_name) for row in rows),
        tuple(one.submission_id for one in baselines),
    )
    with _keeping:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    primary = view.rules.scoring.primary
    steps = _read_steps(session, view, [row.team_id for row in rows])
    base = baselines[0].scores.get(primary.key) if baselines else None
    race = draw(rows, steps, base, primary.direction)
    with _keeping:
        _kept[key] = race
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return race


def make_steps(
    scored: Sequence[Step], counts: Counts, direction: Direction, refresh: Refresh
) -> list[Step]:
    """Return when what counts changed; `scored` in the order in which they were made."""
    steps: list[Step] = []
    for one in scored:
        before = steps[-1].score if steps else None
        better = before is None or (
            one.score > before if direction is Direction.MAX else one.score < before
        )
        if not better and (counts is Counts.BEST or one.score == before):
            continue
        shown = Step(_shown_at(one.at, refresh), one.score)
        if steps and steps[-1].at == shown.at:
            steps.pop()
        steps.append(shown)
    return steps


def draw(
    rows: Sequence[Row],
    steps: Mapping[int, Sequence[Step]],
    base: float | None,
    direction: Direction,
) -> Race | None:
    """Return the drawing; None where fewer than two instants would be on it."""
    rows = [row for row in rows if steps.get(row.team_id)]
    instants = sorted({step.at for row in rows for step in steps[row.team_id]})
    if len(instants) < 2:  # noqa: PLR2004 — a line has two ends
        return None
    begins, ends = instants[0], instants[-1]
    sign = 1.0 if direction is Direction.MAX else -1.0
    floor, best = _span([[sign * one.score for one in steps[row.team_id]] for row in rows])

    def x(at: datetime) -> float:
        return LEFT + (at - begins) / (ends - begins) * (RIGHT - LEFT)

    def y(score: float) -> float:
        share = (sign * score - floor) / (best - floor) if best > floor else 1.0
        return BOTTOM - min(1.0, max(0.0, share)) * (BOTTOM - TOP)

    ends_y = [y(steps[row.team_id][-1].score) for row in rows]
    lines = [
        Line(row, steps[row.team_id], _path(steps[row.team_id], x, y), end, name)
        for row, end, name in zip(rows, ends_y, _spread(ends_y), strict=True)
    ]
    within = base is not None and floor <= sign * base <= best
    return Race(lines, begins, ends, y(base) if within and base is not None else None)


def _span(lines: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return the worst and the best that is drawn; what lies far below is cut off."""
    finals = [line[-1] for line in lines]
    best = max(max(line) for line in lines)
    worst, last = min(min(line) for line in lines), min(finals)
    return max(worst, last - _ROOM * (best - last)) if best > last else worst, best


def _path(
    steps: Sequence[Step], x: Callable[[datetime], float], y: Callable[[float], float]
) -> str:
    parts = [f"M{x(steps[0].at):.1f} {y(steps[0].score):.1f}"]
    parts += [f"H{x(one.at):.1f}V{y(one.score):.1f}" for one in steps[1:]]
    return "".join([*parts, f"H{RIGHT}"])


def _spread(ends: Sequence[float]) -> list[float]:
    """Return where names stand, best first: as near to their lines as they fit, in order."""
    placed: list[float] = []
    for end in ends:
        placed.append(max(end, placed[-1] + NAME_GAP) if placed else end)
    over = placed[-1] - BOTTOM if placed else 0.0
    limit = float(BOTTOM)
    for place in reversed(range(len(placed))):
        if over > 0:
            placed[place] = min(placed[place], limit)
            limit = placed[place] - NAME_GAP
    return placed


def _shown_at(at: datetime, refresh: Refresh) -> datetime:
    """Return when everybody saw a score that was made at an instant."""
    if refresh is Refresh.DAILY:
        return next_beijing_midnight(at)
    if refresh is Refresh.HOURLY:
        return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return at


def _read_steps(session: Session, view: View, teams: Sequence[int]) -> dict[int, list[Step]]:
    wanted = (
        select(Submission.team_id, Submission.created_at, Evaluation.id)
        .join(Evaluation, Evaluation.submission_id == Submission.id)
        .where(
            Submission.problem_id == view.problem.id,
            Submission.team_id.in_(teams),
            Submission.is_debug.is_(False),
            Submission.retracted_at.is_(None),
            Evaluation.is_current,
            Evaluation.state == State.SCORED,
            Evaluation.board == Board.A,
        )
        .order_by(Submission.created_at, Submission.id)
    )
    if view.until is not None:
        wanted = wanted.where(Evaluation.finished_at < view.until)
    found = session.execute(wanted).all()
    numbers = [row.id for row in found]
    scores: dict[int, dict[str, float]] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        scores |= map_shown(session, view.rules, Board.A, numbers[start : start + _AT_ONCE])
    key, rules = view.rules.scoring.primary.key, view.rules
    scored: dict[int, list[Step]] = {}
    for row in found:
        value = scores.get(row.id, {}).get(key)
        if value is not None:
            scored.setdefault(row.team_id, []).append(Step(row.created_at, value))
    # staff see the board as it is now
    refresh = Refresh.LIVE if view.until is None else rules.board.refresh
    return {
        team: make_steps(steps, rules.board.counts, rules.scoring.primary.direction, refresh)
        for team, steps in scored.items()
    }
