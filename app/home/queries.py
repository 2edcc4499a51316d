"""Reads of the home page: what each window shows, and the platform in a few numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor, isfinite
from typing import Any, Final

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, selectinload

from app.evaluations.models import Evaluation, Score, State, ToldScore
from app.leaderboards.queries import best_scores, count_teams
from app.problems.models import Board, Problem, Revision, StageState
from app.problems.policy import readable_problems
from app.submissions.models import Submission
from app.teams.models import Membership, Team
from app.teams.queries import is_not_merged
from scoring import METRICS, BoardColumn, Direction, Scoring

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
BASELINE_HEIGHT: Final = 0.2
"""Where a window's baseline lies: the way up to the perfect score is the rest."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Window:
    """One published problem on the wall."""

    slug: str
    area: str
    code: str
    """The scenario's number, as `BJ-001`; empty where the pack names none."""
    title: Mapping[str, str]
    owner: Mapping[str, str] | None
    column: BoardColumn
    teams: int
    best: float | None
    """The best primary score of a team on board A."""
    baseline: float | None
    moved: bool
    """Whether a team was scored today."""
    is_open: bool
    closes_at: datetime | None
    """When the stage that is open closes, where that is set."""

    @property
    def height(self) -> float:
        """How far the window is filled, 0 to 1."""
        return fill_height(self.column, self.baseline, self.best)

    @property
    def covered(self) -> int | None:
        """How many hundredths of the way from the baseline to perfect are behind the best score.

        None where there is no score, no baseline, or nobody can say what is perfect.
        """
        ideal = ideal_score(self.column)
        if self.best is None or self.baseline is None or ideal in {None, self.baseline}:
            return None
        return floor(100 * (self.height - BASELINE_HEIGHT) / (1 - BASELINE_HEIGHT) + _ROUNDING)


@dataclass(frozen=True, slots=True)
class Facts:
    """The platform in numbers."""

    teams: int
    people: int
    submissions: int
    scored_today: int


@dataclass(frozen=True, slots=True)
class _Numbers:
    """What the windows show, by problem id."""

    primaries: Mapping[int, BoardColumn]
    best: Mapping[int, float]
    baselines: Mapping[int, float]
    teams: Mapping[int, int]
    moved: frozenset[int]


def list_windows(session: Session, *, now: datetime, today: datetime) -> list[Window]:
    """Return every published problem, by scenario number; six queries whatever their number."""
    rows = session.execute(
        select(Problem, Revision.spec["scoring"], Revision.spec["scenario"])
        .join(
            Revision,
            and_(Revision.problem_id == Problem.id, Revision.number == Problem.revision_number),
        )
        .where(readable_problems(None))
        .options(selectinload(Problem.stages))
    ).all()
    problems = [problem for problem, _, _ in rows]
    primaries = {
        problem.id: Scoring.model_validate(scoring).primary for problem, scoring, _ in rows
    }
    numbers = _Numbers(
        primaries=primaries,
        best=best_scores(session, problems, primaries),
        baselines=baseline_scores(session, problems, primaries),
        teams=count_teams(session, [problem.id for problem in problems]),
        moved=_moved_since(session, today),
    )
    windows = [_window(problem, scenario or {}, numbers, now) for problem, _, scenario in rows]
    return sorted(windows, key=lambda window: (window.code or "~", window.slug))


def fill_height(column: BoardColumn, baseline: float | None, best: float | None) -> float:
    """Return how high a window is filled: `BASELINE_HEIGHT` at the baseline, 1 at perfection.

    Where nobody can say what is perfect, the share of the score that is better than the baseline
    takes the place of the way covered.
    """
    if baseline is None or best is None:
        return 0.0 if baseline is None and best is None else BASELINE_HEIGHT
    sign = 1 if column.direction is Direction.MAX else -1
    gain = sign * (best - baseline)
    if gain <= 0:
        return BASELINE_HEIGHT
    ideal = ideal_score(column)
    if ideal is not None and ideal != baseline:
        covered = gain / abs(ideal - baseline)
    else:
        larger = max(abs(best), abs(baseline))
        covered = gain / larger if larger else 0.0
    return BASELINE_HEIGHT + (1 - BASELINE_HEIGHT) * min(1.0, covered)


