"""What the pages of problems show, put together for their templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.core.i18n import N_
from app.problems.hooks import Standing
from app.problems.models import Board, Problem, Revision, StageState
from app.problems.queries import ProblemCard, problem_state
from app.problems.statements import Section, split_statement
from problems.spec import ProblemSpec

FILES: Final = "files"
SCHEDULE: Final = "schedule"
COLUMN_TYPES: Final = {
    "integer": N_("whole number"),
    "number": N_("number"),
    "category": N_("category"),
    "date": N_("date"),
    "text": N_("text"),
}
"""What the previews of tables call the types of columns."""


@dataclass(frozen=True, slots=True)
class HallCard:
    """One window of the hall. `owner` is by language; `standing` None where nobody counts."""

    problem: Problem
    code: str
    owner: Mapping[str, str]
    kinds: Sequence[str]
    state: StageState
    closes_at: datetime | None
    standing: Standing | None
    decimals: int
    direction: str


def hall_card(card: ProblemCard, standings: Mapping[int, Standing], now: datetime) -> HallCard:
    """Put one window together from rows that are loaded already."""
    spec = card.revision.spec
    scenario = spec.get("scenario", {})
    primary = next(column for column in spec["scoring"]["columns"] if column.get("primary"))
    return HallCard(
        problem=card.problem,
        code=scenario.get("code", ""),
        owner=scenario.get("owner", {}),
        kinds=spec["submission"]["kinds"],
        state=problem_state(card.problem, now),
        closes_at=next_closing(card.problem, now),
        standing=standings.get(card.problem.id),
        decimals=primary.get("decimals", 5),
        direction=primary["direction"],
    )


def next_closing(problem: Problem, now: datetime) -> datetime | None:
    """Return when the first of the open stages closes, if a time is set."""
    return min(
        (
            stage.closes_at
            for stage in problem.stages
            if stage.closes_at is not None and stage.state(now) is StageState.OPEN
        ),
        default=None,
    )


def open_board(problem: Problem, now: datetime) -> Board | None:
    """Return the board that takes submissions now: the later one where both do."""
    boards = [stage.key for stage in problem.stages if stage.state(now) is StageState.OPEN]
    return max(boards, default=None)


def page_parts(statement: str, titles: Mapping[str, str]) -> list[Section]:
    """Return the parts of a problem's page in the order people expect.

    The statement's own, the files after its data and the schedule before its rules; `titles` names
    those two. They have no body: the template has.
    """
    parts: list[Section] = []
    files, schedule = (Section(titles[name], name, "") for name in (FILES, SCHEDULE))
    for part in split_statement(statement):
        if part.anchor == "rules":
            parts.append(schedule)
        parts.append(part)
        if part.anchor == "data":
            parts.append(files)
    return parts + [part for part in (files, schedule) if part not in parts]


def read_spec(revision: Revision) -> ProblemSpec:
    """Return a revision's description as values."""
    return ProblemSpec.model_validate(revision.spec)
