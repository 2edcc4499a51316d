"""Statistics of what teams did: by day, by reason of failure, from visit to score, by problem."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session

from app.accounts.models import Role, User
from app.core.clock import BEIJING
from app.evaluations.models import Evaluation, Score, State, Verdict
from app.insights.days import beijing_date, list_days, read_day
from app.insights.models import PageVisits
from app.problems.models import Area, Board, Problem, Revision, RulesAcceptance
from app.submissions.models import Submission
from app.teams.models import Membership, Team
from scoring import BoardColumn, Direction, Scoring


@dataclass(frozen=True, slots=True)
class Day:
    """What teams handed in on a Beijing day, by how it stands now."""

    day: date
    scored: int = 0
    failed: int = 0
    other: int = 0
    """Waiting, running or cancelled."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.scored + self.failed + self.other


@dataclass(frozen=True, slots=True)
class Best:
    """The best score on A up to the end of a day, and the best of the day itself."""

    day: date
    best: float
    of_day: float | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """From the visit to the score, all time. Visits are page views, the rest is counted once."""

    visits: int
    people: int | None
    """Accounts of participants; None for one problem, which nobody signs up for."""
    accepted: int
    """People who accepted the rules."""
    joined: int
    """People who are in a team."""
    submitted: int
    """Teams that handed something in."""
    scored: int
    """Teams that have a score."""


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """One problem in numbers. Scores are those of its primary column on A."""

    problem: Problem
    column: BoardColumn
    visits: int
    teams: int
    submissions: int
    scored: int
    failed: int
    baseline: float | None
    best: float | None


@dataclass(frozen=True, slots=True)
class AreaLine:
    """One area in numbers."""

    area: Area
    problems: int
    teams: int
    submissions: int
    scored: int


def list_daily(session: Session, problem: Problem | None, since: date, until: date) -> list[Day]:
    """Return every day of a range with what was handed in; one query."""
    day = beijing_date(Submission.created_at)
    kinds = case(
        (Evaluation.state == State.SCORED, "scored"),
        (Evaluation.state == State.FAILED, "failed"),
        else_="other",
    )
    rows = session.execute(
        _handed_in(select(day, kinds, func.count(Submission.id)), problem)
        .where(Submission.created_at >= _midnight(since))
        .group_by(day, kinds)
    )
    counts: dict[date, dict[str, int]] = {}
    for text, kind, count in rows:
        counts.setdefault(read_day(text), {})[kind] = count
    return [Day(one, **counts.get(one, {})) for one in list_days(since, until)]


def list_verdicts(
    session: Session, problem: Problem | None, since: date
) -> list[tuple[Verdict, int]]:
    """Return why submissions failed, the most frequent reason first; one query."""
    rows = session.execute(
        _handed_in(select(Evaluation.verdict, func.count(Submission.id)), problem)
        .where(Evaluation.verdict.is_not(None), Submission.created_at >= _midnight(since))
        .group_by(Evaluation.verdict)
    )
    found = Counter({verdict: count for verdict, count in rows if verdict is not None})
    return found.most_common()


def list_progress(
    session: Session, problem: Problem, column: BoardColumn, until: date
) -> list[Best]:
    """Return how the best score on A grew, from the first score's day on; one query."""
    extreme = func.max if column.direction is Direction.MAX else func.min
    better = max if column.direction is Direction.MAX else min
    day = beijing_date(Submission.created_at)
    rows = session.execute(
        _with_scores(select(day, extreme(Score.value)), [problem.id], [column.key])
        .where(Submission.is_baseline.is_(False))
        .group_by(day)
    )
    of_days = {read_day(text): value for text, value in rows}
    if not of_days:
        return []
    found: list[Best] = []
    best = of_days[min(of_days)]
    for one in list_days(min(of_days), max(until, *of_days)):
        value = of_days.get(one)
        best = best if value is None else better(best, value)
        found.append(Best(one, best, value))
    return found


def get_funnel(session: Session, problem: Problem | None) -> Funnel:
    """Count the steps from the visit to the score; one query."""
    here = _of(problem)
    visits = select(func.coalesce(func.sum(PageVisits.count), 0))
    if problem is not None:
        visits = visits.where(PageVisits.problem_slug == problem.slug)
    teams = func.count(Submission.team_id.distinct())
    steps: list[Select[*tuple[Any, ...]]] = [
        visits,
        select(func.count(User.id)).where(User.role == Role.PARTICIPANT),
        select(func.count(RulesAcceptance.user_id.distinct())).where(
            *here(RulesAcceptance.problem_id)
        ),
        select(func.count(Membership.user_id.distinct())).where(*here(Membership.problem_id)),
        _handed_in(select(teams), problem),
        _handed_in(select(teams), problem).where(Evaluation.state == State.SCORED),
    ]
    row = session.execute(select(*(step.scalar_subquery() for step in steps))).one()
    return Funnel(row[0], None if problem else row[1], *row[2:])


