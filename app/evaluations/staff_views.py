"""What staff do with submissions: see all of them, retract one, have one evaluated again."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields import SelectChoice

from app.accounts.identity import get_actor
from app.core.current import platform
from app.core.errors import ForbiddenError, InvalidError
from app.core.pagination import PageRequest
from app.core.web import Access, access
from app.evaluations import operations, queries
from app.evaluations.forms import FilterForm, RetractForm
from app.evaluations.jobs import ring
from app.evaluations.list_queries import in_state, list_titles, map_primaries
from app.evaluations.models import State
from app.evaluations.standings import refresh_submission
from app.problems.queries import find_problem
from app.submissions.operations import retract as retract_submission
from app.submissions.policy import can_rerun_submission, can_retract_submission
from app.submissions.queries import get_submission, list_submissions
from app.ui.filters import localise

blueprint = Blueprint(
    "submissions_staff", __name__, template_folder="templates", url_prefix="/staff/submissions"
)


@blueprint.get("")
@access(Access.STAFF)
def index() -> ResponseReturnValue:
    """List every submission, newest first, of one problem or in one state where asked."""
    form = FilterForm(request.args)
    asked = PageRequest.clamp(request.args.get("page", type=int), 50)
    state = form.state.data if form.state.data in set(State) else ""
    with platform().database.reading() as session:
        titles = list_titles(session)
        problem = find_problem(session, form.problem.data) if form.problem.data else None
        page = list_submissions(
            session,
            get_actor(),
            asked,
            problem=problem,
            condition=in_state(State(state)) if state else None,
        )
        current = queries.map_current(session, page.items)
        columns = map_primaries(session, page.items)
        values = queries.map_on_a(current, page.items, columns, get_actor())
    form.problem.choices = [
        SelectChoice("", _("all")),
        *(SelectChoice(one.slug, localise(one.title)) for one in titles),
    ]
    return render_template(
        "submissions/staff_index.html",
        page=page,
        current=current,
        columns=columns,
        values=values,
        form=form,
    )


@blueprint.post("/<int:submission_id>/retract")
@access(Access.ORGANISER)
def retract(submission_id: int) -> ResponseReturnValue:
    """Take a submission off the boards, with a reason for the audit log."""
    actor, port, form = get_actor(), platform(), RetractForm()
    if not can_retract_submission(actor):
        raise ForbiddenError
    if not form.validate_on_submit():
        raise InvalidError
    with port.database.transaction() as session:
        submission = get_submission(session, submission_id, actor=actor)
        now = port.clock.now()
        retract_submission(session, submission, actor, form.reason.data.strip(), now=now)
        refresh_submission(session, submission, now=now, by_staff=True)
    flash(_("Submission %(id)s counts on no board any more.", id=submission_id), "success")
    return _back(submission_id)


@blueprint.post("/<int:submission_id>/rerun")
@access(Access.ORGANISER)
def rerun(submission_id: int) -> ResponseReturnValue:
    """Evaluate a submission again; what was found before stays as its history."""
    actor, port = get_actor(), platform()
    if not can_rerun_submission(actor):
        raise ForbiddenError
    with port.database.transaction() as session:
        submission = get_submission(session, submission_id, actor=actor)
        for evaluation in operations.rerun(session, submission, actor, now=port.clock.now()):
            ring(session, port.queue, evaluation)
    flash(_("Submission %(id)s is being evaluated again.", id=submission_id), "success")
    return _back(submission_id)


def _back(submission_id: int) -> ResponseReturnValue:
    return redirect(url_for("submissions.show", submission_id=submission_id), HTTPStatus.SEE_OTHER)
