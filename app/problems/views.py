"""The problem hall and the pages of a problem."""

from http import HTTPStatus

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.identity import find_actor, get_actor
from app.contests.queries import list_announcements
from app.core.current import platform
from app.core.i18n import choose_markdown
from app.core.pagination import PageRequest
from app.core.web import Access, access
from app.problems import operations, policy, queries
from app.problems.covers import COVER_POLICY, draw_cover
from app.problems.downloads import send_blob
from app.problems.facets import count_facets
from app.problems.forms import DIFFICULTIES, HallForm
from app.problems.hooks import problem_hooks
from app.problems.page_models import COLUMN_TYPES, hall_card
from app.problems.problem_page import problem_page
from app.problems.shell import check_command, fetch_command, fetch_commands
from app.problems.statements import find_rules
from app.ui.i18n import current_locale

blueprint = Blueprint("problems", __name__, template_folder="templates", url_prefix="/problems")
CARDS_PER_PAGE = 24


@blueprint.get("")
@access(Access.ANYONE)
def hall() -> ResponseReturnValue:
    """Show the problems as windows, filtered, searched and paged."""
    form, now = HallForm(request.args), platform().clock.now()
    asked = PageRequest.clamp(request.args.get("page", type=int), None, default=CARDS_PER_PAGE)
    with platform().database.reading() as session:
        wanted, actor = form.as_filter(), find_actor()
        teams = problem_hooks().team_count
        order = queries.order_of(form.order, now, None if teams is None else teams())
        page = queries.list_problems(session, actor, wanted, asked, now=now, order=order)
        form.show_counts(count_facets(session, actor, wanted, now=now))
        standings = problem_hooks().standings_of(session, [card.problem for card in page.items])
        overall = problem_hooks().overall_boards(session)
    cards = [hall_card(card, standings, now) for card in page.items]
    return render_template(
        "problems/hall.html",
        form=form,
        page=page,
        cards=cards,
        difficulties=DIFFICULTIES,
        overall=overall,
    )


@blueprint.get("/<slug>")
@access(Access.ANYONE)
def show(slug: str) -> ResponseReturnValue:
    """Show a problem: its statement, data, schedule, and the next thing to do."""
    actor = find_actor()
    with platform().database.reading() as session:
        problem = queries.get_readable_problem(session, slug, actor)
        parts = problem_page(session, problem, actor, platform().clock.now())
    return render_template("problems/show.html", **parts)


@blueprint.get("/<slug>/data")
@access(Access.ANYONE)
def data(slug: str) -> ResponseReturnValue:
    """Show the files: what is in them, their checksums, and how to fetch them.

    What is in them is for those who may download them: staff, and who accepted the rules.
    """
    actor, now = find_actor(), platform().clock.now()
    with platform().database.reading() as session:
        problem = queries.get_readable_problem(session, slug, actor)
        revision = queries.get_current_revision(session, problem)
        files = queries.list_data_files(session, problem, revision, actor, now)
        accepted = actor is not None and queries.has_accepted_rules(session, actor, problem)
        may_look = actor is not None and not policy.needs_rules(actor, accepted)
        previews = queries.map_previews(session, revision) if may_look else {}
    return render_template(
        "problems/data.html",
        problem=problem,
        revision=revision,
        files=files,
        previews=previews,
        may_look=may_look,
        must_accept=actor is not None and not may_look,
        total=sum(file.size for file in files),
        fetch=fetch_command,
        fetch_all=fetch_commands(problem.slug, files),
        check=check_command(files),
        column_types={key: _(word) for key, word in COLUMN_TYPES.items()},
    )


@blueprint.get("/<slug>/rules")
@access(Access.MEMBER)
def rules(slug: str) -> ResponseReturnValue:
    """Show the rules, to be accepted before the first download."""
    actor = get_actor()
    with platform().database.reading() as session:
        problem = queries.get_readable_problem(session, slug, actor)
        revision = queries.get_current_revision(session, problem)
        accepted = queries.has_accepted_rules(session, actor, problem)
    return render_template(
        "problems/rules.html",
        problem=problem,
        rules=find_rules(choose_markdown(revision.statements, current_locale())),
        must_accept=policy.needs_rules(actor, accepted),
        file=request.args.get("file", ""),
    )


@blueprint.post("/<slug>/rules")
@access(Access.MEMBER)
def accept_rules(slug: str) -> ResponseReturnValue:
    """Note that the rules were accepted and go on to the file that was asked for."""
    actor, now = get_actor(), platform().clock.now()
    with platform().database.transaction() as session:
        problem = queries.get_readable_problem(session, slug, actor)
        operations.accept_rules(session, actor, problem, now=now)
    file = request.form.get("file", "")
    if request.form.get("then") == "data":
        target = url_for("problems.data", slug=slug)
    elif file:
        target = url_for("problems.download", slug=slug, path=file)
    else:
        target = url_for("problems.show", slug=slug, _anchor="files")
    return redirect(target, HTTPStatus.SEE_OTHER)


@blueprint.get("/<slug>/files/<path:path>")
@access(Access.MEMBER)
def download(slug: str, path: str) -> ResponseReturnValue:
    """Send a data file; who has not accepted the rules is shown them first."""
    actor, now = get_actor(), platform().clock.now()
    with platform().database.reading() as session:
        problem = queries.get_readable_problem(session, slug, actor)
        revision = queries.get_current_revision(session, problem)
        files = queries.list_data_files(session, problem, revision, actor, now)
        file = queries.get_data_file(files, path)
        accepted = queries.has_accepted_rules(session, actor, problem)
    if policy.needs_rules(actor, accepted):
        return redirect(url_for("problems.rules", slug=slug, file=path), HTTPStatus.SEE_OTHER)
    return send_blob(platform().blobs, file, request)


@blueprint.get("/<slug>/cover.svg")
@access(Access.ANYONE)
def cover(slug: str) -> ResponseReturnValue:
    """Send the cover: the pack's, cleaned when it was published, or one drawn here."""
    with platform().database.reading() as session:
        problem = queries.get_readable_problem(session, slug, find_actor())
        revision = queries.get_current_revision(session, problem)
    if revision.cover_blob is None:
        image = draw_cover(problem.area, problem.slug)
    else:
        image = b"".join(platform().blobs.read(revision.cover_blob))
    response = Response(image, mimetype="image/svg+xml")
    response.headers["Content-Security-Policy"] = COVER_POLICY
    response.headers["Cache-Control"] = "private, max-age=300"
    response.add_etag()
    return response.make_conditional(request)


@blueprint.get("/<slug>/announcements")
@access(Access.ANYONE)
def announcements(slug: str) -> ResponseReturnValue:
    """List what was announced about one problem."""
    asked = PageRequest.clamp(request.args.get("page", type=int), None)
    with platform().database.reading() as session:
        problem = queries.get_readable_problem(session, slug, find_actor())
        page = list_announcements(session, asked, problem_slug=slug)
    return render_template("problems/announcements.html", problem=problem, page=page)
