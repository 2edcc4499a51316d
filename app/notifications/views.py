"""The list behind the bell, and what one wants to hear of."""

from http import HTTPStatus
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.identity import get_actor
from app.core.current import platform
from app.core.i18n import N_
from app.core.pagination import PageRequest
from app.core.web import Access, access
from app.notifications import operations, queries
from app.notifications.models import Topic

blueprint = Blueprint(
    "notifications", __name__, template_folder="templates", url_prefix="/notifications"
)
WORDS: Final = {
    Topic.REPLY: N_("%(who)s wrote in “%(title)s”."),
    Topic.ANSWER: N_("Your post in “%(title)s” was marked as the answer."),
    Topic.MODERATED: N_("The organisers hid your post in “%(title)s”: %(reason)s"),
}
NAMES: Final = {
    Topic.REPLY: N_("Somebody writes in a discussion I follow"),
    Topic.ANSWER: N_("My post is marked as the answer"),
    Topic.MODERATED: N_("The organisers hide a post of mine"),
}


@blueprint.get("")
@access(Access.MEMBER)
def index() -> ResponseReturnValue:
    """List what one was told, newest first, and the choice of what one wants to hear of."""
    actor = get_actor()
    asked = PageRequest.clamp(request.args.get("page", type=int), None)
    with platform().database.reading() as session:
        page = queries.list_notifications(session, actor, asked)
        muted = queries.list_muted(session, actor)
    return render_template(
        "notifications/index.html",
        page=page,
        said={one.id: _(WORDS[one.topic], **_facts(one.facts)) for one in page.items},
        names=NAMES,
        muted=muted,
    )


@blueprint.get("/<int:number>")
@access(Access.MEMBER)
def follow(number: int) -> ResponseReturnValue:
    """Go to what a notification is about, which is then read."""
    port = platform()
    with port.database.transaction() as session:
        found = queries.get_notification(session, get_actor(), number)
        operations.read(session, found, now=port.clock.now())
        path = found.path
    return redirect(path, HTTPStatus.SEE_OTHER)


@blueprint.post("/read")
@access(Access.MEMBER)
def read_all() -> ResponseReturnValue:
    """Mark everything as read."""
    port = platform()
    with port.database.transaction() as session:
        operations.read_all(session, get_actor(), now=port.clock.now())
    return redirect(url_for("notifications.index"), HTTPStatus.SEE_OTHER)


@blueprint.post("/topics")
@access(Access.MEMBER)
def choose() -> ResponseReturnValue:
    """Set what one wants to hear of."""
    wanted = {topic for topic in Topic if topic.value in request.form.getlist("topic")}
    with platform().database.transaction() as session:
        operations.choose_topics(session, get_actor(), wanted)
    flash(_("Saved."), "success")
    return redirect(url_for("notifications.index"), HTTPStatus.SEE_OTHER)


def _facts(facts: dict[str, object]) -> dict[str, str]:
    """Return all that any words may ask for; what a kind does not have is empty."""
    return {name: str(facts.get(name, "")) for name in ("who", "title", "reason")}
