"""Where organisers change their mind safely and judges look on."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import BinaryIO, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.accounts.identity import get_actor
from app.accounts.models import User
from app.contests.forms import AnnouncementForm
from app.core.current import platform
from app.core.errors import AppError, ForbiddenError
from app.core.pagination import PageRequest
from app.core.uploads import accepts_files
from app.core.web import Access, access
from app.problems.errors import NotAZipError
from app.problems.jobs import send_publication
from app.problems.models import Board, Problem
from app.problems.publications import MAX_PACK_BYTES, ForRescore, receive_pack
from app.problems.queries import get_problem
from app.rescoring import operations, policy, queries
from app.rescoring.errors import RescoreOpenError
from app.rescoring.forms import StageForm
from app.rescoring.models import Rescore, RescoreState
from app.rescoring.page_models import draft, draw_slopes
from app.rescoring.queries import Progress
from app.ui.error_pages import error_text
from sandbox.archive import looks_like_zip

blueprint = Blueprint("rescoring", __name__, template_folder="templates", url_prefix="/staff")

Act = Callable[[Session, Rescore, User, datetime], None]


@blueprint.get("/problems/<slug>/rescores")
@access(Access.STAFF)
def index(slug: str) -> ResponseReturnValue:
    """List the re-scores of a problem, with the upload of a corrected pack."""
    return _index(slug, StageForm())


@blueprint.post("/problems/<slug>/rescores")
@access(Access.ORGANISER)
@accepts_files
def stage(slug: str) -> ResponseReturnValue:
    """Take a corrected pack; a worker checks and stages it."""
    form, actor, port = StageForm(), get_actor(), platform()
    if not policy.can_stage_rescore(actor):
        raise ForbiddenError
    if not form.validate_on_submit():
        return _index(slug, form), HTTPStatus.UNPROCESSABLE_ENTITY
    upload = form.pack.data
    try:
        with port.database.reading() as session:
            _require_none_open(session, get_problem(session, slug))
        if not looks_like_zip(upload.stream):
            raise NotAZipError
        upload.stream.seek(0)
        blob = port.blobs.put(cast("BinaryIO", upload.stream), max_bytes=MAX_PACK_BYTES)
    except RescoreOpenError as error:
        flash(error_text(error), "error")  # the form is not there while one is under way
        return _index(slug, form), HTTPStatus.CONFLICT
    except AppError as error:
        form.pack.errors = [error_text(error)]
        return _index(slug, form), HTTPStatus.UNPROCESSABLE_ENTITY
    with port.database.transaction() as session:
        publication = receive_pack(
            session,
            blob,
            upload.filename or "",
            uploader=actor,
            now=port.clock.now(),
            rescore=ForRescore(slug, form.reason.data.strip()),
        )
        send_publication(session, publication.id)
    target = url_for("problems_staff.publication", publication_id=publication.id)
    return redirect(target, HTTPStatus.SEE_OTHER)


@blueprint.get("/rescores/<int:rescore_id>")
@access(Access.STAFF)
def show(rescore_id: int) -> ResponseReturnValue:
    """Show how far a re-score has come, whom it moves, and what may be done with it."""
    return _show(rescore_id)


@blueprint.get("/rescores/<int:rescore_id>/status.json")
@access(Access.STAFF)
def status(rescore_id: int) -> ResponseReturnValue:
    """Say how far a re-score has come, for pages that look without being reloaded."""
    now = platform().clock.now()
    with platform().database.reading() as session:
        rescore = queries.get_rescore(session, rescore_id)
        progress = queries.get_progress(session, rescore)
    left = progress.left(rescore.scoring_at, now)
    return {
        "state": rescore.state.value,
        "version": _version(rescore, progress),
        "total": progress.total,
        "scored": progress.done,
        "running": progress.running,
        "faults": progress.faults,
        "left_s": None if left is None else round(left.total_seconds()),
        "done": rescore.state is RescoreState.PUBLISHED,
    }


@blueprint.post("/rescores/<int:rescore_id>/publish")
@access(Access.ORGANISER)
def publish(rescore_id: int) -> ResponseReturnValue:
    """Put the new scores in force and announce them."""
    form = AnnouncementForm()
    if not form.validate_on_submit():
        return _show(rescore_id, form), HTTPStatus.UNPROCESSABLE_ENTITY

    def act(session: Session, rescore: Rescore, actor: User, now: datetime) -> None:
        if not policy.can_publish_rescore(actor):
            raise ForbiddenError
        operations.publish_rescore(session, rescore, actor, form.notice(), now=now)

    return _act(rescore_id, act, _("The new scores are in force."))


@blueprint.post("/rescores/<int:rescore_id>/retry")
@access(Access.ORGANISER)
def retry(rescore_id: int) -> ResponseReturnValue:
    """Have what failed by our fault scored again."""

    def act(session: Session, rescore: Rescore, actor: User, _now: datetime) -> None:
        if not policy.can_retry_rescore(actor):
            raise ForbiddenError
        operations.retry_faults(session, rescore)

    return _act(rescore_id, act, _("What failed is scored again."))


@blueprint.post("/rescores/<int:rescore_id>/discard")
@access(Access.ORGANISER)
def discard(rescore_id: int) -> ResponseReturnValue:
    """Drop what is staged."""
    actor = get_actor()
    if not policy.can_discard_rescore(actor):
        raise ForbiddenError
    try:
        with platform().database.transaction() as session:
            rescore = queries.get_rescore(session, rescore_id)
            slug, now = rescore.problem.slug, platform().clock.now()
            operations.discard_rescore(session, rescore, actor.as_actor(), now=now)
    except AppError as error:
        flash(error_text(error), "error")
        return _back(rescore_id)
    flash(_("The re-score is discarded; the boards are as they were."), "success")
    return redirect(url_for("rescoring.index", slug=slug), HTTPStatus.SEE_OTHER)


def _act(rescore_id: int, act: Act, done: str) -> ResponseReturnValue:
    """Do one thing to a re-score and return to its page, with the reason where it is refused."""
    try:
        with platform().database.transaction() as session:
            rescore = queries.get_rescore(session, rescore_id)
            act(session, rescore, get_actor(), platform().clock.now())
    except ForbiddenError:
        raise
    except AppError as error:
        flash(error_text(error), "error")
    else:
        flash(done, "success")
    return _back(rescore_id)


def _back(rescore_id: int) -> ResponseReturnValue:
    return redirect(url_for("rescoring.show", rescore_id=rescore_id), HTTPStatus.SEE_OTHER)


def _require_none_open(session: Session, problem: Problem) -> None:
    under_way = queries.find_open(session, problem)
    if under_way is not None:
        raise RescoreOpenError(number=under_way.id)


def _index(slug: str, form: StageForm) -> str:
    with platform().database.reading() as session:
        problem = get_problem(session, slug)
        rescores = queries.list_rescores(session, problem)
    is_open = any(one.state is not RescoreState.PUBLISHED for one in rescores)
    return render_template(
        "rescoring/index.html",
        problem=problem,
        rescores=rescores,
        form=form,
        may_stage=policy.can_stage_rescore(get_actor()) and not is_open,
    )


def _show(rescore_id: int, form: AnnouncementForm | None = None) -> str:
    now, board = platform().clock.now(), Board(request.args.get("board", "A", type=_board))
    asked = PageRequest.clamp(request.args.get("page", type=int), None)
    with platform().database.reading() as session:
        rescore = queries.get_rescore(session, rescore_id)
        progress = queries.get_progress(session, rescore)
        counts = queries.count_moves(session, rescore, board)
        page = queries.list_moves(session, rescore, board, asked)
        turned = queries.list_turned(session, rescore)
        on_a = queries.count_moves(session, rescore, Board.A)
        boards = [stage.key for stage in rescore.problem.stages]
    drafted = draft(rescore, progress, on_a)
    actor = get_actor()
    return render_template(
        "rescoring/show.html",
        rescore=rescore,
        problem=rescore.problem,
        progress=progress,
        left=progress.left(rescore.scoring_at, now),
        version=_version(rescore, progress),
        boards=boards,
        board=board,
        counts=counts,
        page=page,
        slopes=draw_slopes(page.items),
        turned=turned,
        form=form or AnnouncementForm(formdata=None, data=asdict(drafted)),
        is_stale=rescore.state is not RescoreState.PUBLISHED
        and rescore.problem.revision_number != rescore.base_number,
        may_publish=policy.can_publish_rescore(actor),
        may_discard=policy.can_discard_rescore(actor),
    )


def _board(text: str) -> Board:
    return Board(text)


def _version(rescore: Rescore, progress: Progress) -> str:
    """Return what changes whenever the page of a re-score would."""
    return f"{rescore.state}-{progress.total}-{progress.done}-{progress.running}"
