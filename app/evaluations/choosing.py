"""A team chooses which of its submissions count in the end. Callers own the transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.core.db import hold
from app.core.errors import ConflictError
from app.core.i18n import N_
from app.evaluations.models import Evaluation, State
from app.evaluations.queries import get_current
from app.evaluations.standings import refresh_team
from app.problems.models import Board, Problem, StageState
from app.standings.models import FinalChoice
from app.standings.queries import list_choices
from app.submissions.models import Submission
from app.teams.models import Team


class ChoiceClosedError(ConflictError):
    """Nothing is chosen in this problem, or the time for it is over."""

    code = "choice_closed"
    message = N_("In this problem nothing can be chosen now.")


class NotChoosableError(ConflictError):
    """It has no score on A, was retracted, or is a try run."""

    code = "not_choosable"
    message = N_("Only a scored submission for board A can be chosen.")


class TooManyChoicesError(ConflictError):
    """The team has chosen as many as the rules allow."""

    code = "too_many_choices"
    message = N_("Your team has chosen %(limit)s already; take one back first.")


def is_choice_open(problem: Problem, now: datetime) -> bool:
    """Tell whether teams may choose: where rules allow it, until A closes or B is revealed."""
    stage = problem.stage(Board.A)
    if stage is None or problem.b_revealed_at is not None or not problem.rules.most_choices:
        return False
    return stage.state(now) is not StageState.CLOSED


@dataclass(frozen=True, slots=True)
class Choice:
    """What a submission's page says of the choice."""

    is_chosen: bool
    may_change: bool
    count: int
    """How many the team has chosen."""


def find_choice(
    session: Session, submission: Submission, evaluation: Evaluation, now: datetime
) -> Choice:
    """Return whether a submission is chosen and whether its team may change that now."""
    chosen = [] if submission.team_id is None else list_choices(session, submission.team_id)
    fits = submission.board is Board.A and evaluation.state is State.SCORED
    counts = not submission.is_debug and submission.retracted_at is None
    may_change = fits and counts and is_choice_open(submission.problem, now)
    return Choice(submission.id in chosen, may_change, len(chosen))


def choose(session: Session, submission: Submission, *, now: datetime) -> None:
    """Have a submission count; one that is chosen already stays so.

    Raises:
        ChoiceClosedError, NotChoosableError, TooManyChoicesError: see there.
    """
    problem = submission.problem
    if not is_choice_open(problem, now):
        raise ChoiceClosedError
    team = session.get(Team, submission.team_id)
    current = get_current(session, submission)
    if team is None or not find_choice(session, submission, current, now).may_change:
        raise NotChoosableError
    hold(session, team)  # of two team mates at once the second counts the first
    chosen = list_choices(session, team.id)
    if submission.id in chosen:
        return
    if len(chosen) >= problem.rules.most_choices:
        raise TooManyChoicesError(limit=problem.rules.most_choices)
    session.add(FinalChoice(submission_id=submission.id, team_id=team.id, chosen_at=now))
    session.flush()
    refresh_team(session, problem, team.id, now=now)


def take_back(session: Session, submission: Submission, *, now: datetime) -> None:
    """Undo a choice; one that was not made is no error.

    Raises:
        ChoiceClosedError: the time for it is over.
    """
    if not is_choice_open(submission.problem, now):
        raise ChoiceClosedError
    session.execute(delete(FinalChoice).where(FinalChoice.submission_id == submission.id))
    refresh_team(session, submission.problem, submission.team_id, now=now)
