"""Reads for the API's lists: every evaluation in force of many submissions at once."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.evaluations.models import Evaluation
from app.submissions.models import Submission


def map_in_force(
    session: Session, submissions: Iterable[Submission]
) -> Mapping[int, list[Evaluation]]:
    """Return the current evaluations of each submission on all boards, in two queries."""
    found: dict[int, list[Evaluation]] = {submission.id: [] for submission in submissions}
    for evaluation in session.scalars(
        select(Evaluation)
        .where(Evaluation.submission_id.in_(found), Evaluation.is_current)
        .order_by(Evaluation.id)
        .options(selectinload(Evaluation.scores), joinedload(Evaluation.told))
    ):
        found[evaluation.submission_id].append(evaluation)
    return found
