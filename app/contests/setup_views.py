"""Where organisers make contests, change and archive them; judges look on."""

from dataclasses import asdict
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.accounts.identity import get_actor
from app.contests import policy, queries, setting_up
from app.contests.errors import ContestChangedError
from app.contests.forms import ContestForm
from app.contests.hooks import contest_hooks
from app.contests.models import Contest
from app.contests.setting_up import ContestText
from app.core.current import platform
from app.core.errors import AppError
from app.core.web import Access, access
from app.ui.error_pages import error_text

blueprint = Blueprint(
    "contests_setup", __name__, template_folder="templates", url_prefix="/staff/contests"
)


@blueprint.get("")
@access(Access.STAFF)
def index() -> ResponseReturnValue:
    """List the contests."""
    with platform().database.reading() as session:
        contests = queries.list_contests(session)
    return render_template(
        "contests/setup_index.html",
        contests=contests,
        can_manage=policy.can_manage_contest(get_actor()),
    )


@blueprint.route("/new", methods=["GET", "POST"])
@access(Access.ORGANISER)
def create() -> ResponseReturnValue:
    """Make a contest, from nothing or from the texts of another one."""
    original = request.args.get("from", "")
    form = ContestForm(data=_text_of(original) if original else None)
    if form.validate_on_submit():
        try:
            with platform().database.transaction() as session:
                contest = setting_up.create_contest(
                    session,
                    form.slug.data.strip(),
                    form.as_text(),
                    get_actor(),
                    now=platform().clock.now(),
                    copied_from=original or None,
                )
        except AppError as error:
            _place_error(form, error)
        else:
            flash(_("The contest is made. Publish problems in it next."), "success")
            return _back(contest.slug)
    return _form_page(form, None, original)


@blueprint.get("/<slug>")
@access(Access.STAFF)
def show(slug: str) -> ResponseReturnValue:
    """Show a contest with its problems and what can be done with it."""
    with platform().database.reading() as session:
        contest = queries.get_contest(session, slug)
        problems = contest_hooks().problems_of(session, contest, platform().clock.now())
    return render_template(
        "contests/setup_show.html",
        contest=contest,
        problems=problems,
        can_manage=policy.can_manage_contest(get_actor()),
    )


@blueprint.route("/<slug>/edit", methods=["GET", "POST"])
@access(Access.ORGANISER)
def edit(slug: str) -> ResponseReturnValue:
    """Change a contest; nothing typed is lost when somebody else saved it meanwhile."""
    with platform().database.reading() as session:
        contest = queries.get_contest(session, slug)
    present = asdict(setting_up.write_out(contest))
    form = ContestForm(data=present | {"slug": slug, "seen": setting_up.fingerprint(contest)})
    saved: ContestText | None = None
    if form.validate_on_submit():
        try:
            with platform().database.transaction() as session:
                setting_up.change_contest(
                    session,
                    queries.get_contest(session, slug),
                    form.as_text(),
                    get_actor(),
                    seen=request.form.get("seen", ""),
                    now=platform().clock.now(),
                )
        except ContestChangedError as error:
            flash(error_text(error), "warning")
            saved = setting_up.write_out(contest)
            form.seen.data = setting_up.fingerprint(contest)
            return _form_page(form, contest, "", saved=saved, status=HTTPStatus.CONFLICT)
        except AppError as error:
            _place_error(form, error)
        else:
            flash(_("The contest is saved."), "success")
            return _back(slug)
    return _form_page(form, contest, "")


@blueprint.get("/<slug>/<any(archive, stages):what>")
@access(Access.ORGANISER)
def confirm(slug: str, what: str) -> ResponseReturnValue:
    """Say what follows from archiving a contest, or from setting the stages of its problems."""
    with platform().database.reading() as session:
        contest = queries.get_contest(session, slug)
        problems = contest_hooks().problems_of(session, contest, platform().clock.now())
    return render_template(
        "contests/setup_confirm.html",
        contest=contest,
        what=what,
        problems=[problem for problem in problems if not problem.is_archived],
    )


@blueprint.post("/<slug>/archive")
@access(Access.ORGANISER)
def archive(slug: str) -> ResponseReturnValue:
    """Archive a contest with all its problems."""
    now, actor = platform().clock.now(), get_actor()
    with platform().database.transaction() as session:
        contest = queries.get_contest(session, slug)
        contest_hooks().archive_problems(session, contest, actor.as_actor(), now)
        setting_up.archive_contest(session, contest, actor, now=now)
    flash(_("The contest and its problems are archived."), "success")
    return _back(slug)


@blueprint.post("/<slug>/reopen")
@access(Access.ORGANISER)
def reopen(slug: str) -> ResponseReturnValue:
    """Take a contest out of the archive; its problems are taken out one by one."""
    with platform().database.transaction() as session:
        contest = queries.get_contest(session, slug)
        setting_up.reopen_contest(session, contest, get_actor(), now=platform().clock.now())
    flash(_("The contest is open again. Its problems stay in the archive."), "success")
    return _back(slug)


@blueprint.post("/<slug>/stages")
@access(Access.ORGANISER)
def set_stages(slug: str) -> ResponseReturnValue:
    """Give all problems of a contest the contest's stages: all of them or, if one refuses, none."""
    now, actor = platform().clock.now(), get_actor()
    try:
        with platform().database.transaction() as session:
            contest = queries.get_contest(session, slug)
            setting_up.require_running(contest)
            count = contest_hooks().set_stages(session, contest, actor.as_actor(), now)
    except AppError as error:
        flash(error_text(error), "error")
    else:
        done = ngettext(
            "%(num)s problem has these stages.", "%(num)s problems have these stages.", count
        )
        flash(done, "success")
    return _back(slug)


def _text_of(slug: str) -> dict[str, object]:
    with platform().database.reading() as session:
        return asdict(setting_up.write_out(queries.get_contest(session, slug)))


def _form_page(
    form: ContestForm,
    contest: Contest | None,
    original: str,
    *,
    saved: ContestText | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> ResponseReturnValue:
    page = render_template(
        "contests/setup_form.html", form=form, contest=contest, original=original, saved=saved
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else status


def _place_error(form: ContestForm, error: AppError) -> None:
    name = str(error.params.get("field", "slug" if "slug" in error.params else ""))
    if name in form:
        form[name].errors = [error_text(error)]
    else:
        flash(error_text(error), "error")


def _back(slug: str) -> ResponseReturnValue:
    return redirect(url_for("contests_setup.show", slug=slug), HTTPStatus.SEE_OTHER)
