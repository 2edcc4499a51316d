"""Where judges see which entries are alike, and what the two have in common."""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from app.accounts.identity import get_actor
from app.core.current import platform
from app.core.errors import ForbiddenError
from app.core.pagination import PageRequest
from app.core.web import LARGEST_ID, Access, access
from app.problems.queries import get_readable_problem
from app.similarity import queries
from app.similarity.entries import list_given_code
from app.similarity.models import Likeness
from app.similarity.page_models import match_answers, match_code
from app.similarity.policy import can_see_similarity

blueprint = Blueprint(
    "similarity", __name__, template_folder="templates", url_prefix="/staff/review"
)

_PAIRS_PER_PAGE = 50


@blueprint.get("/<slug>/similar")
@access(Access.STAFF)
def index(slug: str) -> ResponseReturnValue:
    """List the pairs of a problem's entries that are alike."""
    actor = get_actor()
    if not can_see_similarity(actor):
        raise ForbiddenError
    asked = PageRequest.clamp(request.args.get("page", type=int), None, default=_PAIRS_PER_PAGE)
    with platform().database.reading() as session:
        problem = get_readable_problem(session, slug, actor)
        comparison = queries.find_comparison(session, problem)
        page = queries.list_pairs(session, problem, asked)
    return render_template(
        "similarity/index.html",
        problem=problem,
        comparison=comparison,
        page=page,
        kinds=list(Likeness),
    )


@blueprint.get("/pairs/<int:first_id>/<int:second_id>")
@access(Access.STAFF)
def pair(first_id: int, second_id: int) -> ResponseReturnValue:
    """Show two entries beside each other: the code that matches, and where the answers agree."""
    if not can_see_similarity(get_actor()):
        raise ForbiddenError
    if max(first_id, second_id) > LARGEST_ID:
        abort(404)
    blobs = platform().blobs
    with platform().database.reading() as session:
        found = queries.get_pair(session, first_id, second_id)
        problem = found.first.problem
        first = queries.load_side(session, found.first)
        second = queries.load_side(session, found.second)
        given = list_given_code(session, problem)
        comparison = queries.find_comparison(session, problem)
    parts, more = match_code(blobs, first.entry, second.entry, given)
    return render_template(
        "similarity/pair.html",
        pair=found,
        problem=problem,
        sides=((found.first, first), (found.second, second)),
        scoring=first.entry.spec.scoring,
        parts=parts,
        more=more,
        agreement=match_answers(blobs, first.entry, second.entry),
        typical=None if comparison is None else comparison.typical,
    )
