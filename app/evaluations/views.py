"""Handing in, and watching what becomes of it.

Endpoints are named `submissions.…`; the module stands here because submissions know nothing of
their evaluations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from wtforms.fields import SelectChoice

from app.accounts.identity import get_actor
from app.accounts.models import User
from app.core.current import platform
from app.core.errors import AppError, ForbiddenError, TooLargeError, UnprocessableError
from app.core.pagination import PageRequest
from app.core.uploads import accepts_files
from app.core.web import Access, access, status_of
from app.evaluations import operations, queries
from app.evaluations.choosing import find_choice
from app.evaluations.comparing import compare, gap
from app.evaluations.drawings import draw_pictures
from app.evaluations.execution import DEBUG_S, debug_resources
from app.evaluations.forms import KINDS, RetractForm, SubmitForm
from app.evaluations.intake import Delivery, accept
from app.evaluations.kept_logs import read_whole_log
from app.evaluations.list_queries import map_primaries
from app.evaluations.logbook import read_log
from app.evaluations.models import CLAIMED, FINISHED, Evaluation, State
from app.evaluations.page_models import answer_columns, build_case_tables, build_timeline
from app.evaluations.run_pages import build_runs
from app.evaluations.shadow_places import scoring_revision
from app.evaluations.waiting import count_before, find_place
from app.problems.downloads import attachment, send_blob
from app.problems.models import Board, Partition, Problem, Revision, StageState
from app.problems.queries import get_current_revision, get_readable_problem
from app.problems.shell import submit_command
from app.problems.storage import StoredFile
from app.reviews.queries import list_notes, question_of
from app.submissions.models import Kind, Submission
from app.submissions.policy import (
    can_annotate_submission,
    can_cancel_submission,
    can_choose_submission,
    can_read_board,
    can_read_column,
    can_read_raw,
    can_rerun_submission,
    can_retract_submission,
    can_submit,
)
from app.submissions.queries import (
    get_quota,
    get_submission,
    list_submissions,
    list_team_ids,
)
from app.teams.policy import is_approved
from app.teams.queries import find_team
from app.ui.error_pages import error_text, field_issues, wants_json
from app.ui.i18n import current_locale
from problems.spec import ProblemSpec
from scoring import BoardColumn
from trial.uploads import most_bytes

blueprint = Blueprint("submissions", __name__, template_folder="templates")


@blueprint.get("/problems/<slug>/submit")
@access(Access.MEMBER)
def create(slug: str) -> ResponseReturnValue:
    """Show what may be handed in, and the form."""
    problem, revision = _load(slug)
    return _form_page(problem, revision, _form(problem, revision))


@blueprint.post("/problems/<slug>/submit")
@access(Access.MEMBER)
@accepts_files
def create_post(slug: str) -> ResponseReturnValue:
    """Take a file in; a refused one comes back with what is wrong, line by line."""
    problem, revision = _load(slug)
    form = _form(problem, revision)
    if not form.validate_on_submit():
        return _form_page(problem, revision, form), HTTPStatus.BAD_REQUEST
    upload = form.file.data
    delivery = Delivery(
        file=upload.stream,
        filename=upload.filename or "",
        kind=Kind(form.kind.data),
        board=Board(form.board.data),
        note=form.note.data or "",
    )
    try:
        submission_id = accept(platform(), slug, get_actor(), delivery)
    except (UnprocessableError, TooLargeError) as error:
        if wants_json():
            raise
        return _form_page(problem, revision, form, error), status_of(error)
    target = url_for("submissions.show", submission_id=submission_id)
    if wants_json():  # the page sent it itself, to show progress
        return {"location": target}, HTTPStatus.CREATED
    return redirect(target, HTTPStatus.SEE_OTHER)


@blueprint.get("/submissions")
@access(Access.MEMBER)
def index() -> ResponseReturnValue:
    """List one's own submissions, newest first; `?problem=` narrows to one problem."""
    actor = get_actor()
    asked = PageRequest.clamp(request.args.get("page", type=int), None)
    slug = request.args.get("problem")
    with platform().database.reading() as session:
        problem = get_readable_problem(session, slug, actor) if slug else None
        page = list_submissions(session, actor, asked, problem=problem)
        current = queries.map_current(session, page.items)
        columns = map_primaries(session, page.items)
        values = queries.map_on_a(current, page.items, columns, actor)
    return render_template(
        "submissions/index.html",
        page=page,
        current=current,
        columns=columns,
        values=values,
        problem=problem,
    )


