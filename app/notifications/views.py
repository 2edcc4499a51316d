"""The list behind the bell, and what one wants to hear of."""

from http import HTTPStatus
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.identity import get_actor
from app.core.current import platform
from app.core.pagination import PageRequest
from app.core.web import Access, access, without_csrf
from app.notifications import operations, queries
from app.notifications.models import Delivery, Topic
from app.notifications.unsubscribing import Stop, open_stop
from app.notifications.words import DELIVERIES, NAMES, say
from app.ui.i18n import current_locale

blueprint = Blueprint(
    "notifications", __name__, template_folder="templates", url_prefix="/notifications"
)
_UNMAILED: Final = (Delivery.NONE, Delivery.SITE)
"""What can be chosen where the site sends no mails."""
mail_blueprint = Blueprint("mails", __name__, url_prefix="/mails")


@blueprint.get("")
@access(Access.MEMBER)
def index() -> ResponseReturnValue:
    """List what one was told, newest first, and the choice of what one wants to hear of."""
    actor = get_actor()
    asked = PageRequest.clamp(request.args.get("page", type=int), None)
    with platform().database.reading() as session:
        page = queries.list_notifications(session, actor, asked)
        chosen = queries.map_choices(session, [actor.id])[actor.id]
    return render_template(
        "notifications/index.html",
        page=page,
        said={one.id: say(one.topic, one.facts, current_locale()) for one in page.items},
        names=NAMES,
        deliveries=DELIVERIES if _mails() else {one: DELIVERIES[one] for one in _UNMAILED},
        chosen=chosen if _mails() else {topic: _without_mail(chosen[topic]) for topic in chosen},
        mails=_mails(),
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
    """Set how one wants to be told of what."""
    wanted = {
        topic: Delivery(request.form[topic.value])
        for topic in Topic
        if request.form.get(topic.value) in (DELIVERIES if _mails() else _UNMAILED)
    }
    with platform().database.transaction() as session:
        operations.choose_deliveries(session, get_actor().id, wanted, mails=_mails())
    flash(_("Saved."), "success")
    return redirect(url_for("notifications.index"), HTTPStatus.SEE_OTHER)


@mail_blueprint.get("/stop/<secret>")
@access(Access.ANYONE)
def ask_to_stop(secret: str) -> ResponseReturnValue:
    """Ask whether to stop such mails: programs that look through mails open links by themselves."""
    stop = open_stop(platform().seal, secret)
    return render_template("notifications/stop.html", kind=_kind(stop), secret=secret, done=False)


@mail_blueprint.post("/stop/<secret>")
@without_csrf
@access(Access.ANYONE)
def stop_mails(secret: str) -> ResponseReturnValue:
    """Stop such mails. The link is the proof; mail programs post to it on their own (RFC 8058)."""
    stop = open_stop(platform().seal, secret)
    with platform().database.transaction() as session:
        operations.stop_mails(session, stop.person, stop.topics)
    return render_template("notifications/stop.html", kind=_kind(stop), secret=secret, done=True)


def _kind(stop: Stop) -> str:
    """Return what the link stops, in words; empty where it stops everything."""
    return "" if stop.topic is None else _(NAMES[stop.topic])


def _mails() -> bool:
    return platform().mailer is not None


def _without_mail(delivery: Delivery) -> Delivery:
    return delivery if delivery is Delivery.NONE else Delivery.SITE
