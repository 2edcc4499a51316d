"""Reads of leaderboards: pages of what `app.standings` keeps, with names and all columns.

Which submission of a team counts, and how ties go, is decided in `app.standings.counting` by the
organisers' rules; here nothing is computed but ranks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select, union_all
from sqlalchemy.orm import Session, aliased

from app.core.pagination import Page, PageRequest
from app.evaluations.models import Evaluation, Score, State, ToldScore
from app.evaluations.standings import (
    edition_for_all,
    is_fresh,
    map_scores,
    map_shown,
    rules_of,
)
from app.problems.board_rules import BoardRules, Refresh, VisibleTo
from app.problems.models import Board, Problem
from app.standings import queries as standings
from app.standings.models import Edition, Standing, TeamClass
from app.standings.queries import Ranked, Stretch
from app.standings.rules import Rules
from app.statistics.queries import Statistics, find_statistics
from app.submissions.models import Submission
from app.submissions.queries import is_baseline
from app.teams.errors import TeamNotFoundError
from app.teams.models import Team
from app.teams.queries import is_not_merged
from scoring import BoardColumn


@dataclass(frozen=True, slots=True)
class Row:
    """One team on a board. `last_at` is when it last submitted anything that was scored."""

    rank: int | None
    """Empty for an organisers' entry."""
    team_id: int
    team_name: str
    submission_id: int
    submitted_at: datetime
    scores: Mapping[str, float]
    entries: int
    last_at: datetime
    evaluation_id: int
    division: str = ""
    raw: Mapping[str, float] | None = None
    """For staff: what was found, where the board answers by the Ladder and `scores` is told."""


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """A baseline's scores: shown at its place, never ranked."""

    submission_id: int
    scores: Mapping[str, float]
    last_at: datetime


@dataclass(frozen=True, slots=True)
class View:
    """A board as somebody is shown it: by which rules, in which edition, of which division."""

    problem: Problem
    rules: Rules
    stretch: Stretch
    until: datetime | None
    """Up to when it takes scores in; empty where that is up to now."""
    version: int
    """Grows with every change of any board of the problem."""
    is_raw: bool = False
    """Whether what was found may be shown, where the board answers by the Ladder."""

    @property
    def board(self) -> Board:
        """Which board."""
        return self.stretch.board

    @property
    def shown(self) -> frozenset[str]:
        """The columns whose numbers may be shown."""
        return frozenset(column.key for column in self.columns)

    @property
    def columns(self) -> tuple[BoardColumn, ...]:
        """The columns that are shown."""
        return self.rules.columns(self.board)

    @property
    def rank_width(self) -> int | None:
        """How many bytes of a key have to be equal for a shared rank."""
        return self.rules.rank_width(self.board)

    @property
    def has_ladder(self) -> bool:
        """Whether the board answers by the Ladder."""
        return self.rules.board.has_ladder_on(self.board)

    @property
    def raw_columns(self) -> tuple[BoardColumn, ...]:
        """The columns of what was found, where that is shown beside what is told."""
        return self.rules.scoring.columns if self.has_ladder and self.is_raw else ()


def find_view(
    session: Session,
    problem: Problem,
    board: Board,
    *,
    now: datetime,
    division: str = "",
    live: bool = False,
) -> View | None:
    """Return a board as everybody is shown it; None where it has to be made anew first.

    With `live`, as it is now: for staff. A division the rules do not name is the whole board.
    """
    rules, states = rules_of(session, problem), standings.map_states(session, problem)
    state = states.get(board)
    if state is None or not is_fresh(state, rules, now):
        return None
    edition, until = Edition.LIVE, None
    if not live:
        edition = edition_for_all(state, rules, now)
        until = rules.shown_until(board, now)
    wanted = division if division in rules.board.divisions else ""
    return View(
        problem,
        rules,
        Stretch(problem.id, board, edition, wanted),
        until,
        sum(one.version for one in states.values()),
    )


def list_board(session: Session, view: View, request: PageRequest) -> Page[Row]:
    """Return one page of a board, ranked; six queries at most, whatever its length."""
    page = standings.list_ranked(session, view.stretch, request, view.rank_width)
    return Page(_complete(session, view, page.items), page.total, request)


