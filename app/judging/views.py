"""Where a team reads what the judges ask about its submission, and answers."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.identity import get_actor
from app.core.current import platform
from app.core.errors import ForbiddenError
from app.core.web import Access, access
from app.judging.forms import AnswerForm
from app.reviews import operations as reviews
from app.reviews.models import NoteKind
from app.reviews.policy import TO_THE_TEAM, can_answer
from app.reviews.queries import list_notes, summarise
from app.submissions.queries import get_submission, list_team_ids

blueprint = Blueprint("questions", __name__, template_folder="templates")


@blueprint.get("/submissions/<int:submission_id>/questions")
@access(Access.MEMBER)
def show(submission_id: int) -> ResponseReturnValue:
    """Show the judges' questions about a submission and the team's answers."""
    return _page(submission_id, AnswerForm())


@blueprint.post("/submissions/<int:submission_id>/questions")
@access(Access.MEMBER)
def answer(submission_id: int) -> ResponseReturnValue:
    """Answer the open question, for the team."""
    actor, port, form = get_actor(), platform(), AnswerForm()
    if not form.validate_on_submit():
        return _page(submission_id, form), HTTPStatus.BAD_REQUEST
    with port.database.transaction() as session:
        submission = get_submission(session, submission_id, actor=actor)
        if not can_answer(actor, submission, list_team_ids(session, actor)):
            raise ForbiddenError
        reviews.write_note(
            session, submission, actor, NoteKind.ANSWER, form.body.data, now=port.clock.now()
        )
    flash(_("The judges have your answer."), "success")
    return redirect(url_for("questions.show", submission_id=submission_id), HTTPStatus.SEE_OTHER)


def _page(submission_id: int, form: AnswerForm) -> str:
    actor = get_actor()
    with platform().database.reading() as session:
        submission = get_submission(session, submission_id, actor=actor)
        notes = [
            note for note in list_notes(session, submission, actor) if note.kind in TO_THE_TEAM
        ]
        may_answer = can_answer(actor, submission, list_team_ids(session, actor))
    return render_template(
        "judging/questions.html",
        submission=submission,
        problem=submission.problem,
        notes=notes,
        form=form if may_answer and summarise(notes).asked else None,
    )