@blueprint.get("/submissions/<int:submission_id>")
@access(Access.MEMBER)
def show(submission_id: int) -> ResponseReturnValue:
    """Show everything about a submission that its reader may know."""
    actor, now = get_actor(), platform().clock.now()
    with platform().database.reading() as session:
        submission = get_submission(session, submission_id, actor=actor)
        evaluation = queries.get_current(session, submission)
        evaluations = queries.list_evaluations(session, submission)
        events = queries.list_events(session, evaluation)
        log = read_log(session, evaluation, 0)
        teams = list_team_ids(session, actor)
        # a re-score may have changed the columns
        spec = ProblemSpec.model_validate(scoring_revision(session, evaluation, submission).spec)
        in_force = [one for one in evaluations if one.is_current]
        scores = queries.visible_scores(in_force, submission.problem, actor)
        shown = {one: can_read_raw(actor, submission.problem, one) for one in map(Board, scores)}
        rivals = compare(session, submission, shown, spec.scoring.primary)
        rung = queries.find_rung(session, evaluation)
        place = find_place(session, evaluation, now=now)
        version = _version(session, evaluations)
        notes = list_notes(session, submission, actor)
        choice = find_choice(session, submission, evaluation, now)
    resources = debug_resources(spec.resources) if submission.is_debug else spec.resources
    is_untold = _is_untold(submission, evaluation)
    return render_template(
        "submissions/show.html",
        submission=submission,
        problem=submission.problem,
        evaluation=evaluation,
        history=[
            (one, queries.visible_scores([one], submission.problem, actor))
            for one in evaluations
            if not one.is_current
        ],
        other=[one for one in in_force if one.id != evaluation.id],
        events=events,
        log=log,
        spec=spec,
        columns=_readable_columns(spec, submission.problem, actor, scores),
        scores=scores,
        rivals=rivals,
        rung=rung,
        has_ladder=submission.problem.rules.has_ladder_on(evaluation.board),
        is_untold=is_untold,
        gap=gap,
        place=place,
        cases=build_case_tables(
            queries.visible_cases(evaluation, submission.problem, actor), current_locale()
        ),
        drawings=draw_pictures(queries.visible_pictures(evaluation, submission.problem, actor)),
        timeline=build_timeline(submission, evaluation),
        runs=build_runs(_main_first(in_force, evaluation), submission.problem, actor, resources),
        readable=[board for board in Board if can_read_board(actor, submission.problem, board)],
        debug_seconds=DEBUG_S,
        asked=question_of(notes),
        finished=evaluation.state in FINISHED and not is_untold,
        version=version,
        may_cancel=can_cancel_submission(actor, submission, teams)
        and evaluation.state not in FINISHED,
        may_annotate=can_annotate_submission(actor, submission, teams),
        choice=choice,
        may_choose=can_choose_submission(actor, submission, teams) and choice.may_change,
        may_retract=can_retract_submission(actor) and submission.retracted_at is None,
        may_rerun=can_rerun_submission(actor),
        retract_form=RetractForm(),
        now=now,
    )


@blueprint.get("/submissions/<int:submission_id>/status.json")
@access(Access.MEMBER)
def status(submission_id: int) -> ResponseReturnValue:
    """Say where a submission stands: the page asks this, and reads itself anew on a change.

    Asked with the version it knows (`If-None-Match`), the answer is an empty 304.
    """
    with platform().database.reading() as session:
        board, rules, evaluations = queries.list_standings(session, submission_id, get_actor())
        version = _version(session, evaluations)
    in_force = [one for one in evaluations if one.is_current]
    answer = jsonify(
        state=next(one.state for one in in_force if one.board is board),
        version=version,
        done=all(one.state in FINISHED and not queries.is_untold(one, rules) for one in in_force),
    )
    answer.set_etag(version)
    return answer.make_conditional(request)


@blueprint.get("/submissions/<int:submission_id>/log")
@access(Access.MEMBER)
def log(submission_id: int) -> ResponseReturnValue:
    """Return the whole log as text, `?board=B` that on B; with `?offset=`, one piece as JSON.

    `?download=1` saves it as a file.
    """
    offset = request.args.get("offset", type=int)
    with platform().database.reading() as session:
        actor = get_actor()
        submission = get_submission(session, submission_id, actor=actor)
        board = Board.B if request.args.get("board") == Board.B else None
        evaluation = queries.get_run(session, submission, board, actor)
        if offset is not None:
            piece = read_log(session, evaluation, offset)
            running = evaluation.state in CLAIMED
            return jsonify(**asdict(piece), running=running)
        parts = read_whole_log(session, platform().blobs, evaluation)
    answer = Response(parts, mimetype="text/plain")
    if request.args.get("download"):
        name = f"submission-{submission_id}-{evaluation.board}.log"
        answer.headers["Content-Disposition"] = attachment(name)
    return answer