def ideal_score(column: BoardColumn) -> float | None:
    """Return what a perfect answer scores, or None where the metric does not say."""
    metric = METRICS.get(column.metric or "")
    if metric is None or not metric.reaches_best:
        return None
    ideal = metric.high if column.direction is Direction.MAX else metric.low
    return ideal if isfinite(ideal) else None


def baseline_scores(
    session: Session, problems: Sequence[Problem], primaries: Mapping[int, BoardColumn]
) -> dict[int, float]:
    """Return the primary score on A of each problem's latest baseline, in two queries.

    Of a board that answers by the Ladder it is what that tells.
    """
    # nobody's: together with the problem a prefix of an index, which `is_baseline` is not
    rows = session.execute(
        select(Submission.id, Submission.problem_id).where(
            Submission.problem_id.in_(primaries),
            Submission.team_id.is_(None),
            Submission.is_baseline,
            Submission.retracted_at.is_(None),
        )
    )
    problem_of = {submission: int(problem) for submission, problem in rows}
    if not problem_of:
        return {}
    by_ladder = {one.id for one in problems if one.rules.has_ladder_on(Board.A)}
    is_told = Evaluation.submission_id.in_(
        [submission for submission, problem in problem_of.items() if problem in by_ladder]
    )
    scores = session.execute(
        select(
            Evaluation.submission_id, Score.key, case((is_told, ToldScore.value), else_=Score.value)
        )
        .join(Score, and_(Score.evaluation_id == Evaluation.id, Score.board == Board.A))
        .outerjoin(ToldScore, ToldScore.evaluation_id == Evaluation.id)
        .where(
            Evaluation.submission_id.in_(problem_of),
            Evaluation.is_current,
            Evaluation.state == State.SCORED,
        )
        .order_by(Evaluation.submission_id)
    )
    found = ((problem_of[submission], key, value) for submission, key, value in scores)
    return {
        problem: float(value)
        for problem, key, value in found
        if value is not None and key == primaries[problem].key
    }


def get_facts(session: Session, *, today: datetime) -> Facts:
    """Count teams, people in them, their submissions, and what was scored since `today` began."""
    by_teams = and_(Submission.team_id.is_not(None), Submission.is_debug.is_(False))
    row = session.execute(
        select(
            select(func.count(Team.id)).where(is_not_merged()).scalar_subquery(),
            select(func.count(Membership.user_id.distinct())).scalar_subquery(),
            select(func.count(Submission.id)).where(by_teams).scalar_subquery(),
            select(func.count(Evaluation.id))
            .join(Submission, Evaluation.submission_id == Submission.id)
            .where(Submission.is_debug.is_(False), Evaluation.is_shadow.is_(False))
            .where(Evaluation.state == State.SCORED, Evaluation.finished_at >= today)
            .scalar_subquery(),
        )
    ).one()
    return Facts(*row)


def _moved_since(session: Session, today: datetime) -> frozenset[int]:
    return frozenset(
        session.scalars(
            select(Submission.problem_id)
            .distinct()
            .join(Evaluation, Evaluation.submission_id == Submission.id)
            .where(
                Evaluation.state == State.SCORED,
                Evaluation.finished_at >= today,
                Evaluation.is_shadow.is_(False),
                Submission.team_id.is_not(None),
                Submission.is_debug.is_(False),
            )
        )
    )


def _window(
    problem: Problem, scenario: Mapping[str, Any], numbers: "_Numbers", now: datetime
) -> Window:
    running = [stage for stage in problem.stages if stage.state(now) is StageState.OPEN]
    closing = [stage.closes_at for stage in running if stage.closes_at is not None]
    return Window(
        slug=problem.slug,
        area=problem.area.value,
        code=scenario.get("code", ""),
        title=problem.title,
        owner=scenario.get("owner"),
        is_open=bool(running),
        closes_at=min(closing, default=None),
        column=numbers.primaries[problem.id],
        teams=numbers.teams.get(problem.id, 0),
        best=numbers.best.get(problem.id),
        baseline=numbers.baselines.get(problem.id),
        moved=problem.id in numbers.moved,
    )


def split_open(windows: Sequence[Window]) -> list[Window]:
    """Return the problems that take submissions now, the soonest to close first."""
    running = [window for window in windows if window.is_open]
    return sorted(running, key=lambda window: (window.closes_at or _NEVER, window.code))
