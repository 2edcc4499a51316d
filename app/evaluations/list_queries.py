"""Reads for lists of submissions: the column that ranks each one, and the staff's filter."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.evaluations.models import Evaluation, State
from app.problems.models import Problem, Revision
from app.submissions.models import Submission
from scoring import BoardColumn, Scoring


def map_primaries(session: Session, submissions: Sequence[Submission]) -> Mapping[int, BoardColumn]:
    """Return the column that ranks each submission, by submission id, in one query."""
    rows = session.execute(
        select(Revision.id, Revision.spec).where(
            Revision.id.in_({submission.revision_id for submission in submissions})
        )
    )
    columns = {revision: Scoring.model_validate(spec["scoring"]).primary for revision, spec in rows}
    return {submission.id: columns[submission.revision_id] for submission in submissions}


def in_state(state: State) -> ColumnElement[bool]:
    """Return the submissions whose evaluation in force, on their own board, is in a state."""
    return (
        select(Evaluation.id)
        .where(
            Evaluation.submission_id == Submission.id,
            Evaluation.board == Submission.board,
            Evaluation.is_current,
            Evaluation.state == state,
        )
        .exists()
    )


def list_titles(session: Session) -> Sequence[Problem]:
    """Return every problem, by slug, for a choice of one."""
    return session.scalars(select(Problem).order_by(Problem.slug)).all()
