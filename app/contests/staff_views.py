"""Where organisers announce."""

from http import HTTPStatus
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from wtforms.fields import SelectChoice

from app.accounts.identity import get_actor
from app.contests import operations, queries
from app.contests.forms import AnnouncementForm, ContestAnnouncementForm
from app.contests.models import Announcement
from app.core.api import translate
from app.core.current import platform
from app.core.i18n import N_, Locale, choose_text
from app.core.pagination import PageRequest
from app.core.web import Access, access
from app.ui.i18n import current_locale

blueprint = Blueprint(
    "contests_staff", __name__, template_folder="templates", url_prefix="/staff/announcements"
)

_CORRECTION: Final = N_("Correction: %(title)s")


@blueprint.route("", methods=["GET", "POST"])
@access(Access.ORGANISER)
def create() -> ResponseReturnValue:
    """Show the form and what was announced; post an announcement to a whole contest."""
    with platform().database.reading() as session:
        form = _form(session)
        page = queries.list_announcements(
            session, PageRequest.clamp(request.args.get("page", type=int), None)
        )
    if form.validate_on_submit():
        _post(form)
        flash(_("The announcement is published."), "success")
        return redirect(url_for("contests.announcements"), HTTPStatus.SEE_OTHER)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render_template("contests/staff_announcements.html", form=form, page=page), status


def _form(session: Session) -> ContestAnnouncementForm:
    form = ContestAnnouncementForm()
    form.contest.choices = [
        SelectChoice(contest.slug, choose_text(contest.title, current_locale()))
        for contest in queries.list_contests(session)
    ] or [SelectChoice(operations.DEFAULT_CONTEST)]
    return form


def _post(form: ContestAnnouncementForm) -> None:
    now = platform().clock.now()
    with platform().database.transaction() as session:
        contest = operations.ensure_contest(session, form.contest.data, now=now)
        operations.post_announcement(
            session,
            contest,
            get_actor(),
            form.notice(),
            now=now,
        )


@blueprint.route("/<int:number>/correct", methods=["GET", "POST"])
@access(Access.ORGANISER)
def correct(number: int) -> ResponseReturnValue:
    """Show an announcement and the form of its correction; publish the correction."""
    port, actor = platform(), get_actor()
    with port.database.reading() as session:
        wrong = queries.get_announcement(session, number)
    form = AnnouncementForm()
    if not form.is_submitted():
        form = AnnouncementForm(formdata=None, data=_draft(wrong))
    if form.validate_on_submit():
        with port.database.transaction() as session:
            first = queries.get_announcement(session, number)
            made = operations.correct_announcement(
                session, first, actor, form.notice(), now=port.clock.now()
            )
        flash(_("The correction is published."), "success")
        target = url_for("contests.announcement", number=made.id)
        return redirect(target, HTTPStatus.SEE_OTHER)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render_template("contests/staff_correct.html", wrong=wrong, form=form), status


def _draft(wrong: Announcement) -> dict[str, str]:
    """Return the first texts, for the organiser to change what is wrong in them."""
    english = translate(_CORRECTION, Locale.EN.value, {"title": wrong.title_en})
    chinese = translate(_CORRECTION, Locale.ZH_HANS.value, {"title": wrong.title})
    return {
        "title": chinese[: operations.LONGEST_TITLE],
        "body": wrong.body,
        "title_en": english[: operations.LONGEST_TITLE] if wrong.title_en else "",
        "body_en": wrong.body_en,
    }
