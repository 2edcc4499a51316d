"""Try runs: a team's code on public data for a minute, with its whole log and without a score."""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.identity import get_actor
from app.core.current import platform, settings
from app.core.errors import AppError, LimitedError, TooLargeError, UnprocessableError
from app.core.pagination import PageRequest
from app.core.uploads import accepts_files
from app.core.web import Access, access, status_of
from app.evaluations import queries
from app.evaluations.debug_data import find_debug_data
from app.evaluations.execution import debug_resources
from app.evaluations.forms import DebugForm
from app.evaluations.intake import Delivery, accept
from app.evaluations.list_queries import map_primaries
from app.problems.models import StageState
from app.problems.policy import needs_rules
from app.problems.queries import (
    get_current_revision,
    get_readable_problem,
    has_accepted_rules,
)
from app.submissions.models import Kind
from app.submissions.operations import count_debug_runs
from app.submissions.policy import can_submit
from app.submissions.queries import find_team_id, list_submissions
from app.ui.error_pages import error_text, field_issues, wants_json
from problems.spec import ProblemSpec
from trial.uploads import most_bytes

blueprint = Blueprint("debug_runs", __name__, template_folder="templates")


@blueprint.get("/problems/<slug>/debug")
@access(Access.MEMBER)
def create(slug: str) -> ResponseReturnValue:
    """Show the form, what a try run gets, and the team's earlier ones."""
    return _page(slug, DebugForm())


@blueprint.post("/problems/<slug>/debug")
@access(Access.MEMBER)
@accepts_files
def create_post(slug: str) -> ResponseReturnValue:
    """Take a zip of code in; a refused one comes back with what is wrong."""
    form = DebugForm()
    with platform().database.reading() as session:
        problem = get_readable_problem(session, slug, get_actor())
        accepted = has_accepted_rules(session, get_actor(), problem)
    if needs_rules(get_actor(), accepted):  # its log can show the public data
        return redirect(url_for("problems.rules", slug=slug), HTTPStatus.SEE_OTHER)
    if not form.validate_on_submit():
        return _page(slug, form), HTTPStatus.BAD_REQUEST
    upload = form.file.data
    delivery = Delivery(
        file=upload.stream,
        filename=upload.filename or "",
        kind=Kind.CODE,
        note=form.note.data or "",
        is_debug=True,
    )
    limit = settings().debug_runs_per_hour
    try:
        submission_id = accept(platform(), slug, get_actor(), delivery, debug_limit=limit)
    except (UnprocessableError, TooLargeError, LimitedError) as error:
        if wants_json():
            raise
        return _page(slug, form, error), status_of(error)
    target = url_for("submissions.show", submission_id=submission_id)
    if wants_json():  # the page sent it itself, to show progress
        return {"location": target}, HTTPStatus.CREATED
    return redirect(target, HTTPStatus.SEE_OTHER)


def _page(slug: str, form: DebugForm, error: AppError | None = None) -> str:
    actor, port = get_actor(), platform()
    now, limit = port.clock.now(), settings().debug_runs_per_hour
    asked = PageRequest.clamp(request.args.get("page", type=int), None)
    with port.database.reading() as session:
        problem = get_readable_problem(session, slug, actor)
        revision = get_current_revision(session, problem)
        data = find_debug_data(session, revision, now=now)
        accepted = has_accepted_rules(session, actor, problem)
        team = find_team_id(session, problem, actor)
        used = count_debug_runs(session, problem, team, now=now).used
        runs = list_submissions(session, actor, asked, problem=problem, debug=True)
        current = queries.map_current(session, runs.items)
        columns = map_primaries(session, runs.items)
    spec = ProblemSpec.model_validate(revision.spec)
    has_data = data.input_blob is not None or bool(data.files)
    return render_template(
        "submissions/debug.html",
        problem=problem,
        spec=spec,
        resources=debug_resources(spec.resources),
        files=sorted(data.files),
        most_bytes=most_bytes(spec, Kind.CODE),
        form=form,
        limit=limit,
        left=max(0, limit - used),
        may_submit=can_submit(actor),
        must_accept=needs_rules(actor, accepted),
        offered=limit > 0 and problem.takes_code and has_data,
        is_open=any(stage.state(now) is StageState.OPEN for stage in problem.stages),
        page=runs,
        current=current,
        columns=columns,
        refusal=None if error is None else error_text(error),
        issues=[] if error is None else field_issues(error),
    )
