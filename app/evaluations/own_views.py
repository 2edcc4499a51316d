"""What a team does with its own submissions: writes a note to one, holds two side by side."""

from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.accounts.identity import get_actor
from app.accounts.models import User
from app.core.current import platform
from app.core.errors import ForbiddenError
from app.core.web import Access, access, read_id
from app.evaluations import queries
from app.evaluations.comparing import gap
from app.evaluations.models import Evaluation
from app.evaluations.page_models import Use, list_uses
from app.problems.models import Board
from app.submissions.models import Submission
from app.submissions.operations import NOTE_LENGTH, change_note
from app.submissions.policy import (
    can_annotate_submission,
    can_read_board,
    can_read_column,
    can_read_raw,
)
from app.submissions.queries import get_submission, list_team_ids
from problems.spec import ProblemSpec

blueprint = Blueprint(
    "own_submissions", __name__, template_folder="templates", url_prefix="/submissions"
)


@dataclass(frozen=True, slots=True)
class Side:
    """One of two submissions side by side."""

    submission: Submission
    evaluation: Evaluation
    scores: dict[str, dict[str, float]]
    uses: list[Use]


@blueprint.get("/compare")
@access(Access.MEMBER)
def compare() -> ResponseReturnValue:
    """Show two submissions of one problem side by side: `?id=7&id=9`."""
    actor = get_actor()
    asked = (read_id(text) for text in request.args.getlist("id"))
    numbers = list(dict.fromkeys(one for one in asked if one is not None))
    if len(numbers) != 2:  # noqa: PLR2004 — a pair
        return _choose_two(_("Please choose two submissions."))
    with platform().database.reading() as session:
        sides = [_side(session, number, actor) for number in numbers]
    first, second = (side.submission for side in sides)
    if first.problem_id != second.problem_id:
        return _choose_two(_("Two submissions of one problem can be compared."))
    spec = ProblemSpec.model_validate(second.revision.spec)
    is_raw = can_read_raw(actor, first.problem, Board.A)
    known = {key for side in sides for found in side.scores.values() for key in found}
    return render_template(
        "submissions/compare.html",
        problem=first.problem,
        sides=sides,
        boards=sorted(set(sides[0].scores) | set(sides[1].scores)),
        columns=[
            one
            for one in spec.scoring.columns
            if can_read_column(actor, first.problem, one.key) and (is_raw or one.key in known)
        ],
        gap=gap,
    )


@blueprint.post("/<int:submission_id>/note")
@access(Access.MEMBER)
def note(submission_id: int) -> ResponseReturnValue:
    """Write one's team's note to a submission anew."""
    actor, port = get_actor(), platform()
    with port.database.transaction() as session:
        submission = get_submission(session, submission_id, actor=actor)
        if not can_annotate_submission(actor, submission, list_team_ids(session, actor)):
            raise ForbiddenError
        change_note(session, submission, request.form.get("note", "")[:NOTE_LENGTH])
    flash(_("The note is saved."), "success")
    return redirect(url_for("submissions.show", submission_id=submission_id), HTTPStatus.SEE_OTHER)


def _side(session: Session, number: int, actor: User) -> Side:
    submission = get_submission(session, number, actor=actor)
    evaluation = queries.get_current(session, submission)
    in_force = [one for one in queries.list_evaluations(session, submission) if one.is_current]
    spec = ProblemSpec.model_validate(submission.revision.spec)
    # of a run on a hidden board nobody but staff learns anything, not even how long it took
    may_read = can_read_board(actor, submission.problem, evaluation.board)
    return Side(
        submission,
        evaluation,
        queries.visible_scores(in_force, submission.problem, actor),
        list_uses(evaluation, spec.resources) if may_read else [],
    )


def _choose_two(words: str) -> ResponseReturnValue:
    flash(words, "error")
    return redirect(url_for("submissions.index"), HTTPStatus.SEE_OTHER)
