"""How many problems each choice of the hall's filters would leave."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import case, func, literal, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.problems.models import Problem, StageState
from app.problems.policy import readable_problems
from app.problems.queries import ProblemFilter, filter_clauses, state_clause
from problems.spec import Area, Kind


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts by choice, each with the other filters as they are; choices without any are absent."""

    area: Mapping[str, int]
    kind: Mapping[str, int]
    state: Mapping[str, int]
    difficulty: Mapping[str, int]
    prize: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Problems alike in everything one can filter by, and how many there are."""

    area: Area
    predictions: bool
    code: bool
    difficulty: str | None
    prize: int
    state: StageState
    count: int


PRIZES = (1, 10_000, 100_000)
"""The least prizes one may ask for, in yuan."""


def count_facets(
    session: Session, actor: User | None, wanted: ProblemFilter, *, now: datetime
) -> Facets:
    """Count in one query, by all filters at once; each facet then leaves its own out."""
    state = case(
        (state_clause(StageState.OPEN, now), literal(StageState.OPEN.value)),
        (state_clause(StageState.UPCOMING, now), literal(StageState.UPCOMING.value)),
        else_=literal(StageState.CLOSED.value),
    )
    matching = (
        select(
            Problem.area.label("area"),
            Problem.takes_predictions.label("predictions"),
            Problem.takes_code.label("code"),
            Problem.difficulty.label("difficulty"),
            Problem.prize_yuan.label("prize"),
            state.label("state"),
        )
        .where(readable_problems(actor), *filter_clauses(ProblemFilter(text=wanted.text), now))
        .subquery()
    )
    rows = session.execute(select(*matching.c, func.count()).group_by(*matching.c))
    kinds = [_Kind(*row[:5], state=StageState(row[5]), count=row[6]) for row in rows]
    return Facets(
        area=_tally(kinds, replace(wanted, area=None), lambda one: [one.area.value]),
        kind=_tally(kinds, replace(wanted, kind=None), _kinds_of),
        state=_tally(kinds, replace(wanted, state=None), lambda one: [one.state.value]),
        difficulty=_tally(kinds, replace(wanted, difficulty=None), _difficulty_of),
        prize=_tally(kinds, replace(wanted, min_prize=0), _prizes_of),
    )


def _tally(
    kinds: list[_Kind], wanted: ProblemFilter, choices: Callable[[_Kind], list[str]]
) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in kinds:
        if _fits(one, wanted):
            for choice in choices(one):
                found[choice] += one.count
    return found


def _fits(one: _Kind, wanted: ProblemFilter) -> bool:
    return (
        wanted.area in {None, one.area}
        and (wanted.kind is None or wanted.kind.value in _kinds_of(one))
        and wanted.state in {None, one.state}
        and wanted.difficulty in {None, one.difficulty}
        and one.prize >= wanted.min_prize
    )


def _kinds_of(one: _Kind) -> list[str]:
    taken = ((Kind.PREDICTIONS, one.predictions), (Kind.CODE, one.code))
    return [kind.value for kind, takes in taken if takes]


def _difficulty_of(one: _Kind) -> list[str]:
    return [] if one.difficulty is None else [one.difficulty]


def _prizes_of(one: _Kind) -> list[str]:
    return [str(least) for least in PRIZES if one.prize >= least]
