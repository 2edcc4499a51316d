"""Tables to take away: their headings, and their rows read piece by piece."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.i18n import N_
from app.core.tables import Cell, beijing_cell
from app.evaluations.models import Evaluation, Score
from app.insights import queries
from app.problems.models import Problem
from app.standings.models import TeamClass
from app.submissions.models import Submission
from app.teams.models import Membership, Team

_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What a table is to be about: one problem or all, and a range of Beijing days."""

    problem: Problem | None
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what it is called, its headings, its rows."""

    title: str
    headings: tuple[str, ...]
    rows: Callable[[Session, Asked], Iterator[Sequence[Cell]]]


def _teams(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    members = (
        select(func.count(Membership.id)).where(Membership.team_id == Team.id).scalar_subquery()
    )
    wanted = (
        select(
            Problem.slug,
            Team.id,
            Team.name,
            TeamClass.division,
            TeamClass.pinned,
            TeamClass.disqualified_at,
            TeamClass.reason,
            User.name,
            User.email,
            members,
            Team.created_at,
        )
        .join(Problem, Problem.id == Team.problem_id)
        .join(User, User.id == Team.captain_id)
        .outerjoin(TeamClass, TeamClass.team_id == Team.id)
        .where(*_of(asked, Team.problem_id))
        .order_by(Team.id)
    )
    for slug, number, name, division, pinned, out_at, reason, *captain, size, made in _read(
        session, wanted
    ):
        classed = [division or "", int(bool(pinned)), beijing_cell(out_at), reason or ""]
        yield [slug, number, name, *classed, *captain, size, beijing_cell(made)]


def _people(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    del asked  # an account belongs to no problem
    teams = select(func.count(Membership.id)).where(Membership.user_id == User.id)
    wanted = select(
        User.id,
        User.name,
        User.email,
        User.role,
        User.locale,
        User.created_at,
        User.disabled_at,
        teams.scalar_subquery(),
    ).order_by(User.id)
    for number, name, email, role, locale, made, disabled, count in _read(session, wanted):
        when = [beijing_cell(made), beijing_cell(disabled)]
        yield [number, name, email, role.value, locale or "", *when, count]


def _submissions(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    wanted = (
        select(Submission, Problem.slug, Team.name, User.name, Evaluation)
        .join(Problem, Problem.id == Submission.problem_id)
        .outerjoin(Team, Team.id == Submission.team_id)
        .outerjoin(User, User.id == Submission.user_id)
        .outerjoin(
            Evaluation,
            and_(
                Evaluation.submission_id == Submission.id,
                Evaluation.board == Submission.board,
                Evaluation.is_current.is_(True),
            ),
        )
        .where(Submission.is_debug.is_(False), *_of(asked, Submission.problem_id))
        .order_by(Submission.id)
    )
    for one, slug, team, person, found in _read(session, wanted):
        file = [one.kind.value, one.board.value, one.filename, one.size, one.note]
        when = [beijing_cell(one.created_at), beijing_cell(one.retracted_at)]
        yield [one.id, slug, team, person, *file, *when, *_outcome(found)]


def _outcome(found: Evaluation | None) -> list[Cell]:
    if found is None:
        return [None] * 7
    verdict = None if found.verdict is None else found.verdict.value
    times = [beijing_cell(found.started_at), beijing_cell(found.finished_at)]
    return [found.state.value, verdict, *times, found.wall_s, found.cpu_s, found.peak_memory_bytes]


def _scores(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    wanted = (
        select(
            Submission.id,
            Problem.slug,
            Team.name,
            Score.board,
            Score.key,
            Score.value,
            Evaluation.number,
            Evaluation.is_current,
            Evaluation.finished_at,
        )
        .join(Evaluation, Evaluation.id == Score.evaluation_id)
        .join(Submission, Submission.id == Evaluation.submission_id)
        .join(Problem, Problem.id == Submission.problem_id)
        .outerjoin(Team, Team.id == Submission.team_id)
        .where(Evaluation.is_shadow.is_(False), *_of(asked, Submission.problem_id))
        .order_by(Score.evaluation_id, Score.board, Score.key)
    )
    for *plain, board, key, value, number, current, at in _read(session, wanted):
        yield [*plain, board.value, key, value, number, int(current), beijing_cell(at)]


def _daily(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    for one in queries.list_daily(session, asked.problem, asked.since, asked.until):
        yield [one.day.isoformat(), one.total, one.scored, one.failed, one.other]


def _verdicts(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    for verdict, count in queries.list_verdicts(session, asked.problem, asked.since):
        yield [verdict.value, count]


def _funnel(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    found = queries.get_funnel(session, asked.problem)
    for name in ("visits", "people", "accepted", "joined", "submitted", "scored"):
        yield [name, getattr(found, name)]


def _problems(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    for one in queries.list_problem_lines(session):
        if asked.problem is None or asked.problem.id == one.problem.id:
            numbers = [one.visits, one.teams, one.submissions, one.scored, one.failed]
            ends = [one.column.key, one.baseline, one.best]
            yield [one.problem.slug, one.problem.area.value, *numbers, *ends]


def _progress(session: Session, asked: Asked) -> Iterator[Sequence[Cell]]:
    if asked.problem is None:
        return
    column = queries.map_columns(session, [asked.problem])[asked.problem.id]
    for one in queries.list_progress(session, asked.problem, column, asked.until):
        yield [one.day.isoformat(), one.best, one.of_day]


def _read(session: Session, wanted: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    yield from session.execute(wanted.execution_options(yield_per=_AT_ONCE))


def _of(asked: Asked, column: Any) -> list[Any]:  # noqa: ANN401 — a column
    return [] if asked.problem is None else [column == asked.problem.id]


_PROBLEM: Final = N_("Problem")
_TEAM: Final = N_("Team")

RECORDS: Final[Mapping[str, Table]] = {
    "teams": Table(
        N_("Teams"),
        (
            _PROBLEM,
            N_("Number of the team"),
            _TEAM,
            N_("Division"),
            N_("Beside the board"),
            N_("Disqualified (Beijing time)"),
            N_("Reason"),
            N_("Captain"),
            N_("Captain’s e-mail"),
            N_("Members"),
            N_("Founded (Beijing time)"),
        ),
        _teams,
    ),
    "people": Table(
        N_("People"),
        (
            N_("Number of the account"),
            N_("Name"),
            N_("E-mail"),
            N_("Role"),
            N_("Language"),
            N_("Signed up (Beijing time)"),
            N_("Disabled (Beijing time)"),
            N_("Teams"),
        ),
        _people,
    ),
    "submissions": Table(
        N_("Submissions"),
        (
            N_("Submission"),
            _PROBLEM,
            _TEAM,
            N_("Handed in by"),
            N_("Kind"),
            N_("Board"),
            N_("File"),
            N_("Bytes"),
            N_("Note"),
            N_("Handed in (Beijing time)"),
            N_("Retracted (Beijing time)"),
            N_("State"),
            N_("Verdict"),
            N_("Started (Beijing time)"),
            N_("Finished (Beijing time)"),
            N_("Run, seconds"),
            N_("Processor, seconds"),
            N_("Peak memory, bytes"),
        ),
        _submissions,
    ),
    "scores": Table(
        N_("Scores"),
        (
            N_("Submission"),
            _PROBLEM,
            _TEAM,
            N_("Board"),
            N_("Column"),
            N_("Score"),
            N_("Evaluation"),
            N_("In force"),
            N_("Finished (Beijing time)"),
        ),
        _scores,
    ),
}
"""What happened, row by row: for organisers."""

STATISTICS: Final[Mapping[str, Table]] = {
    "daily": Table(
        N_("Submissions per day"),
        (N_("Day (Beijing)"), N_("Submissions"), N_("Scored"), N_("Failed"), N_("Others")),
        _daily,
    ),
    "verdicts": Table(
        N_("Reasons of failure"), (N_("Reason of failure"), N_("Submissions")), _verdicts
    ),
    "funnel": Table(N_("From visit to score"), (N_("Step"), N_("Number")), _funnel),
    "problems": Table(
        N_("By problem"),
        (
            _PROBLEM,
            N_("Area"),
            N_("Page views"),
            N_("Teams"),
            N_("Submissions"),
            N_("Scored"),
            N_("Failed"),
            N_("Column"),
            N_("Baseline"),
            N_("Best score"),
        ),
        _problems,
    ),
    "progress": Table(
        N_("Best score over time"),
        (N_("Day (Beijing)"), N_("Best score so far"), N_("Best of the day")),
        _progress,
    ),
}
"""Numbers about everybody together: for all of the staff."""
