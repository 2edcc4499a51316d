"""Where organisers look at a problem as a team does, publish, archive and clone it."""

from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields import SelectChoice

from app.accounts.identity import get_actor
from app.accounts.models import Role, User
from app.contests.queries import get_contest, list_contests, list_running_contests
from app.core.current import platform
from app.core.errors import AppError
from app.core.i18n import choose_text
from app.core.pagination import PageRequest
from app.core.times import parse_time, wall_clock
from app.core.web import Access, access
from app.problems import lifecycle, queries, revising
from app.problems.forms import CloneForm
from app.problems.hooks import problem_hooks
from app.problems.models import Problem
from app.problems.problem_page import problem_page
from app.problems.revising import EditedPack
from app.problems.timeline import lay_out
from app.ui.error_pages import error_text
from app.ui.i18n import current_locale
from problems.pack import PackError

blueprint = Blueprint(
    "problems_lifecycle", __name__, template_folder="templates", url_prefix="/staff"
)
ROWS_PER_PAGE = 50
CHANGES = {
    "publish": lifecycle.publish_problem,
    "unpublish": lifecycle.unpublish_problem,
    "archive": lifecycle.archive_problem,
    "reopen": lifecycle.reopen_problem,
}


@blueprint.get("/schedule")
@access(Access.STAFF)
def schedule() -> ResponseReturnValue:
    """Draw the stages of all problems on one axis."""
    asked = PageRequest.clamp(request.args.get("page", type=int), None, default=ROWS_PER_PAGE)
    chosen, now = request.args.get("contest", ""), platform().clock.now()
    with platform().database.reading() as session:
        page = queries.list_scheduled_problems(session, chosen, asked)
        contests = list_contests(session)
    return render_template(
        "problems/schedule.html",
        page=page,
        timeline=lay_out(page.items, now),
        contests=contests,
        chosen=chosen,
        now=now,
    )


@blueprint.get("/problems/<slug>/<any(publish, unpublish, archive, reopen):what>")
@access(Access.ORGANISER)
def confirm(slug: str, what: str) -> ResponseReturnValue:
    """Say what follows from a change of what everybody sees, before it is made."""
    now = platform().clock.now()
    with platform().database.reading() as session:
        problem = queries.get_problem(session, slug)
        standing = problem_hooks().standings_of(session, [problem]).get(problem.id)
    return render_template(
        "problems/staff_change.html",
        problem=problem,
        what=what,
        teams=0 if standing is None else standing.teams,
        now=now,
    )


@blueprint.post("/problems/<slug>/<any(publish, unpublish, archive, reopen):what>")
@access(Access.ORGANISER)
def change(slug: str, what: str) -> ResponseReturnValue:
    """Publish a problem, take it off the site, archive it, or take it out of the archive."""
    done = {
        "publish": _("The problem is on the site."),
        "unpublish": _("The problem is off the site."),
        "archive": _("The problem is archived."),
        "reopen": _("The problem is out of the archive. Its stages are as they were."),
    }
    try:
        with platform().database.transaction() as session:
            problem = queries.get_problem(session, slug)
            actor, now = get_actor().as_actor(), platform().clock.now()
            CHANGES[what](session, problem, actor=actor, now=now)
    except AppError as error:
        flash(error_text(error), "error")
    else:
        flash(done[what], "success")
    return redirect(url_for("problems_staff.show", slug=slug), HTTPStatus.SEE_OTHER)


@blueprint.get("/problems/<slug>/preview")
@access(Access.STAFF)
def preview(slug: str) -> ResponseReturnValue:
    """Show a problem as somebody who is in no team yet sees it, now or at another moment."""
    at, is_wrong = _read_moment(request.args.get("at", ""))
    nobody = User(id=0, name=_("a participant"), role=Role.PARTICIPANT, unread_notifications=0)
    with platform().database.reading() as session:
        problem = queries.get_problem(session, slug)
        parts = problem_page(session, problem, nobody, at)
    return render_template(
        "problems/preview.html", actor=nobody, at=wall_clock(at), is_wrong=is_wrong, **parts
    )


@blueprint.route("/problems/<slug>/clone", methods=["GET", "POST"])
@access(Access.ORGANISER)
def clone(slug: str) -> ResponseReturnValue:
    """Make a new problem like this one, off the site."""
    with platform().database.reading() as session:
        problem = queries.get_problem(session, slug)
        revision = queries.get_current_revision(session, problem)
        contests = list_running_contests(session)
    form = CloneForm(data={"slug": f"{slug[:60]}-2", "contest": problem.contest.slug})
    form.contest.choices = [
        SelectChoice(one.slug, choose_text(one.title, current_locale())) for one in contests
    ]
    if form.validate_on_submit():
        name = form.slug.data.strip()
        try:
            edited = revising.edit_slug(platform(), revision, name)
            _save_clone(problem, edited, form.contest.data)
        except PackError as error:
            words = [issue.words(current_locale()) for issue in error.issues]
            form.slug.errors = words
        except AppError as error:
            form.slug.errors = [error_text(error)]
        else:
            flash(_("The clone is made. It is not on the site yet."), "success")
            return redirect(url_for("problems_staff.show", slug=name), HTTPStatus.SEE_OTHER)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    page = render_template("problems/clone.html", problem=problem, revision=revision, form=form)
    return page, status


def _save_clone(original: Problem, edited: EditedPack, contest_slug: str) -> None:
    with platform().database.transaction() as session:
        problem = queries.get_problem(session, original.slug)
        current = queries.get_current_revision(session, problem)
        revision = revising.clone_problem(
            session,
            problem,
            current,
            edited,
            get_contest(session, contest_slug),
            actor=get_actor().as_actor(),
            now=platform().clock.now(),
        )
        if edited.baseline is not None:
            problem_hooks().submit_baseline(session, platform(), revision, edited.baseline)


def _read_moment(text: str) -> tuple[datetime, bool]:
    """Return the moment asked for, else the present, and whether what was asked is no moment."""
    now = platform().clock.now()
    if not text.strip():
        return now, False
    try:
        return parse_time(text), False
    except (ValueError, OverflowError):
        return now, True
