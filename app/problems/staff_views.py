"""Where organisers run problems and judges look on: settings, stages, reveals, publications."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import BinaryIO, cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from wtforms.fields import SelectChoice

from app.accounts.identity import get_actor
from app.accounts.models import User
from app.contests.forms import AnnouncementForm
from app.contests.operations import (
    DEFAULT_CONTEST,
    Audience,
    default_contest,
    post_announcement,
)
from app.contests.queries import get_contest, list_running_contests
from app.core.blobs import Blob
from app.core.current import platform
from app.core.errors import AppError
from app.core.i18n import choose_text
from app.core.pagination import PageRequest
from app.core.uploads import accepts_files
from app.core.web import Access, access
from app.problems import operations, policy, publications, queries
from app.problems.errors import NotAZipError
from app.problems.forms import PackForm, SettingsForm, field_of, setting_of
from app.problems.hooks import problem_hooks
from app.problems.jobs import send_publication
from app.problems.models import Board, Problem, Publication
from app.problems.organiser_settings import SETTINGS, show_settings
from app.problems.step_log import STEP_NAMES
from app.problems.timeline import lay_out
from app.ui.error_pages import error_text
from app.ui.i18n import current_locale
from sandbox.archive import looks_like_zip

blueprint = Blueprint("problems_staff", __name__, template_folder="templates", url_prefix="/staff")

Act = Callable[[Session, Problem, User, datetime], None]


@blueprint.get("/problems")
@access(Access.STAFF)
def index() -> ResponseReturnValue:
    """List every problem with its stages, withdrawn ones too."""
    with platform().database.reading() as session:
        problems = queries.list_all_problems(session)
    return render_template(
        "problems/staff_index.html", problems=problems, now=platform().clock.now()
    )


@blueprint.get("/problems/<slug>")
@access(Access.STAFF)
def show(slug: str) -> ResponseReturnValue:
    """Show a problem's settings, stages, revisions and reveals."""
    return _page(slug)


@blueprint.post("/problems/<slug>")
@access(Access.ORGANISER)
def change(slug: str) -> ResponseReturnValue:
    """Change settings; a field left as it was is not touched."""
    form = SettingsForm()
    try:
        with platform().database.transaction() as session:
            problem = queries.get_problem(session, slug)
            present = show_settings(problem)
            wanted = {setting_of(name): text for name, text in form.data.items()}
            changed = {
                name: text
                for name, text in wanted.items()
                if name in present and text is not None and text != present[name]
            }
            now = platform().clock.now()
            operations.set_settings(
                session, problem, changed, actor=get_actor().as_actor(), now=now
            )
    except AppError as error:
        _place_error(form, error)
        return _page(slug, form), HTTPStatus.UNPROCESSABLE_ENTITY
    flash(_("The settings are saved."), "success")
    return _back(slug)


@blueprint.post("/problems/<slug>/stages/<any(A, B):board>/open")
@access(Access.ORGANISER)
def open_stage(slug: str, board: str) -> ResponseReturnValue:
    """Open a stage now."""

    def act(session: Session, problem: Problem, actor: User, now: datetime) -> None:
        operations.open_stage(session, problem, Board(board), actor=actor.as_actor(), now=now)

    return _act(slug, act, _("The stage is open."))


@blueprint.post("/problems/<slug>/stages/<any(A, B):board>/close")
@access(Access.ORGANISER)
def close_stage(slug: str, board: str) -> ResponseReturnValue:
    """Close a stage now."""

    def act(session: Session, problem: Problem, actor: User, now: datetime) -> None:
        operations.close_stage(session, problem, Board(board), actor=actor.as_actor(), now=now)

    return _act(slug, act, _("The stage is closed."))


@blueprint.get("/problems/<slug>/reveal-b")
@access(Access.ORGANISER)
def confirm_reveal_b(slug: str) -> ResponseReturnValue:
    """Ask once more: a reveal cannot be taken back."""
    return _confirmation(slug, "b")


@blueprint.post("/problems/<slug>/reveal-b")
@access(Access.ORGANISER)
def reveal_b(slug: str) -> ResponseReturnValue:
    """Show board B to everybody."""

    def act(session: Session, problem: Problem, actor: User, now: datetime) -> None:
        problem_hooks().tell_revealed(session, problem, now)
        operations.reveal_b(session, problem, actor=actor.as_actor(), now=now)

    return _act(slug, act, _("Board B is revealed."))


@blueprint.get("/problems/<slug>/reveal-seed")
@access(Access.ORGANISER)
def confirm_reveal_seed(slug: str) -> ResponseReturnValue:
    """Ask once more: a revealed seed cannot be sealed again."""
    return _confirmation(slug, "seed")


@blueprint.post("/problems/<slug>/reveal-seed")
@access(Access.ORGANISER)
def reveal_seed(slug: str) -> ResponseReturnValue:
    """Publish the seed of the revision in force."""

    def act(session: Session, problem: Problem, actor: User, now: datetime) -> None:
        revision = queries.get_current_revision(session, problem)
        operations.reveal_seed(session, problem, revision, actor=actor.as_actor(), now=now)

    return _act(slug, act, _("The seed is revealed."))


@blueprint.post("/problems/<slug>/announcements")
@access(Access.ORGANISER)
def announce(slug: str) -> ResponseReturnValue:
    """Announce something about one problem."""
    form = AnnouncementForm()
    if not form.validate():
        return _page(slug, announcement=form), HTTPStatus.UNPROCESSABLE_ENTITY

    def act(session: Session, problem: Problem, actor: User, now: datetime) -> None:
        competitors = problem_hooks().list_competitors(session, problem)
        post_announcement(
            session,
            problem.contest,
            actor,
            form.notice(),
            now=now,
            problem_slug=problem.slug,
            audience=Audience(competitors, problem.title),
        )

    return _act(slug, act, _("The announcement is published."))


