"""Where organisers class the teams of a problem and take one off the boards; judges look on."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.accounts.identity import get_actor
from app.accounts.models import User
from app.core.current import platform
from app.core.errors import AppError, NotFoundError
from app.core.pagination import PageRequest
from app.core.web import Access, access
from app.leaderboards import operations
from app.leaderboards.forms import ClassForm, ReasonForm
from app.leaderboards.queries import get_team, list_classed_teams
from app.problems.policy import can_edit_problem
from app.problems.queries import get_problem
from app.teams.models import Team
from app.ui.error_pages import error_text

blueprint = Blueprint(
    "leaderboards_staff",
    __name__,
    template_folder="templates",
    url_prefix="/staff/problems/<slug>/teams",
)

TEAMS_PER_PAGE: Final = 50
Act = Callable[[Session, Team, User, datetime], None]


@blueprint.get("")
@access(Access.STAFF)
def index(slug: str) -> ResponseReturnValue:
    """List the teams of a problem by name, with how they are classed."""
    asked = PageRequest.clamp(request.args.get("page", type=int), None, default=TEAMS_PER_PAGE)
    text = request.args.get("q", "").strip()[:100]
    with platform().database.reading() as session:
        problem = get_problem(session, slug)
        page = list_classed_teams(session, problem, text, asked)
    return render_template(
        "leaderboards/teams.html",
        problem=problem,
        page=page,
        search=text,
        can_edit=can_edit_problem(get_actor(), problem),
    )


@blueprint.post("/<int:team_id>/class")
@access(Access.ORGANISER)
def change(slug: str, team_id: int) -> ResponseReturnValue:
    """Put a team into a division, or beside the board."""
    form = ClassForm()

    def act(session: Session, team: Team, actor: User, now: datetime) -> None:
        operations.class_team(
            session,
            team,
            actor,
            division=form.division.data or "",
            pinned=bool(form.pinned.data),
            now=now,
        )

    return _act(slug, team_id, act, _("The team is classed."))


@blueprint.post("/<int:team_id>/disqualify")
@access(Access.ORGANISER)
def disqualify(slug: str, team_id: int) -> ResponseReturnValue:
    """Take a team off every board."""
    form = ReasonForm()

    def act(session: Session, team: Team, actor: User, now: datetime) -> None:
        operations.disqualify(session, team, actor, form.reason.data or "", now=now)

    return _act(slug, team_id, act, _("The team is disqualified; those below it have moved up."))


@blueprint.post("/<int:team_id>/reinstate")
@access(Access.ORGANISER)
def reinstate(slug: str, team_id: int) -> ResponseReturnValue:
    """Put a disqualified team back."""
    form = ReasonForm()

    def act(session: Session, team: Team, actor: User, now: datetime) -> None:
        operations.reinstate(session, team, actor, form.reason.data or "", now=now)

    return _act(slug, team_id, act, _("The team is back on the boards."))


def _act(slug: str, team_id: int, act: Act, done: str) -> ResponseReturnValue:
    try:
        with platform().database.transaction() as session:
            team = get_team(session, get_problem(session, slug), team_id)
            act(session, team, get_actor(), platform().clock.now())
    except NotFoundError:
        raise
    except AppError as error:
        flash(error_text(error), "error")
    else:
        flash(done, "success")
    return redirect(url_for("leaderboards_staff.index", slug=slug), HTTPStatus.SEE_OTHER)
