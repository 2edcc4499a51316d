"""The team page of a problem: found, join, change and leave a team."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session

from app.accounts.identity import get_actor
from app.accounts.models import User
from app.accounts.throttling import throttle_secret
from app.core.current import platform
from app.core.errors import AppError
from app.core.web import Access, access
from app.problems.hooks import problem_hooks
from app.problems.models import Problem
from app.problems.queries import get_readable_problem
from app.teams import inviting, operations, policy, queries
from app.teams.errors import StaffCannotCompeteError
from app.teams.forms import AffiliationForm, InviteForm, JoinForm, NameForm, place_error
from app.teams.models import Team

blueprint = Blueprint(
    "teams", __name__, template_folder="templates", url_prefix="/problems/<slug>/team"
)

Act = Callable[[Session, Problem, User, datetime], object]
Lead = Callable[[Session, Team, User, datetime], None]


@blueprint.get("")
@access(Access.MEMBER)
def show(slug: str) -> ResponseReturnValue:
    """Show one's team of a problem, or how to get into one."""
    return _page(slug, NameForm(), JoinForm(formdata=None, code=http.args.get("code", "")))


@blueprint.post("")
@access(Access.MEMBER)
def create(slug: str) -> ResponseReturnValue:
    """Found a team."""
    form = NameForm()

    def act(session: Session, problem: Problem, user: User, now: datetime) -> None:
        operations.create_team(session, problem, user, form.name.data, now)

    if form.validate_on_submit() and _succeeds(slug, form, act):
        return _back(slug, _("Your team is founded."))
    return _page(slug, form, JoinForm(formdata=None))


@blueprint.post("/join")
@access(Access.MEMBER)
def join(slug: str) -> ResponseReturnValue:
    """Join the team whose captain gave one a code."""
    throttle_secret()
    form = JoinForm()

    def act(session: Session, problem: Problem, user: User, now: datetime) -> None:
        operations.join_team(session, problem, user, form.code.data, now)

    if form.validate_on_submit() and _succeeds(slug, form, act):
        return _back(slug, _("You are in the team."))
    return _page(slug, NameForm(formdata=None), form)


@blueprint.post("/leave")
@access(Access.MEMBER)
def leave(slug: str) -> ResponseReturnValue:
    """Leave one's team."""
    with platform().database.transaction() as session:
        problem, actor = get_readable_problem(session, slug, get_actor()), get_actor()
        operations.leave_team(session, problem, actor, platform().clock.now())
    return _back(slug, _("You have left the team."))


@blueprint.post("/name")
@access(Access.MEMBER)
def rename(slug: str) -> ResponseReturnValue:
    """Give one's team another name."""
    form = NameForm()

    def act(session: Session, problem: Problem, user: User, now: datetime) -> None:
        team = queries.get_team(session, problem, user)
        operations.rename_team(session, team, user, form.name.data, now)
        problem_hooks().note_change(session, problem)

    if form.validate_on_submit() and _succeeds(slug, form, act):
        return _back(slug, _("The team has its new name."))
    return _page(slug, form, JoinForm(formdata=None))


@blueprint.post("/code")
@access(Access.MEMBER)
def replace_code(slug: str) -> ResponseReturnValue:
    """Make a new invite code; the old one stops working."""
    _lead(slug, operations.replace_invite_code)
    return _back(slug, _("The old invite code no longer works."))


@blueprint.post("/invitations")
@access(Access.MEMBER)
def invite(slug: str) -> ResponseReturnValue:
    """Invite a person by their address; whether there is an account with it is not told."""
    throttle_secret()
    form = InviteForm()

    def act(session: Session, problem: Problem, user: User, now: datetime) -> None:
        team = queries.get_team(session, problem, user)
        inviting.invite(session, team, user, form.email.data, now)

    if form.validate_on_submit() and _succeeds(slug, form, act):
        return _back(slug, _("Whoever has an account with this address is told."))
    return _page(slug, NameForm(formdata=None), JoinForm(formdata=None), form)


@blueprint.post("/invitations/<int:number>/accept")
@access(Access.MEMBER)
def accept_invitation(slug: str, number: int) -> ResponseReturnValue:
    """Enter the team one is invited to."""
    with platform().database.transaction() as session:
        problem, actor = get_readable_problem(session, slug, get_actor()), get_actor()
        inviting.accept(session, problem, actor, number, platform().clock.now())
    return _back(slug, _("You are in the team."))


