"""Pages with which organisers look after other people's accounts."""

from http import HTTPStatus

from flask import Blueprint, Response, flash, make_response, redirect, render_template, url_for
from flask import request as http
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts import policy, queries, staff_operations
from app.accounts.errors import DisablingReasonError
from app.accounts.hooks import account_hooks
from app.accounts.identity import get_actor
from app.accounts.models import Role
from app.core.current import platform
from app.core.errors import InvalidError
from app.core.pagination import PageRequest
from app.core.web import Access, access
from app.ui.error_pages import error_text

blueprint = Blueprint(
    "accounts_staff", __name__, template_folder="templates", url_prefix="/staff/users"
)


@blueprint.get("")
@access(Access.ORGANISER)
def index() -> ResponseReturnValue:
    """List people, searched by name or address and narrowed to a role."""
    search = http.args.get("q", "").strip()
    role = _parse_role(http.args.get("role"))
    page = PageRequest.clamp(http.args.get("page", type=int), http.args.get("per_page", type=int))
    with platform().database.reading() as session:
        found = queries.list_users(session, search, role, page)
    return render_template(
        "accounts/staff_index.html", page=found, search=search, role=role, roles=list(Role)
    )


@blueprint.get("/<int:user_id>")
@access(Access.ORGANISER)
def show(user_id: int) -> ResponseReturnValue:
    """Show one person with what one may do to their account."""
    return _person(user_id)


@blueprint.post("/<int:user_id>/role")
@access(Access.ORGANISER)
def change_role(user_id: int) -> ResponseReturnValue:
    """Give a person another role."""
    role = _parse_role(http.form.get("role"))
    if role is None:
        raise InvalidError
    with platform().database.transaction() as session:
        staff_operations.change_role(
            session, get_actor(), user_id, role, now=platform().clock.now()
        )
    flash(_("The role is changed."), "success")
    return _back(user_id)


@blueprint.post("/<int:user_id>/disable")
@access(Access.ORGANISER)
def disable(user_id: int) -> ResponseReturnValue:
    """Shut a person out."""
    reason = http.form.get("reason", "")
    try:
        with platform().database.transaction() as session:
            now = platform().clock.now()
            staff_operations.disable_user(session, get_actor(), user_id, reason, now=now)
    except DisablingReasonError as error:
        flash(error_text(error), "error")
        return _back(user_id)
    flash(_("The account is disabled; its sessions and tokens have ended."), "success")
    return _back(user_id)


@blueprint.post("/<int:user_id>/enable")
@access(Access.ORGANISER)
def enable(user_id: int) -> ResponseReturnValue:
    """Let a person in again."""
    with platform().database.transaction() as session:
        staff_operations.enable_user(session, get_actor(), user_id, now=platform().clock.now())
    flash(_("The account works again."), "success")
    return _back(user_id)


@blueprint.post("/<int:user_id>/reset-link")
@access(Access.ORGANISER)
def create_reset_link(user_id: int) -> ResponseReturnValue:
    """Make a password link and show it, this once, to be handed over."""
    with platform().database.transaction() as session:
        secret = staff_operations.create_reset_link(
            session, get_actor(), user_id, now=platform().clock.now()
        )
    link = url_for("accounts.reset_password", secret=secret, _external=True)
    response = _person(user_id, link=link)
    response.headers["Cache-Control"] = "no-store"
    return response


def _person(user_id: int, *, link: str | None = None) -> Response:
    actor = get_actor()
    with platform().database.reading() as session:
        user = queries.get_user(session, user_id)
        teams = account_hooks().teams_of(session, user)
    page = render_template(
        "accounts/staff_show.html",
        user=user,
        teams=teams,
        link=link,
        grantable=policy.grantable_roles(actor, user),
        manageable=policy.can_manage_user(actor, user),
    )
    return make_response(page)


def _back(user_id: int) -> ResponseReturnValue:
    return redirect(url_for("accounts_staff.show", user_id=user_id), HTTPStatus.SEE_OTHER)


def _parse_role(text: str | None) -> Role | None:
    return Role(text) if text in set(Role) else None
