from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.evaluations.models import FINISHED, Evaluation, Score, State, Verdict
from app.evaluations.standings import refresh_submission
from app.problems.models import Board, Problem, Revision
from app.submissions.models import Kind, Submission
from app.teams.models import Team
from tests.factories.accounts import CREATED
from tests.factories.problems import ZEROS
from tests.factories.teams import make_team


def make_submission(
    session: Session,
    *,
    problem: Problem,
    team: Team | None = None,
    baseline: bool = False,
    kind: Kind = Kind.PREDICTIONS,
    at: datetime = CREATED,
    scores: dict[str, dict[str, float]] | None = None,
    state: State | None = None,
    verdict: Verdict | None = None,
    **changes: object,
) -> Submission:
    """A submission with its one evaluation: scored when `scores` are given, else queued."""
    if not baseline and team is None:
        team = make_team(session, problem=problem)
    revision = session.scalars(
        select(Revision).where(
            Revision.problem_id == problem.id, Revision.number == problem.revision_number
        )
    ).one()
    plain: dict[str, Any] = {
        "problem": problem,
        "revision": revision,
        "team": None if baseline else team,
        "user": None if team is None else team.captain,
        "kind": kind,
        "is_baseline": baseline,
        "blob": ZEROS,
        "filename": "predictions.csv",
        "size": 10,
        "created_at": at,
    }
    submission = Submission(**(plain | changes))
    session.add(submission)
    session.flush()
    make_evaluation(session, submission=submission, scores=scores, state=state, verdict=verdict)
    return submission


def make_evaluation(
    session: Session,
    *,
    submission: Submission,
    scores: dict[str, dict[str, float]] | None = None,
    state: State | None = None,
    verdict: Verdict | None = None,
    number: int = 1,
    board: Board | None = None,
) -> Evaluation:
    state = state or (State.SCORED if scores else State.QUEUED)
    evaluation = Evaluation(
        submission=submission,
        board=board or submission.board,
        number=number,
        pool="cpu",
        state=state,
        verdict=verdict,
        messages=[],
        lease_expires_at=submission.created_at if state in {State.RUNNING, State.SCORING} else None,
        queued_at=submission.created_at,
        finished_at=submission.created_at if state in FINISHED else None,
        scores=[
            Score(board=Board(board), key=key, value=value)
            for board, columns in (scores or {}).items()
            for key, value in columns.items()
        ],
    )
    session.add(evaluation)
    session.flush()
    if scores:
        refresh_submission(session, submission, now=submission.created_at)
    return evaluation