@blueprint.post("/invitations/<int:number>/dismiss")
@access(Access.MEMBER)
def dismiss_invitation(slug: str, number: int) -> ResponseReturnValue:
    """Decline an invitation, or take one's team's back."""
    with platform().database.transaction() as session:
        problem, actor = get_readable_problem(session, slug, get_actor()), get_actor()
        inviting.dismiss(session, problem, actor, number)
    return _back(slug, _("The invitation is gone."))


@blueprint.post("/affiliation")
@access(Access.MEMBER)
def declare_affiliation(slug: str) -> ResponseReturnValue:
    """Say from which school or company one's team is."""
    form = AffiliationForm()

    def act(session: Session, problem: Problem, user: User, now: datetime) -> None:
        team = queries.get_team(session, problem, user)
        operations.declare_affiliation(session, team, user, form.affiliation.data or "", now)

    if form.validate_on_submit() and _succeeds(slug, form, act):
        return _back(slug, _("Saved."))
    return _page(slug, NameForm(formdata=None), JoinForm(formdata=None), affiliation=form)


@blueprint.post("/public-name")
@access(Access.MEMBER)
def show_name(slug: str) -> ResponseReturnValue:
    """Let everybody read one's name on the team's public page, or not."""
    with platform().database.transaction() as session:
        problem, actor = get_readable_problem(session, slug, get_actor()), get_actor()
        team = queries.get_team(session, problem, actor)
        operations.show_own_name(session, team, actor, public=http.form.get("public") == "yes")
    return _back(slug, _("Saved."))


@blueprint.post("/members/<int:user_id>/remove")
@access(Access.MEMBER)
def remove_member(slug: str, user_id: int) -> ResponseReturnValue:
    """Take a member out of one's team."""

    def act(session: Session, team: Team, actor: User, now: datetime) -> None:
        operations.remove_member(session, team, actor, user_id, now)

    _lead(slug, act)
    return _back(slug, _("The member is removed and the invite code is new."))


@blueprint.post("/members/<int:user_id>/captain")
@access(Access.MEMBER)
def hand_over(slug: str, user_id: int) -> ResponseReturnValue:
    """Make another member the captain."""

    def act(session: Session, team: Team, actor: User, now: datetime) -> None:
        operations.hand_over_team(session, team, actor, user_id, now)

    _lead(slug, act)
    return _back(slug, _("The team has a new captain."))


def _succeeds(slug: str, form: FlaskForm, act: Act) -> bool:
    """Act in one transaction; a refusal that a field can show is shown there."""
    try:
        with platform().database.transaction() as session:
            problem, actor = get_readable_problem(session, slug, get_actor()), get_actor()
            act(session, problem, actor, platform().clock.now())
    except AppError as error:
        place_error(form, error)
        return False
    return True


def _lead(slug: str, act: Lead) -> None:
    """Act on one's own team in one transaction."""
    with platform().database.transaction() as session:
        problem, actor = get_readable_problem(session, slug, get_actor()), get_actor()
        team = queries.get_team(session, problem, actor)
        act(session, team, actor, platform().clock.now())


def _page(
    slug: str,
    name: NameForm,
    code: JoinForm,
    email: InviteForm | None = None,
    affiliation: AffiliationForm | None = None,
) -> Response:
    actor, now = get_actor(), platform().clock.now()
    with platform().database.reading() as session:
        problem = get_readable_problem(session, slug, actor)
        if not policy.can_compete(actor):
            raise StaffCannotCompeteError
        team = queries.find_team(session, problem, actor)
        members = [] if team is None else queries.list_members(session, team)
        is_captain = team is not None and policy.can_lead_team(actor, team)
        from_where = AffiliationForm(formdata=None, affiliation=team.affiliation if team else "")
        forms = (name, code, email or InviteForm(formdata=None), affiliation or from_where)
        page = render_template(
            "teams/show.html",
            problem=problem,
            team=team,
            members=members,
            is_captain=is_captain,
            invited=queries.list_invited(session, team) if team is not None and is_captain else [],
            invitations=queries.list_invitations(session, problem, actor) if team is None else [],
            invite_form=forms[2],
            affiliation_form=forms[3],
            is_open=policy.can_change_teams(problem, now),
            name_form=name,
            join_form=code,
        )
    wrong = any(form.errors for form in forms)
    return make_response(page, HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK)


def _back(slug: str, done: str) -> ResponseReturnValue:
    flash(done, "success")
    return redirect(url_for("teams.show", slug=slug), HTTPStatus.SEE_OTHER)