def map_ranks_on_a(session: Session, view: View, rows: Sequence[Row]) -> dict[int, int]:
    """Return the ranks on A of a page's teams, by team id; three queries."""
    on_a = replace(view.stretch, board=Board.A, edition=Edition.LIVE)
    teams = [row.team_id for row in rows]
    return (
        standings.map_ranks(session, on_a, teams, view.rules.rank_width(Board.A)) if teams else {}
    )


def no_rows(request: PageRequest) -> Page[Row]:
    """Return the page of somebody who may see no row but the own one."""
    return Page([], 0, request)


def find_team_row(session: Session, view: View, team_id: int) -> Row | None:
    """Return a team's row, wherever it stands; None where it has none."""
    found = standings.find_ranked(session, view.stretch, team_id, view.rank_width)
    return None if found is None else _complete(session, view, [found])[0]


def find_live_row(session: Session, view: View, team_id: int) -> Row | None:
    """Return what a team has now, on a board that shows everybody what it was; without a rank."""
    live = view.stretch.of(Edition.LIVE)
    row = standings.find_row(session, live, team_id)
    if row is None:
        return None
    return _complete(session, view, [Ranked(None, row)])[0]


def list_pinned(session: Session, view: View) -> list[Row]:
    """Return the organisers' entries, best first, without ranks."""
    rows = standings.list_pinned(session, view.stretch)
    return _complete(session, view, [Ranked(None, row) for row in rows])


def list_baselines(
    session: Session, problem: Problem, rules: Rules, board: Board
) -> list[BaselineRow]:
    """Return the baseline of the revision in force."""
    primary = rules.scoring.primary
    shown = frozenset(column.key for column in rules.columns(board))
    rows = session.execute(
        select(Submission.id, Submission.created_at, Evaluation.id)
        .select_from(Submission)
        .join(Evaluation, _scored_on(board))
        .where(
            Submission.problem_id == problem.id,
            is_baseline(),
            Submission.retracted_at.is_(None),
        )
        .order_by(Submission.id.desc())
    ).all()
    scores = map_shown(session, rules, board, [evaluation for _, _, evaluation in rows])
    found = [
        BaselineRow(submission, _only(scores[evaluation], shown), at)
        for submission, at, evaluation in rows
        if primary.key in scores.get(evaluation, {})
    ]
    return found[:1]  # a revision submits its baseline anew: the last one stands for all


@dataclass(frozen=True, slots=True)
class ClassedTeam:
    """A team with how organisers class it."""

    id: int
    name: str
    division: str
    pinned: bool
    disqualified_at: datetime | None
    reason: str


def list_classed_teams(
    session: Session, problem: Problem, text: str, request: PageRequest
) -> Page[ClassedTeam]:
    """Return one page of a problem's teams by name; two queries."""
    wanted = [Team.problem_id == problem.id, is_not_merged()]
    if text:
        wanted.append(Team.name.icontains(text, autoescape=True))
    total = session.scalars(select(func.count(Team.id)).where(*wanted)).one()
    rows = session.execute(
        select(Team.id, Team.name, TeamClass)
        .outerjoin(TeamClass, TeamClass.team_id == Team.id)
        .where(*wanted)
        .order_by(Team.name)
        .offset(request.offset)
        .limit(request.per_page)
    )
    return Page([_classed(*row) for row in rows], total, request)


def _classed(team_id: int, name: str, found: TeamClass | None) -> ClassedTeam:
    if found is None:
        return ClassedTeam(team_id, name, "", pinned=False, disqualified_at=None, reason="")
    return ClassedTeam(
        team_id, name, found.division, found.pinned, found.disqualified_at, found.reason
    )


def get_team(session: Session, problem: Problem, team_id: int) -> Team:
    """Return a team of a problem.

    Raises:
        TeamNotFoundError: the problem has no such team.
    """
    team = session.get(Team, team_id)
    if team is None or team.problem_id != problem.id:
        raise TeamNotFoundError
    return team


