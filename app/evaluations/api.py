"""Submissions over HTTP: hand in, follow, cancel."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from http import HTTPStatus
from typing import BinaryIO, Final, cast

from flask import Blueprint, Response, request, url_for
from werkzeug.datastructures import FileStorage

from app.accounts.identity import get_actor
from app.accounts.models import User
from app.core.api import (
    Answer,
    MalformedRequestError,
    Operation,
    PageOutput,
    PydanticIssue,
    endpoint,
    page_output,
    parse_model,
)
from app.core.current import platform, settings
from app.core.errors import FieldIssue, ForbiddenError
from app.core.i18n import N_
from app.core.uploads import accepts_files, check_body_size
from app.core.web import API_PREFIX, Access, access
from app.evaluations import operations, queries
from app.evaluations.api_models import (
    DebugForm,
    HandInForm,
    LogOutput,
    LogQuery,
    SubmissionForm,
    SubmissionItem,
    SubmissionQuery,
    WholeLogQuery,
    describe_submission,
)
from app.evaluations.api_queries import map_in_force
from app.evaluations.arrivals import hand_in_upload
from app.evaluations.intake import Delivery, accept
from app.evaluations.kept_logs import read_whole_log
from app.evaluations.logbook import read_log
from app.problems.operations import accept_rules
from app.problems.queries import get_current_revision, get_readable_problem
from app.submissions.models import Kind
from app.submissions.policy import can_cancel_submission
from app.submissions.queries import (
    get_submission,
    list_submissions,
    list_team_ids,
)
from app.ui.i18n import current_locale
from problems.spec import ProblemSpec
from trial.uploads import most_bytes

blueprint: Final = Blueprint("submissions_api", __name__, url_prefix=API_PREFIX)

FILE: Final = "file"
KEY_HEADER: Final = "Idempotency-Key"
_LONGEST_KEY: Final = 128
_REFUSALS: Final = (
    HTTPStatus.FORBIDDEN,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


@blueprint.post("/problems/<slug>/submissions")
@endpoint(
    Operation(
        summary=N_("Submit an answer file or a zip of code"),
        returns=SubmissionItem,
        status=HTTPStatus.ACCEPTED,
        form=SubmissionForm,
        files=(FILE,),
        headers={
            KEY_HEADER: N_(
                "At most 128 visible ASCII characters; a repeat of the request with the same key "
                "answers the first result."
            )
        },
        sends={"Location": N_("Where to follow the submission.")},
        errors=_REFUSALS,
    )
)
@access(Access.MEMBER)
@accepts_files
def create(slug: str) -> Answer:
    """Accept a submission, or say what is wrong with it."""
    actor = get_actor()
    with _receiving(slug, actor) as (file, key):
        form = parse_model(SubmissionForm, request.form, "form")
        delivery = Delivery(
            file=cast("BinaryIO", file.stream),
            filename=file.filename or FILE,
            kind=form.kind,
            board=form.board,
            note=form.note,
            idempotency_key=key,
        )
        return _accepted(accept(platform(), slug, actor, delivery), actor)


@blueprint.post("/uploads/<key>/submission")
@endpoint(
    Operation(
        summary=N_("Submit a resumable upload that has arrived"),
        returns=SubmissionItem,
        status=HTTPStatus.ACCEPTED,
        form=HandInForm,
        sends={"Location": N_("Where to follow the submission.")},
        errors=_REFUSALS,
    )
)
@access(Access.MEMBER)
def hand_in(key: str, form: HandInForm) -> Answer:
    """Accept what has come in pieces, or say what is wrong with it."""
    actor = get_actor()
    submission_id = hand_in_upload(platform(), actor, key, board=form.board, note=form.note)
    return _accepted(submission_id, actor)


@blueprint.post("/problems/<slug>/debug-runs")
@endpoint(
    Operation(
        summary=N_("Try a zip of code on public data: no score, no quota; this accepts the rules"),
        returns=SubmissionItem,
        status=HTTPStatus.ACCEPTED,
        form=DebugForm,
        files=(FILE,),
        headers={KEY_HEADER: N_("As for submissions.")},
        sends={"Location": N_("Where to follow the try run.")},
        errors=_REFUSALS,
    )
)
@access(Access.MEMBER)
@accepts_files
def create_debug(slug: str) -> Answer:
    """Accept a try run, or say what is wrong with it."""
    actor, limit = get_actor(), settings().debug_runs_per_hour
    with _receiving(slug, actor) as (file, key):
        form = parse_model(DebugForm, request.form, "form")
        delivery = Delivery(
            file=cast("BinaryIO", file.stream),
            filename=file.filename or FILE,
            kind=Kind.CODE,
            note=form.note,
            idempotency_key=key,
            is_debug=True,
        )
        submission_id = accept(platform(), slug, actor, delivery, debug_limit=limit)
    with platform().database.transaction() as session:  # its log can show the public data
        problem = get_readable_problem(session, slug, actor)
        accept_rules(session, actor, problem, now=platform().clock.now())
    return _accepted(submission_id, actor)


@contextmanager
def _receiving(slug: str, actor: User) -> Iterator[tuple[FileStorage, str | None]]:
    """Give the file of the request and its idempotency key; a body that is too large is refused."""
    key = _parse_key()
    check_body_size(_file_limit(slug, actor))
    with closing(_require_file()) as file:
        yield file, key


def _accepted(submission_id: int, actor: User) -> Answer:
    location = url_for("submissions_api.show", submission_id=submission_id)
    return Answer(_describe(submission_id, actor), {"Location": location})


@blueprint.get("/submissions")
@endpoint(
    Operation(
        summary=N_("List one's own submissions; staff see all"),
        returns=PageOutput[SubmissionItem],
        query=SubmissionQuery,
        errors=(HTTPStatus.NOT_FOUND,),
    )
)
@access(Access.MEMBER)
def index(query: SubmissionQuery) -> PageOutput[SubmissionItem]:
    """List submissions, newest first."""
    actor, locale = get_actor(), current_locale()
    with platform().database.reading() as session:
        problem = get_readable_problem(session, query.problem, actor) if query.problem else None
        page = list_submissions(
            session, actor, query.as_request(), problem=problem, debug=query.debug
        )
        standing = map_in_force(session, page.items)
        items = [describe_submission(one, standing[one.id], actor, locale) for one in page.items]
    return page_output(page, items)


@blueprint.get("/submissions/<int:submission_id>")
@endpoint(Operation(summary=N_("Read a submission: state, scores, run"), returns=SubmissionItem))
@access(Access.MEMBER)
def show(submission_id: int) -> SubmissionItem:
    """Say how a submission stands."""
    return _describe(submission_id, get_actor())


@blueprint.get("/submissions/<int:submission_id>/log")
@endpoint(
    Operation(
        summary=N_("Read the log of a submission's run, piece by piece"),
        returns=LogOutput,
        query=LogQuery,
    )
)
@access(Access.MEMBER)
def log(submission_id: int, query: LogQuery) -> LogOutput:
    """Return the log from an offset on."""
    with platform().database.reading() as session:
        actor = get_actor()
        submission = get_submission(session, submission_id, actor=actor)
        run = queries.get_run(session, submission, query.board, actor)
        piece = read_log(session, run, query.offset)
    return LogOutput(**asdict(piece))


@blueprint.get("/submissions/<int:submission_id>/log.txt")
@endpoint(
    Operation(
        summary=N_("Download the whole log of a submission's run"),
        media_type="text/plain",
        query=WholeLogQuery,
        errors=(HTTPStatus.NOT_FOUND,),
    )
)
@access(Access.MEMBER)
def whole_log(submission_id: int, query: WholeLogQuery) -> Response:
    """Send all that is kept of a log, as text."""
    with platform().database.reading() as session:
        actor = get_actor()
        submission = get_submission(session, submission_id, actor=actor)
        run = queries.get_run(session, submission, query.board, actor)
        parts = read_whole_log(session, platform().blobs, run)
    return Response(parts, mimetype="text/plain")


@blueprint.post("/submissions/<int:submission_id>/cancel")
@endpoint(
    Operation(
        summary=N_("Cancel a submission; it is not charged"),
        returns=SubmissionItem,
        status=HTTPStatus.ACCEPTED,
        errors=(HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT),
    )
)
@access(Access.MEMBER)
def cancel(submission_id: int) -> SubmissionItem:
    """Ask for the end of a submission that waits or runs."""
    actor = get_actor()
    with platform().database.transaction() as session:
        submission = get_submission(session, submission_id, actor=actor)
        if not can_cancel_submission(actor, submission, list_team_ids(session, actor)):
            raise ForbiddenError
        evaluation = queries.get_current(session, submission)
        operations.cancel(session, evaluation, actor, now=platform().clock.now())
    return _describe(submission_id, actor)


def _describe(submission_id: int, actor: User) -> SubmissionItem:
    with platform().database.reading() as session:
        submission = get_submission(session, submission_id, actor=actor)
        current = [one for one in queries.list_evaluations(session, submission) if one.is_current]
        return describe_submission(submission, current, actor, current_locale())


def _file_limit(slug: str, actor: User) -> int:
    with platform().database.reading() as session:
        problem = get_readable_problem(session, slug, actor)
        spec = get_current_revision(session, problem).spec
    read = ProblemSpec.model_validate(spec)
    return max(most_bytes(read, kind) for kind in read.submission.kinds)


def _require_file() -> FileStorage:
    file = request.files.get(FILE)
    if file is None:
        raise MalformedRequestError(
            details=[FieldIssue(f"form.{FILE}", PydanticIssue("missing", "Field required", {}))]
        )
    return file


def _parse_key() -> str | None:
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return None
    if not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
        issue = PydanticIssue("idempotency_key", "1 to 128 visible ASCII characters", {})
        raise MalformedRequestError(details=[FieldIssue(f"header.{KEY_HEADER}", issue)])
    return key