def list_problem_lines(session: Session) -> list[ProblemLine]:
    """Return every problem on the site in numbers, by slug; a constant number of queries."""
    problems = session.scalars(
        select(Problem).where(Problem.withdrawn_at.is_(None)).order_by(Problem.slug)
    ).all()
    columns = map_columns(session, problems)
    ids = list(columns)
    visits = _map(
        session,
        select(PageVisits.problem_slug, func.sum(PageVisits.count)).group_by(
            PageVisits.problem_slug
        ),
    )
    teams = _map(session, select(Team.problem_id, func.count(Team.id)).group_by(Team.problem_id))
    states: dict[int, dict[State, int]] = {}
    for number, state, count in session.execute(
        _handed_in(
            select(Submission.problem_id, Evaluation.state, func.count(Submission.id)), None
        ).group_by(Submission.problem_id, Evaluation.state)
    ):
        states.setdefault(number, {})[state] = count
    extremes = map_extremes(session, columns)
    return [
        ProblemLine(
            problem=one,
            column=columns[one.id],
            visits=visits.get(one.slug, 0),
            teams=teams.get(one.id, 0),
            submissions=sum(states.get(one.id, {}).values()),
            scored=states.get(one.id, {}).get(State.SCORED, 0),
            failed=states.get(one.id, {}).get(State.FAILED, 0),
            baseline=extremes.get((one.id, True)),
            best=extremes.get((one.id, False)),
        )
        for one in problems
        if one.id in ids
    ]


def list_areas(lines: Sequence[ProblemLine]) -> list[AreaLine]:
    """Return the areas in numbers, summed over their problems."""
    return [
        AreaLine(
            area,
            problems=len(mine),
            teams=sum(one.teams for one in mine),
            submissions=sum(one.submissions for one in mine),
            scored=sum(one.scored for one in mine),
        )
        for area in Area
        for mine in [[one for one in lines if one.problem.area is area]]
    ]


def map_columns(session: Session, problems: Sequence[Problem]) -> dict[int, BoardColumn]:
    """Return the column that ranks each problem, under the revision in force; one query."""
    rows = session.execute(
        select(Revision.problem_id, Revision.spec)
        .join(Problem, Problem.id == Revision.problem_id)
        .where(
            Revision.number == Problem.revision_number,
            Problem.id.in_([one.id for one in problems]),
        )
    )
    return {number: Scoring.model_validate(spec["scoring"]).primary for number, spec in rows}


def map_extremes(
    session: Session, columns: Mapping[int, BoardColumn]
) -> dict[tuple[int, bool], float]:
    """Return the best score on A of each problem, of baselines (True) and of teams (False)."""
    keys = sorted({column.key for column in columns.values()})
    ends = select(
        Submission.problem_id,
        Submission.is_baseline,
        Score.key,
        func.min(Score.value),
        func.max(Score.value),
    )
    rows = session.execute(
        _with_scores(ends, list(columns), keys).group_by(
            Submission.problem_id, Submission.is_baseline, Score.key
        )
    )
    return {
        (number, bool(is_baseline)): high if column.direction is Direction.MAX else low
        for number, is_baseline, key, low, high in rows
        for column in [columns[number]]
        if column.key == key
    }


def _handed_in(
    wanted: Select[*tuple[Any, ...]], problem: Problem | None
) -> Select[*tuple[Any, ...]]:
    """Join what teams handed in to the evaluation that says how it stands."""
    joined = wanted.select_from(Submission).join(Evaluation, _stands())
    return joined.where(
        Submission.team_id.is_not(None),
        Submission.is_debug.is_(False),
        *_of(problem)(Submission.problem_id),
    )


def _with_scores(
    wanted: Select[*tuple[Any, ...]], ids: Sequence[int], keys: Sequence[str]
) -> Select[*tuple[Any, ...]]:
    """Join what counts to its numbers on board A."""
    return (
        wanted.select_from(Submission)
        .join(Evaluation, _stands())
        .join(Score, and_(Score.evaluation_id == Evaluation.id, Score.board == Board.A))
        .where(
            Submission.problem_id.in_(ids),
            Submission.is_debug.is_(False),
            Submission.retracted_at.is_(None),
            Evaluation.state == State.SCORED,
            Score.key.in_(keys),
        )
    )


def _stands() -> ColumnElement[bool]:
    return and_(
        Evaluation.submission_id == Submission.id,
        Evaluation.board == Submission.board,
        Evaluation.is_current.is_(True),
    )


def _of(problem: Problem | None) -> Any:  # noqa: ANN401 — clauses for a column
    """Return what narrows a column of problems to one; nothing where all are asked for."""
    return lambda column: [] if problem is None else [column == problem.id]


def _map(session: Session, wanted: Select[*tuple[Any, ...]]) -> dict[Any, int]:
    return {row[0]: row[1] for row in session.execute(wanted)}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, BEIJING)
