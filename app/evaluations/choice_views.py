"""The buttons of a submission's page that choose it and take the choice back."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.identity import get_actor
from app.core.current import platform
from app.core.errors import AppError, ForbiddenError
from app.core.web import Access, access
from app.evaluations.choosing import choose, take_back
from app.submissions.policy import can_choose_submission
from app.submissions.queries import get_submission, list_team_ids
from app.ui.error_pages import error_text

blueprint = Blueprint("choices", __name__, url_prefix="/submissions")


@blueprint.post("/<int:submission_id>/choose")
@access(Access.MEMBER)
def create(submission_id: int) -> ResponseReturnValue:
    """Have a submission count."""
    return _act(submission_id, choose, _("The submission is chosen."))


@blueprint.post("/<int:submission_id>/take-back")
@access(Access.MEMBER)
def remove(submission_id: int) -> ResponseReturnValue:
    """Take the choice back."""
    return _act(submission_id, take_back, _("The choice is taken back."))


def _act(submission_id: int, act: Callable[..., None], done: str) -> ResponseReturnValue:
    actor, port = get_actor(), platform()
    try:
        with port.database.transaction() as session:
            submission = get_submission(session, submission_id, actor=actor)
            if not can_choose_submission(actor, submission, list_team_ids(session, actor)):
                raise ForbiddenError
            act(session, submission, now=port.clock.now())
    except AppError as error:
        if isinstance(error, ForbiddenError) or error.code == "submission_not_found":
            raise
        flash(error_text(error), "error")
    else:
        flash(done, "success")
    return redirect(url_for("submissions.show", submission_id=submission_id), HTTPStatus.SEE_OTHER)
