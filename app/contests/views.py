"""What everybody reads about a contest."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app.contests import queries
from app.contests.hooks import contest_hooks
from app.core.current import platform
from app.core.pagination import PageRequest
from app.core.web import Access, access

blueprint = Blueprint("contests", __name__, template_folder="templates")


@blueprint.get("/announcements")
@access(Access.ANYONE)
def announcements() -> ResponseReturnValue:
    """List what the organisers announced, newest first."""
    asked = PageRequest.clamp(request.args.get("page", type=int), None)
    with platform().database.reading() as session:
        page = queries.list_announcements(session, asked)
    return render_template("contests/announcements.html", page=page)


@blueprint.get("/announcements/<int:number>")
@access(Access.ANYONE)
def announcement(number: int) -> ResponseReturnValue:
    """Show one announcement, with what it corrects and what corrects it."""
    with platform().database.reading() as session:
        found = queries.get_announcement(session, number)
    return render_template("contests/announcement.html", item=found)


@blueprint.get("/contests/<slug>")
@access(Access.ANYONE)
def show(slug: str) -> ResponseReturnValue:
    """Show a contest: what it is, its problems on the site, its terms and dates."""
    with platform().database.reading() as session:
        contest = queries.get_contest(session, slug)
        problems = contest_hooks().problems_of(session, contest, platform().clock.now())
    return render_template(
        "contests/show.html",
        contest=contest,
        problems=[problem for problem in problems if problem.is_public],
    )