def best_scores(
    session: Session, problems: Sequence[Problem], primaries: Mapping[int, BoardColumn]
) -> dict[int, float]:
    """Return the best primary score on A of each problem that has one, in one query.

    A board that is not everybody's, or shows an earlier state, keeps it to itself.
    """
    problems = [one for one in problems if _is_open(one.rules)]
    if not problems:
        return {}
    leader = (
        select(Standing.evaluation_id)
        .where(
            Standing.problem_id == Problem.id,
            Standing.board == Board.A,
            Standing.edition == Edition.LIVE,
            Standing.pinned.is_(False),
        )
        .order_by(Standing.place_key)
        .limit(1)
        .scalar_subquery()
    )
    told = {one.id for one in problems if one.rules.has_ladder_on(Board.A)}
    found = select(Problem.id, Score.key, Score.value).join(
        Score, and_(Score.evaluation_id == leader, Score.board == Board.A)
    )
    by_ladder = select(Problem.id, ToldScore.key, ToldScore.value).join(
        ToldScore, ToldScore.evaluation_id == leader
    )
    rows = session.execute(
        union_all(
            found.where(Problem.id.in_([one.id for one in problems if one.id not in told])),
            by_ladder.where(Problem.id.in_(told)),
        )
    )
    return {problem: value for problem, key, value in rows if key == primaries[problem].key}


def count_teams(session: Session, problem_ids: Sequence[int]) -> dict[int, int]:
    """Return how many teams each problem has."""
    rows = session.execute(
        select(Team.problem_id, func.count(Team.id))
        .where(Team.problem_id.in_(problem_ids), is_not_merged())
        .group_by(Team.problem_id)
    )
    return {row[0]: row[1] for row in rows}


def _is_open(rules: BoardRules) -> bool:
    at_once = rules.refresh is Refresh.LIVE and not rules.freeze_hours
    return at_once and rules.visible_to is VisibleTo.ALL


def _only(scores: Mapping[str, float], shown: frozenset[str]) -> dict[str, float]:
    return {key: value for key, value in scores.items() if key in shown}


def _scored_on(board: Board) -> ColumnElement[bool]:
    """Join a submission to the scored evaluation that has its scores on a board.

    With `rows` one evaluation, on A, holds both boards' scores; with `sets` each has its own.
    """
    any_score = aliased(Score)
    has = (
        select(any_score.evaluation_id)
        .where(any_score.evaluation_id == Evaluation.id, any_score.board == board)
        .exists()
    )
    return and_(
        Evaluation.submission_id == Submission.id,
        Evaluation.is_current,
        Evaluation.state == State.SCORED,
        Submission.is_debug.is_(False),
        has,
    )


def _complete(session: Session, view: View, ranked: Sequence[Ranked]) -> list[Row]:
    """Add names and all columns that are shown to ranked rows."""
    rows = [one.row for one in ranked]
    evaluations = [row.evaluation_id for row in rows]
    scores = map_shown(session, view.rules, view.board, evaluations)
    raw = map_scores(session, view.board, evaluations) if view.raw_columns else {}
    names = _names(session, [row.team_id for row in rows])
    shown = view.shown
    return [
        replace(
            _row(one, names, scores.get(one.row.evaluation_id, {}), shown),
            raw=raw.get(one.row.evaluation_id),
        )
        for one in ranked
    ]


def _row(
    one: Ranked, names: Mapping[int, str], scores: Mapping[str, float], shown: frozenset[str]
) -> Row:
    row = one.row
    return Row(
        rank=one.rank,
        team_id=row.team_id,
        team_name=names[row.team_id],
        submission_id=row.submission_id,
        submitted_at=row.submitted_at,
        scores=_only(scores, shown),
        entries=row.entries,
        last_at=row.last_at,
        evaluation_id=row.evaluation_id,
        division=row.division,
    )


def _names(session: Session, team_ids: Sequence[int]) -> dict[int, str]:
    if not team_ids:
        return {}
    rows = session.execute(select(Team.id, Team.name).where(Team.id.in_(team_ids)))
    return {row[0]: row[1] for row in rows}


def statistics_of(session: Session, view: View, rows: Sequence[Row]) -> Statistics:
    """Return what is known of rows; three queries.

    Groups follow from everybody's latest scores: where a board shows an earlier state, there are
    none to be told. All of it follows from what was found, so that a board that answers by the
    Ladder tells staff alone.
    """
    if view.has_ladder and not view.is_raw:
        return Statistics({}, 0, is_stale=False)
    evaluations = [row.evaluation_id for row in rows]
    found = find_statistics(session, view.problem.id, view.board, evaluations)
    if view.until is None:
        return found
    alone = {key: replace(one, group=None) for key, one in found.spreads.items()}
    return replace(found, spreads=alone, is_stale=False)
