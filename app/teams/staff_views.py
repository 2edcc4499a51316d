"""Where organisers find teams, approve them and move people between them; judges look on."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

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
from app.teams import policy, staff_operations, staff_queries
from app.teams.models import Team
from app.teams.staff_queries import TeamFilter
from app.ui.error_pages import error_text

blueprint = Blueprint(
    "teams_staff", __name__, template_folder="templates", url_prefix="/staff/teams"
)

TEAMS_PER_PAGE = 50
Act = Callable[[Session, Team, User, datetime], None]


@blueprint.get("")
@access(Access.STAFF)
def index() -> ResponseReturnValue:
    """List the teams of all problems, searched and narrowed to those that wait for approval."""
    asked = PageRequest.clamp(request.args.get("page", type=int), None, default=TEAMS_PER_PAGE)
    wanted = TeamFilter(
        text=request.args.get("q", "").strip()[:100],
        problem=request.args.get("problem", "")[:64],
        waiting=request.args.get("show") == "waiting",
    )
    with platform().database.reading() as session:
        page = staff_queries.list_all_teams(session, wanted, asked)
        waiting = staff_queries.count_waiting_teams(session)
    return render_template(
        "teams/staff_index.html",
        page=page,
        wanted=wanted,
        waiting=waiting,
        can_manage=policy.can_manage_teams(get_actor()),
    )


@blueprint.get("/<int:team_id>")
@access(Access.STAFF)
def show(team_id: int) -> ResponseReturnValue:
    """Show a team's members with what can be done; `to` searches for another team to move to."""
    text, now = request.args.get("to", "").strip()[:100], platform().clock.now()
    with platform().database.reading() as session:
        team = staff_queries.get_any_team(session, team_id)
        targets = staff_queries.find_targets(session, team, text) if text else []
    return render_template(
        "teams/staff_show.html",
        team=team,
        targets=targets,
        search=text,
        is_open=policy.can_change_teams(team.problem, now),
        can_manage=policy.can_manage_teams(get_actor()),
    )


@blueprint.post("/<int:team_id>/approve")
@access(Access.ORGANISER)
def approve(team_id: int) -> ResponseReturnValue:
    """Let a team submit."""

    def act(session: Session, team: Team, actor: User, now: datetime) -> None:
        staff_operations.approve_team(session, team, actor, now=now)

    return _act(team_id, act, _("The team is approved."))


@blueprint.post("/<int:team_id>/take-back")
@access(Access.ORGANISER)
def take_back(team_id: int) -> ResponseReturnValue:
    """Take a team's approval back, with a reason."""
    reason = request.form.get("reason", "")

    def act(session: Session, team: Team, actor: User, now: datetime) -> None:
        staff_operations.take_back_approval(session, team, actor, reason, now=now)

    return _act(team_id, act, _("The approval is taken back."))


@blueprint.post("/<int:team_id>/members/<int:user_id>/move")
@access(Access.ORGANISER)
def move(team_id: int, user_id: int) -> ResponseReturnValue:
    """Put a member into another team of the problem, with a reason."""
    target_id = request.form.get("target", type=int) or 0
    reason = request.form.get("reason", "")

    def act(session: Session, team: Team, actor: User, now: datetime) -> None:
        target = staff_queries.get_any_team(session, target_id)
        staff_operations.move_member(session, team, target, user_id, actor, reason, now=now)

    return _act(team_id, act, _("The person is in the other team now."), then=target_id)


def _act(team_id: int, act: Act, done: str, *, then: int | None = None) -> ResponseReturnValue:
    """Do one thing to a team and show it, or the team of number `then`, afterwards."""
    shown = team_id
    try:
        with platform().database.transaction() as session:
            team = staff_queries.get_any_team(session, team_id)
            act(session, team, get_actor(), platform().clock.now())
    except NotFoundError:
        raise
    except AppError as error:
        flash(error_text(error), "error")
    else:
        flash(done, "success")
        shown = then or team_id
    back = request.form.get("back", "")
    if back == "list":
        return redirect(url_for("teams_staff.index", show="waiting"), HTTPStatus.SEE_OTHER)
    return redirect(url_for("teams_staff.show", team_id=shown), HTTPStatus.SEE_OTHER)
