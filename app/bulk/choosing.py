"""Which submissions are meant: the filter, as clauses and as what is kept with an act."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, and_, select

from app.bulk.models import BulkKind
from app.core.clock import BEIJING
from app.evaluations.models import Evaluation, State, Verdict
from app.problems.models import Board, Problem
from app.submissions.models import Kind, Submission
from app.teams.models import Team


@dataclass(frozen=True, slots=True)
class Choice:
    """Submissions of one problem; what is None does not narrow. Days are Beijing's, inclusive."""

    state: State | None = None
    verdict: Verdict | None = None
    board: Board | None = None
    """Of the evaluation that is asked about; without one, the submission's own."""
    kind: Kind | None = None
    team: str = ""
    since: date | None = None
    until: date | None = None
    baselines: bool = False
    """Whether the organisers' own entries are among them."""

    def told(self) -> dict[str, str]:
        """Return it by name, for people and the audit log; what does not narrow is left out."""
        return {name: str(value) for name, value in asdict(self).items() if value}

    def conditions(self, problem: Problem) -> list[ColumnElement[bool]]:
        """Return the clauses over `Submission`. Try runs and what is retracted are never meant."""
        wanted: list[ColumnElement[bool]] = [
            Submission.problem_id == problem.id,
            Submission.is_debug.is_(False),
            Submission.retracted_at.is_(None),
            self._evaluated(),
        ]
        if self.kind is not None:
            wanted.append(Submission.kind == self.kind)
        if self.team:
            named = Team.name.icontains(self.team, autoescape=True)
            teams = select(Team.id).where(Team.problem_id == problem.id, named)
            wanted.append(Submission.team_id.in_(teams))
        elif not self.baselines:
            wanted.append(Submission.is_baseline.is_(False))
        if self.since is not None:
            wanted.append(Submission.created_at >= _midnight(self.since))
        if self.until is not None:
            wanted.append(Submission.created_at < _midnight(self.until) + timedelta(days=1))
        return wanted

    def _evaluated(self) -> ColumnElement[bool]:
        wanted: list[ColumnElement[bool]] = [
            Evaluation.submission_id == Submission.id,
            Evaluation.is_current.is_(True),
            Evaluation.board == (Submission.board if self.board is None else self.board),
        ]
        if self.state is not None:
            wanted.append(Evaluation.state == self.state)
        if self.verdict is not None:
            wanted.append(Evaluation.verdict == self.verdict)
        return select(Evaluation.id).where(and_(*wanted)).exists()


def chosen(problem: Problem, choice: Choice, kind: BulkKind | None = None) -> Select[int]:
    """Return the ids of the submissions that an act of a kind would be done to.

    A baseline is on no board as a team is, so it is never retracted.
    """
    wanted = choice.conditions(problem)
    if kind is BulkKind.RETRACT:
        wanted.append(Submission.is_baseline.is_(False))
    return select(Submission.id).where(*wanted)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, BEIJING)
