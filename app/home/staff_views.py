"""What staff see first: the load, what failed, what is being published."""

from typing import Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.compute.queries import list_alive_workers
from app.core.current import platform
from app.core.web import Access, access
from app.home.compute_queries import get_compute
from app.home.health import queue_answers
from app.home.staff_queries import get_load, list_failures, list_publications

blueprint = Blueprint("home_staff", __name__, template_folder="templates", url_prefix="/staff")

_FAILURES: Final = 12
_PUBLICATIONS: Final = 6


@blueprint.get("")
@access(Access.STAFF)
def dashboard() -> ResponseReturnValue:
    """Show how busy the platform is and what needs a look."""
    port = platform()
    now = port.clock.now()
    with port.database.reading() as session:
        load = get_load(session, now=now)
        workers = list_alive_workers(session, now=now)
        compute = get_compute(session, now=now)
        failures = list_failures(session, _FAILURES)
        publications = list_publications(session, _PUBLICATIONS)
    return render_template(
        "home/dashboard.html",
        load=load,
        workers=workers,
        compute=compute,
        failures=failures,
        publications=publications,
        redis_up=queue_answers(port),
        now=now,
    )


@blueprint.get("/compute")
@access(Access.STAFF)
def compute() -> ResponseReturnValue:
    """Show pools, workers and GPUs, and what waits for them."""
    now = platform().clock.now()
    with platform().database.reading() as session:
        found = get_compute(session, now=now)
    return render_template("home/compute.html", compute=found, now=now)
