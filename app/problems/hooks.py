"""What later features contribute to problems, given by the composition root.

Problems may not import submissions or leaderboards; the application hands their functions over
with `attach_hooks`. Without them pages leave the columns out and publishing submits no baseline.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from flask import Flask, current_app  # noqa: TID251 — the hooks belong to the application
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.blobs import Blob
from app.core.platform import Platform
from app.problems.models import Problem, Publication, Revision
from problems.spec import Resources

_KEY: Final = "baijing-problem-hooks"


@dataclass(frozen=True, slots=True)
class Quota:
    """What a person's team may still submit today."""

    limit: int
    used: int
    resets_at: datetime

    @property
    def left(self) -> int:
        """How many submissions are left."""
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the hall shows of a problem's competition: teams, and the best score on board A."""

    teams: int
    best: float | None


SubmitBaseline = Callable[[Session, Platform, Revision, Blob], None]
"""Submits a zip of the pack's baseline in the transaction that publishes the revision."""
QuotaOf = Callable[[Session, Problem, User, datetime], Quota]
"""Returns what is left to a person at an instant; a person without a team has used nothing."""
StandingsOf = Callable[[Session, Sequence[Problem]], Mapping[int, Standing]]
"""Returns standings by problem id, for a page of problems at once."""

StageRescore = Callable[[Session, Revision, Publication, datetime], None]
"""Begins a re-score by a staged revision, in the transaction that stages it."""

RequirePool = Callable[[Session, Resources, datetime], None]
"""Raises an `AppError` that says what is lacking where no pool of workers has what runs need."""


NoteChange = Callable[[Session, Problem], None]
"""Hears that something which boards show has changed, as a team's name."""


TellRevealed = Callable[[Session, Problem, datetime], None]
"""Tells the teams of a problem that board B is shown."""

ListCompetitors = Callable[[Session, Problem], Sequence[int]]
"""Returns the ids of everybody who is in a team of a problem."""


def _tell_nobody(session: Session, problem: Problem, now: datetime) -> None:
    del session, problem, now


def _nobody(session: Session, problem: Problem) -> Sequence[int]:
    del session, problem
    return ()


def _no_note(session: Session, problem: Problem) -> None:
    del session, problem


def _no_baseline(session: Session, platform: Platform, revision: Revision, blob: Blob) -> None:
    del session, platform, revision, blob


def _no_standings(session: Session, problems: Sequence[Problem]) -> Mapping[int, Standing]:
    del session, problems
    return {}


def no_rescore(
    session: Session, revision: Revision, publication: Publication, now: datetime
) -> None:
    """Stage a revision and do no more."""
    del session, revision, publication, now


def _any_pool(session: Session, resources: Resources, now: datetime) -> None:
    del session, resources, now


OverallBoards = Callable[[Session], Sequence[tuple[str, Mapping[str, str]]]]
"""Returns address and title, by language, of the boards over several problems."""


def _no_overall(session: Session) -> Sequence[tuple[str, Mapping[str, str]]]:
    del session
    return ()


TeamCount = Callable[[], ColumnElement[int]]
"""Returns the number of a problem's teams as an expression, to order a query of problems by."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """The contributions."""

    submit_baseline: SubmitBaseline = field(default=_no_baseline)
    quota_of: QuotaOf | None = None
    standings_of: StandingsOf = field(default=_no_standings)
    require_pool: RequirePool = field(default=_any_pool)
    note_change: NoteChange = field(default=_no_note)
    team_count: TeamCount | None = None
    stage_rescore: StageRescore = field(default=no_rescore)
    overall_boards: OverallBoards = field(default=_no_overall)
    tell_revealed: TellRevealed = field(default=_tell_nobody)
    list_competitors: ListCompetitors = field(default=_nobody)


def attach_hooks(app: Flask, hooks: Hooks) -> None:
    """Give an application the contributions of later features."""
    app.extensions[_KEY] = hooks


def problem_hooks() -> Hooks:
    """Return the contributions to the current application."""
    hooks = current_app.extensions.get(_KEY, Hooks())
    assert isinstance(hooks, Hooks)  # noqa: S101 — tells the type checker what attach_hooks put there
    return hooks