@blueprint.get("/publications")
@access(Access.STAFF)
def publish() -> ResponseReturnValue:
    """Show the upload of a pack and what was uploaded so far."""
    return _publications(PackForm())


@blueprint.post("/publications")
@access(Access.ORGANISER)
@accepts_files
def upload() -> ResponseReturnValue:
    """Take a pack; a worker checks and publishes it."""
    form = PackForm()
    if not form.validate_on_submit():
        return _publications(form), HTTPStatus.UNPROCESSABLE_ENTITY
    port, now = platform(), platform().clock.now()
    try:
        blob = _store(form.pack.data)
    except NotAZipError as error:
        form.pack.errors = [error_text(error)]
        return _publications(form), HTTPStatus.UNPROCESSABLE_ENTITY
    with port.database.transaction() as session:
        publication = publications.receive_pack(
            session,
            blob,
            form.pack.data.filename or "",
            uploader=get_actor(),
            now=now,
            needs_no_pool=form.needs_no_pool.data,
            contest_slug=_chosen_contest(session, form),
            is_draft=bool(form.is_draft.data),
        )
        send_publication(session, publication.id)
    target = url_for("problems_staff.publication", publication_id=publication.id)
    return redirect(target, HTTPStatus.SEE_OTHER)


@blueprint.get("/publications/<int:publication_id>")
@access(Access.STAFF)
def publication(publication_id: int) -> ResponseReturnValue:
    """Show how far a pack has come, and what is wrong with it."""
    with platform().database.reading() as session:
        found = queries.get_publication(session, publication_id)
    return render_template(
        "problems/publication.html",
        publication=found,
        version=_version(found),
        step_names=STEP_NAMES,
        locale=current_locale(),
    )


@blueprint.get("/publications/<int:publication_id>/status.json")
@access(Access.STAFF)
def status(publication_id: int) -> ResponseReturnValue:
    """Say how far a pack has come, for pages that look without being reloaded."""
    with platform().database.reading() as session:
        found = queries.get_publication(session, publication_id)
    return {
        "state": found.state.value,
        "version": _version(found),
        "steps": found.steps,
        "problem": found.problem_slug,
        "done": found.finished_at is not None,
    }


def _version(publication: Publication) -> str:
    """Return what changes whenever the page of a publication would."""
    return f"{publication.state}-{publication.attempts}-{len(publication.steps)}"


def _act(slug: str, act: Act, done: str) -> ResponseReturnValue:
    """Do one thing to a problem and return to its page, with the reason where it is refused."""
    try:
        with platform().database.transaction() as session:
            problem = queries.get_problem(session, slug)
            act(session, problem, get_actor(), platform().clock.now())
    except AppError as error:
        flash(error_text(error), "error")
    else:
        flash(done, "success")
    return _back(slug)


def _back(slug: str) -> ResponseReturnValue:
    return redirect(url_for("problems_staff.show", slug=slug), HTTPStatus.SEE_OTHER)


def _page(
    slug: str, form: SettingsForm | None = None, announcement: AnnouncementForm | None = None
) -> str:
    actor, now = get_actor(), platform().clock.now()
    with platform().database.reading() as session:
        problem = queries.get_problem(session, slug)
        revisions = queries.list_revisions(session, problem)
    present = show_settings(problem)
    fields = {field_of(name): text for name, text in present.items()}
    shown = form or SettingsForm(formdata=None, data=fields)
    return render_template(
        "problems/staff_show.html",
        problem=problem,
        revisions=revisions,
        form=shown,
        fields=[field_of(name) for name in SETTINGS if name in present and field_of(name) in shown],
        announcement=announcement or AnnouncementForm(formdata=None),
        can_edit=policy.can_edit_problem(actor, problem),
        has_ended=operations.has_ended(problem, now),
        timeline=lay_out([problem], now),
        now=now,
    )


def _place_error(form: SettingsForm, error: AppError) -> None:
    name = field_of(str(error.params.get("name", "")))
    if name in form:
        form[name].errors = [error_text(error)]
    else:
        flash(error_text(error), "error")


def _confirmation(slug: str, what: str) -> str:
    with platform().database.reading() as session:
        problem = queries.get_problem(session, slug)
    return render_template(
        "problems/staff_confirm.html", problem=problem, what=what, now=platform().clock.now()
    )


def _chosen_contest(session: Session, form: PackForm) -> str | None:
    """Return the contest that was chosen; None, the default one, where there was no choice."""
    slug = form.contest.data or None
    if slug is not None and slug != DEFAULT_CONTEST:
        get_contest(session, slug)
    return slug


def _publications(form: PackForm) -> str:
    asked = PageRequest.clamp(request.args.get("page", type=int), None)
    with platform().database.reading() as session:
        page = queries.list_publications(session, asked)
        contests = list_running_contests(session)
        default = default_contest(session)
    form.contest.choices = [
        SelectChoice(one.slug, choose_text(one.title, current_locale())) for one in contests
    ] or [SelectChoice(default)]
    if not form.is_submitted():
        form.contest.data = request.args.get("contest", default)
    can_publish = policy.can_publish_problem(get_actor())
    return render_template(
        "problems/publications.html", form=form, page=page, can_publish=can_publish
    )


def _store(upload: FileStorage) -> Blob:
    """Store an uploaded pack; what is no zip at all is refused at once."""
    if not looks_like_zip(upload.stream):
        raise NotAZipError
    upload.stream.seek(0)
    return platform().blobs.put(
        cast("BinaryIO", upload.stream), max_bytes=publications.MAX_PACK_BYTES
    )
