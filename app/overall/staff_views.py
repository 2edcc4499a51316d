"""Where organisers set up overall boards."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.accounts.identity import get_actor
from app.compute.queries import CPU_POOL
from app.contests.models import Contest
from app.contests.queries import find_contest, list_contests
from app.core.current import platform
from app.core.errors import AppError
from app.core.jobs import enqueue
from app.core.web import Access, access
from app.overall import operations, queries
from app.overall.errors import OverallNotFoundError
from app.overall.forms import OverallForm
from app.overall.jobs import count_overall
from app.overall.models import OverallBoard
from app.overall.words import METHODS
from app.ui.error_pages import error_text
from app.ui.i18n import current_locale

blueprint = Blueprint(
    "overall_staff", __name__, template_folder="templates", url_prefix="/staff/overall"
)


@blueprint.get("")
@access(Access.ORGANISER)
def index() -> ResponseReturnValue:
    """List the overall boards, and the contests that may have another."""
    with platform().database.reading() as session:
        boards, contests = queries.list_overall(session), list_contests(session)
    return render_template(
        "overall/staff_index.html", boards=boards, contests=contests, methods=METHODS
    )


@blueprint.route("/new", methods=["GET", "POST"])
@access(Access.ORGANISER)
def create() -> ResponseReturnValue:
    """Make an overall board of the contest that the address names."""
    with platform().database.reading() as session:
        contest = _contest(session)
        problems = operations.list_problems_of(session, contest)
    form = OverallForm()
    form.offer(problems, current_locale())
    if form.validate_on_submit():
        try:
            with platform().database.transaction() as session:
                found = _contest(session)
                settings = form.settings(operations.list_problems_of(session, found))
                overall = operations.create_overall(
                    session, found, get_actor(), settings, now=platform().clock.now()
                )
                _ring(session, overall)
            flash(_("The overall board is there; it is being counted."), "success")
            return redirect(url_for("overall_staff.index"), HTTPStatus.SEE_OTHER)
        except AppError as error:
            flash(error_text(error), "error")
    return _render(form, contest, None, refused=form.is_submitted())


@blueprint.route("/<int:overall_id>", methods=["GET", "POST"])
@access(Access.ORGANISER)
def edit(overall_id: int) -> ResponseReturnValue:
    """Change an overall board."""
    with platform().database.reading() as session:
        overall = queries.get_overall_by_id(session, overall_id)
        problems = operations.list_problems_of(session, overall.contest)
    form = OverallForm.of(overall)
    form.offer(problems, current_locale())
    if form.validate_on_submit():
        try:
            with platform().database.transaction() as session:
                found = queries.get_overall_by_id(session, overall_id)
                settings = form.settings(operations.list_problems_of(session, found.contest))
                operations.change_overall(
                    session, found, get_actor(), settings, now=platform().clock.now()
                )
                _ring(session, found)
            flash(_("The overall board is changed."), "success")
            return redirect(url_for("overall_staff.index"), HTTPStatus.SEE_OTHER)
        except AppError as error:
            flash(error_text(error), "error")
    return _render(form, overall.contest, overall, refused=form.is_submitted())


@blueprint.post("/<int:overall_id>/remove")
@access(Access.ORGANISER)
def remove(overall_id: int) -> ResponseReturnValue:
    """Take an overall board off the site."""
    with platform().database.transaction() as session:
        overall = queries.get_overall_by_id(session, overall_id)
        operations.remove_overall(session, overall, get_actor(), now=platform().clock.now())
    flash(_("The overall board is removed."), "success")
    return redirect(url_for("overall_staff.index"), HTTPStatus.SEE_OTHER)


def _contest(session: Session) -> Contest:
    """Return the contest that is named, or the newest."""
    name = request.args.get("contest")
    contests = list_contests(session)
    found = contests[0] if name is None and contests else find_contest(session, name or "")
    if found is None:
        raise OverallNotFoundError
    return found


def _ring(session: Session, overall: OverallBoard) -> None:
    enqueue(session, platform().queue, CPU_POOL, count_overall, overall.id)


def _render(
    form: OverallForm, contest: Contest, overall: OverallBoard | None, *, refused: bool
) -> ResponseReturnValue:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    page = render_template("overall/edit.html", form=form, contest=contest, overall=overall)
    return page, status
