"""Which entries are compared: what counts on a board now, of every team."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.evaluations.models import Evaluation
from app.problems.models import Problem
from app.similarity.reading import Entry
from app.standings.models import Edition, Standing
from app.submissions.models import Kind, Submission
from problems.spec import ProblemSpec

MOST_ENTRIES: Final = 2000
"""The best of each board; what lies below them wins nothing."""
_GIVEN: Final = 20


def list_counted_entries(session: Session, problem: Problem) -> list[Entry]:
    """Return what counts on the boards of a problem, the best of each first."""
    evaluations = session.scalars(
        select(Evaluation)
        .join(Standing, Standing.evaluation_id == Evaluation.id)
        .where(Standing.problem_id == problem.id, Standing.edition == Edition.LIVE)
        .order_by(Standing.place_key, Standing.board)
        .limit(MOST_ENTRIES)
        .options(joinedload(Evaluation.submission).joinedload(Submission.revision))
    ).all()
    found: dict[int, Entry] = {}
    specs: dict[int, ProblemSpec] = {}
    for one in evaluations:
        revision = one.submission.revision
        if revision.id not in specs:
            specs[revision.id] = ProblemSpec.model_validate(revision.spec)
        found.setdefault(one.submission_id, describe_entry(one, specs[revision.id]))
    return list(found.values())


def describe_entry(evaluation: Evaluation, spec: ProblemSpec) -> Entry:
    """Return what an evaluation's submission holds: its code, and the answer that was scored."""
    submission = evaluation.submission
    is_code = submission.kind is Kind.CODE
    return Entry(
        submission.id,
        submission.team_id or 0,
        submission.blob if is_code else None,
        evaluation.answer_blob if is_code else submission.blob,
        spec,
    )


def list_given_code(session: Session, problem: Problem) -> list[str]:
    """Return the blobs of the baselines' code, which every team may have begun with."""
    return list(
        session.scalars(
            select(Submission.blob)
            .where(
                Submission.problem_id == problem.id,
                Submission.is_baseline,
                Submission.kind == Kind.CODE,
            )
            .order_by(Submission.id.desc())
            .limit(_GIVEN)
        )
    )