@blueprint.get("/submissions/<int:submission_id>/download")
@access(Access.MEMBER)
def download(submission_id: int) -> ResponseReturnValue:
    """Give the file back as it was handed in."""
    with platform().database.reading() as session:
        submission = get_submission(session, submission_id, actor=get_actor())
    file = StoredFile(submission.filename or "submission", submission.size, submission.blob)
    return send_blob(platform().blobs, file, request)


@blueprint.post("/submissions/<int:submission_id>/cancel")
@access(Access.MEMBER)
def cancel(submission_id: int) -> ResponseReturnValue:
    """Stop a submission; what is cancelled is not charged."""
    actor, port = get_actor(), platform()
    with port.database.transaction() as session:
        submission = get_submission(session, submission_id, actor=actor)
        if not can_cancel_submission(actor, submission, list_team_ids(session, actor)):
            raise ForbiddenError
        evaluation = queries.get_current(session, submission)
        operations.cancel(session, evaluation, actor, now=port.clock.now())
    return redirect(url_for("submissions.show", submission_id=submission_id), HTTPStatus.SEE_OTHER)


def _readable_columns(
    spec: ProblemSpec, problem: Problem, actor: User, scores: Mapping[str, Mapping[str, float]]
) -> list[BoardColumn]:
    """Return the columns an actor may read; where A answers by the Ladder, those with a number."""
    readable = [one for one in spec.scoring.columns if can_read_column(actor, problem, one.key)]
    if can_read_raw(actor, problem, Board.A):
        return readable
    return [one for one in readable if any(one.key in found for found in scores.values())]


def _is_untold(submission: Submission, evaluation: Evaluation) -> bool:
    counts = not submission.is_debug and submission.retracted_at is None
    return counts and queries.is_untold(evaluation, submission.problem.rules)


def _main_first(evaluations: Iterable[Evaluation], main: Evaluation) -> list[Evaluation]:
    return sorted(evaluations, key=lambda one: (one.id != main.id, one.board))


def _load(slug: str) -> tuple[Problem, Revision]:
    with platform().database.reading() as session:
        problem = get_readable_problem(session, slug, get_actor())
        revision = get_current_revision(session, problem)
        revision.problem = problem  # loaded now: the session ends here
    return problem, revision


def _open_boards(problem: Problem, spec: ProblemSpec) -> list[Board]:
    """Return the boards that take submissions now; B only where it has an input of its own."""
    now = platform().clock.now()
    has_sets = spec.scoring.partition == Partition.SETS
    return [
        stage.key
        for stage in problem.stages
        if stage.state(now) is StageState.OPEN and (stage.key is Board.A or has_sets)
    ]


def _form(problem: Problem, revision: Revision) -> SubmitForm:
    spec = ProblemSpec.model_validate(revision.spec)
    form = SubmitForm()
    kinds = [Kind(kind.value) for kind in spec.submission.kinds]
    form.kind.choices = [SelectChoice(kind.value, _(KINDS[kind])) for kind in kinds]
    boards = _open_boards(problem, spec) or [Board.A]
    form.board.choices = [
        SelectChoice(board.value, _("Board %(board)s", board=board.value)) for board in boards
    ]
    form.kind.data = form.kind.data or kinds[0].value
    form.board.data = form.board.data or boards[0].value
    return form


def _form_page(
    problem: Problem, revision: Revision, form: SubmitForm, error: AppError | None = None
) -> str:
    spec, actor = ProblemSpec.model_validate(revision.spec), get_actor()
    port = platform()
    with port.database.reading() as session:
        team = find_team(session, problem, actor)
        team_id = None if team is None else team.id
        quota = get_quota(session, problem, team_id, now=port.clock.now())
    return render_template(
        "submissions/create.html",
        problem=problem,
        spec=spec,
        most_bytes={kind: most_bytes(spec, kind) for kind in spec.submission.kinds},
        form=form,
        quota=quota,
        may_submit=can_submit(actor),
        must_wait=not is_approved(problem, team),
        open_boards=_open_boards(problem, spec),
        command=_command(problem, spec),
        answer_columns=answer_columns(spec),
        refusal=None if error is None else error_text(error),
        issues=[] if error is None else field_issues(error),
    )


def _command(problem: Problem, spec: ProblemSpec) -> str:
    """Return what hands a file in from a shell."""
    kind = spec.submission.kinds[0].value
    file = "code.zip" if kind == Kind.CODE else spec.submission.file
    return submit_command(problem.slug, kind, file)


def _version(session: Session, evaluations: Iterable[Evaluation]) -> str:
    """Return what changes whenever the page would: a state, or the queue before it."""
    return "-".join(
        f"{one.id}.{one.attempt}.{one.state}"
        + (f".{one.told.rung_id}" if one.told is not None else "")
        + (f".{count_before(session, one)}" if one.state is State.QUEUED else "")
        for one in evaluations
    )
