"""What staff see first: what needs them now, how busy the platform is, what failed lately."""

from typing import Final

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue

from app.accounts.identity import get_actor
from app.core.current import platform
from app.core.web import Access, access
from app.home.compute_queries import get_compute
from app.home.health import queue_answers
from app.home.needs import list_needs
from app.home.needs_queries import read_waiting
from app.home.staff_queries import get_today, get_version, list_failures, list_publications
from app.leaderboards.etags import not_modified

blueprint = Blueprint("home_staff", __name__, template_folder="templates", url_prefix="/staff")

_FAILURES: Final = 8
_PUBLICATIONS: Final = 6


@blueprint.get("")
@access(Access.STAFF)
def dashboard() -> ResponseReturnValue:
    """Show what needs somebody now, each with a link to where it is done; then the load."""
    port, actor = platform(), get_actor()
    now, redis_up = port.clock.now(), queue_answers(port)
    with port.database.reading() as session:
        version = get_version(session, now=now)
        compute = get_compute(session, now=now)
        waiting = read_waiting(session, now=now)
        today = get_today(session, now=now)
        failures = list_failures(session, _FAILURES)
        publications = list_publications(session, _PUBLICATIONS)
    return render_template(
        "home/dashboard.html",
        needs=list_needs(waiting, compute, actor, redis_up=redis_up),
        compute=compute,
        today=today,
        failures=failures,
        publications=publications,
        version=version,
        now=now,
    )


@blueprint.get("/version.json")
@access(Access.STAFF)
def version() -> ResponseReturnValue:
    """Say whether the overview has changed: one query, and nothing at all where it has not."""
    now = platform().clock.now()
    with platform().database.reading() as session:
        found = get_version(session, now=now)
    known = not_modified(found)
    if known is not None:
        return known
    answer = jsonify(version=found, done=False)
    answer.set_etag(found)
    # the browser keeps it and asks with its tag; nobody between may answer for us
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@blueprint.get("/compute")
@access(Access.STAFF)
def compute() -> ResponseReturnValue:
    """Show pools, workers and GPUs, and what waits for them."""
    now = platform().clock.now()
    with platform().database.reading() as session:
        found = get_compute(session, now=now)
    return render_template("home/compute.html", compute=found, now=now)
