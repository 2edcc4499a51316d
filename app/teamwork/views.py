"""Merging, a team's own history, and the page that everybody may read of a team."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.accounts.identity import find_actor, get_actor
from app.accounts.models import User
from app.core.current import platform
from app.core.errors import AppError
from app.core.web import Access, access
from app.evaluations.standings import rules_of
from app.problems.models import Problem
from app.problems.queries import get_readable_problem
from app.teams import queries as teams
from app.teams.errors import StaffCannotCompeteError
from app.teams.policy import can_compete, can_lead_team
from app.teamwork import operations
from app.teamwork.activity import list_activity
from app.teamwork.forms import MergeForm
from app.teamwork.policy import can_merge_teams
from app.teamwork.profiles import list_places, read_profile

blueprint = Blueprint(
    "teamwork", __name__, template_folder="templates", url_prefix="/problems/<slug>"
)
Act = Callable[[Session, Problem, User, datetime], object]


@blueprint.get("/teams/<int:team_id>")
@access(Access.ANYONE)
def profile(slug: str, team_id: int) -> ResponseReturnValue:
    """Show a team: its division, where it is from, who lets themselves be named, its places."""
    actor = find_actor()
    with platform().database.reading() as session:
        found = read_profile(session, slug, team_id, actor)
    if found.merged_into is not None:
        where = url_for("teamwork.profile", slug=slug, team_id=found.merged_into.id)
        return redirect(where, HTTPStatus.FOUND)
    places = list_places(platform(), slug, team_id, actor)
    return render_template("teamwork/profile.html", found=found, places=places)


@blueprint.get("/team/activity")
@access(Access.MEMBER)
def activity(slug: str) -> ResponseReturnValue:
    """Show what one's own team did, newest first."""
    actor = get_actor()
    with platform().database.reading() as session:
        problem = get_readable_problem(session, slug, actor)
        if not can_compete(actor):
            raise StaffCannotCompeteError
        team = teams.get_team(session, problem, actor)
        steps = list_activity(session, problem, team)
        primary = rules_of(session, problem).scoring.primary
    return render_template(
        "teamwork/activity.html", problem=problem, team=team, steps=steps, primary=primary
    )


@blueprint.get("/team/merge")
@access(Access.MEMBER)
def merging(slug: str) -> ResponseReturnValue:
    """Show the rules of merging, what was asked, and the form to ask."""
    return _page(slug, MergeForm(formdata=None))


@blueprint.post("/team/merge")
@access(Access.MEMBER)
def ask(slug: str) -> ResponseReturnValue:
    """Ask to become part of another team."""
    form = MergeForm()
    if not form.validate_on_submit():
        return _page(slug, form), HTTPStatus.BAD_REQUEST

    def act(session: Session, problem: Problem, actor: User, now: datetime) -> None:
        team = teams.get_team(session, problem, actor)
        operations.ask_to_merge(session, team, actor, form.partner.data, now)

    try:
        _act(slug, act)
    except AppError as error:
        form.partner.errors = (_(error.message, **error.params),)
        return _page(slug, form), HTTPStatus.BAD_REQUEST
    return _back(slug, _("The other team’s captain is asked."))


@blueprint.post("/team/merge/<int:number>/accept")
@access(Access.MEMBER)
def accept(slug: str, number: int) -> ResponseReturnValue:
    """Take the team that asked into one's own."""

    def act(session: Session, problem: Problem, actor: User, now: datetime) -> None:
        operations.accept_merge(session, problem, actor, number, now)

    _act(slug, act)
    return _back(slug, _("You are one team now."))


@blueprint.post("/team/merge/<int:number>/dismiss")
@access(Access.MEMBER)
def dismiss(slug: str, number: int) -> ResponseReturnValue:
    """Decline a request, or take one's own back."""

    def act(session: Session, problem: Problem, actor: User, now: datetime) -> None:
        operations.dismiss_merge(session, problem, actor, number, now)

    _act(slug, act)
    return _back(slug, _("The request is gone."))


def _act(slug: str, act: Act) -> None:
    with platform().database.transaction() as session:
        actor = get_actor()
        problem = get_readable_problem(session, slug, actor)
        act(session, problem, actor, platform().clock.now())


def _page(slug: str, form: MergeForm) -> str:
    actor, now = get_actor(), platform().clock.now()
    with platform().database.reading() as session:
        problem = get_readable_problem(session, slug, actor)
        if not can_compete(actor):
            raise StaffCannotCompeteError
        team = teams.get_team(session, problem, actor)
        requests = teams.list_merge_requests(session, team)
    return render_template(
        "teamwork/merge.html",
        problem=problem,
        team=team,
        form=form,
        asked=[one for one in requests if one.into_team_id == team.id],
        asking=[one for one in requests if one.from_team_id == team.id],
        is_captain=can_lead_team(actor, team),
        is_open=can_merge_teams(problem, now),
    )


def _back(slug: str, done: str) -> ResponseReturnValue:
    flash(done, "success")
    return redirect(url_for("teamwork.merging", slug=slug), HTTPStatus.SEE_OTHER)
