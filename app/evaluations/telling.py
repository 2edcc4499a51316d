"""Tells a team how its submission ended. Nothing of board B is ever told here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app.core.i18n import Locale
from app.evaluations.models import Evaluation, Score, State
from app.notifications.models import Topic
from app.notifications.operations import Fact
from app.problems.models import Board
from app.submissions.models import Submission
from app.teams.telling import tell_team
from problems.spec import ProblemSpec

_ENDS: Final = {State.SCORED: Topic.SCORED, State.FAILED: Topic.FAILED}


def tell_end(session: Session, evaluation: Evaluation, *, now: datetime) -> None:
    """Tell the team once that an evaluation has ended; nothing of try runs, baselines, shadows.

    What runs on B after a submission was made for A is not told: a team may learn nothing of it.
    """
    submission = session.get_one(Submission, evaluation.submission_id)
    topic = _ENDS.get(evaluation.state)
    if topic is None or submission.team_id is None or submission.is_debug or evaluation.is_shadow:
        return
    if evaluation.board is not submission.board:
        return
    facts: dict[str, Fact] = {
        "submission": f"#{submission.id}",
        "problem": submission.problem.title,
    }
    if topic is Topic.FAILED:
        facts["reason"] = _reason(evaluation)
    else:
        facts |= _score(session, evaluation, submission)
    key = f"result:{evaluation.id}"
    path = f"/submissions/{submission.id}"
    tell_team(session, submission.team_id, topic, facts, path, now=now, key=key)


def _reason(evaluation: Evaluation) -> Fact:
    """Return the first of the messages that the team reads, in every language it is in."""
    first: Mapping[str, object] = next(iter(evaluation.messages), {})
    texts = {locale.value: str(first[locale]) for locale in Locale if locale in first}
    verdict = "" if evaluation.verdict is None else evaluation.verdict.value.replace("_", " ")
    return texts or verdict


def _score(session: Session, evaluation: Evaluation, submission: Submission) -> Mapping[str, Fact]:
    """Return the first column's score on A; what is scored for B alone has none to tell."""
    if submission.problem.rules.has_ladder_on(Board.A):
        return {"says": "plain"}  # what the Ladder tells of it stands on the page
    primary = ProblemSpec.model_validate(submission.revision.spec).scoring.primary
    score = session.get(Score, (evaluation.id, Board.A, primary.key))
    if score is None:
        return {"says": "plain"}
    return {"score": f"{score.value:.{primary.decimals}f}"}
