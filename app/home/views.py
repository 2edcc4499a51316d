"""The home page, and what machines ask: is it alive, is it ready, how is it doing."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from app.accounts.identity import find_actor
from app.contests.queries import list_announcements, list_contests
from app.core.clock import next_beijing_midnight
from app.core.current import platform
from app.core.pagination import PageRequest
from app.core.web import Access, access
from app.home import wall
from app.home.cards import draw_card, draw_wall_card
from app.home.drawing import draw
from app.home.health import find_faults
from app.home.metrics import render_metrics
from app.home.queries import Window, get_facts, list_windows, split_open
from app.overall.queries import list_titles
from app.problems.queries import get_readable_problem

blueprint = Blueprint("home", __name__, template_folder="templates")

_NEWEST: Final = PageRequest(1, 5)
_SOONEST: Final = 12
"""How many open problems the home page lists; the hall has them all."""


@blueprint.get("/")
@access(Access.ANYONE)
def index() -> ResponseReturnValue:
    """Show the wall, the numbers, what is open and what is new."""
    now = platform().clock.now()
    today = beijing_midnight(now)
    with platform().database.reading() as session:
        windows = list_windows(session, now=now, today=today)
        facts = get_facts(session, today=today)
        announcements = list_announcements(session, _NEWEST).items
        contests = list_contests(session)
        overall = list_titles(session)
    running = split_open(windows)
    built = wall.build_wall(windows)
    return render_template(
        "home/index.html",
        contest=contests[0] if contests else None,
        wall=built,
        draw_wall=partial(draw, windows, built),
        geometry=wall,
        overall=overall,
        open_problems=running[:_SOONEST],
        open_count=len(running),
        problems=len(windows),
        facts=facts,
        announcements=announcements,
        now=now,
    )


@blueprint.get("/card.png")
@access(Access.ANYONE)
def card() -> ResponseReturnValue:
    """Send the wall as a picture, for links that people share."""
    return _picture(draw_wall_card(_windows()))


@blueprint.get("/problems/<slug>/card.png")
@access(Access.ANYONE)
def problem_card(slug: str) -> ResponseReturnValue:
    """Send a problem's window as a picture, for links that people share."""
    with platform().database.reading() as session:
        get_readable_problem(session, slug, find_actor())
    return _picture(draw_card(_windows(), slug))


def _windows() -> list[Window]:
    now = platform().clock.now()
    with platform().database.reading() as session:
        return list_windows(session, now=now, today=beijing_midnight(now))


def _picture(image: bytes) -> ResponseReturnValue:
    response = Response(image, mimetype="image/png")
    response.headers["Cache-Control"] = "private, max-age=300"
    # other sites show it beside the link
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.add_etag()
    return response.make_conditional(request)


@blueprint.get("/healthz")
@access(Access.ANYONE)
def healthz() -> ResponseReturnValue:
    """Say that this process answers."""
    return _plain("ok\n")


@blueprint.get("/readyz")
@access(Access.ANYONE)
def readyz() -> ResponseReturnValue:
    """Say whether the database, Redis and a worker are there; 503 names what is not."""
    faults = find_faults(platform())
    if faults:
        return _plain("".join(f"{fault}\n" for fault in faults), 503)
    return _plain("ready\n")


@blueprint.get("/metrics")
@access(Access.ANYONE)
def metrics() -> ResponseReturnValue:
    """Report counts and times in Prometheus' text format; no person or team is named."""
    text, mimetype = render_metrics(platform())
    return Response(text, content_type=mimetype, headers={"Cache-Control": "no-store"})


def beijing_midnight(now: datetime) -> datetime:
    """Return when the Beijing day of an instant began."""
    return next_beijing_midnight(now) - timedelta(days=1)


def _plain(text: str, status: int = 200) -> Response:
    return Response(text, status, mimetype="text/plain", headers={"Cache-Control": "no-store"})
