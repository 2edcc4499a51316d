"""Overall boards as everybody reads them, and as a file."""

from collections.abc import Sequence
from typing import Final

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.identity import find_actor
from app.core.current import platform
from app.core.i18n import choose_text
from app.core.pagination import PageRequest
from app.core.tables import Cell, TableFormat
from app.core.web import Access, access
from app.leaderboards.etags import etag_of_page, not_modified
from app.overall import queries
from app.overall.models import OverallBoard
from app.overall.queries import Counted, Row
from app.overall.words import METHODS, decimals_of, state_rules
from app.ui.downloads import send_table
from app.ui.i18n import current_locale

blueprint = Blueprint("overall", __name__, template_folder="templates", url_prefix="/overall")

ROWS_PER_PAGE: Final = 50
_AT_ONCE: Final = 5_000


@blueprint.get("")
@access(Access.ANYONE)
def index() -> ResponseReturnValue:
    """List the overall boards."""
    with platform().database.reading() as session:
        boards = queries.list_overall(session)
    return render_template("overall/index.html", boards=boards, methods=METHODS)


@blueprint.get("/<slug>")
@access(Access.ANYONE)
def show(slug: str) -> ResponseReturnValue:
    """Show one page of an overall board, the same for everybody but for the own row's mark."""
    actor, now = find_actor(), platform().clock.now()
    asked = PageRequest.clamp(request.args.get("page", type=int), None, default=ROWS_PER_PAGE)
    with platform().database.reading() as session:
        overall = queries.get_overall(session, slug)
        counted, told = queries.list_counted(overall), queries.digest_told(overall)
        person = None if actor is None else (actor.id, actor.role)
        titles = [(one.problem.slug, one.problem.title) for one in counted]
        etag = etag_of_page(
            actor,
            now,
            (request.full_path, overall.title, told, overall.counted_at, person, titles),
        )
        if etag is not None and (known := not_modified(etag)) is not None:
            return known
        is_shown = queries.is_shown(overall)
        page = queries.list_rows(session, overall, asked) if is_shown else None
        own = queries.list_own(session, overall, actor) if is_shown and actor is not None else []
    answer = make_response(
        render_template(
            "overall/show.html",
            overall=overall,
            columns=[one for one in counted if one.is_open],
            left_out=[one for one in counted if not one.is_open],
            page=page,
            own=own,
            own_ids={row.captain_id for row in own},
            stated=state_rules(overall),
            decimals=decimals_of(overall.method),
            less_is_better=queries.less_is_better(overall.method),
            method=METHODS[overall.method],
        )
    )
    if etag is not None:
        answer.set_etag(etag)
    return answer


@blueprint.get("/<slug>/board.csv")
@access(Access.ANYONE)
def export(slug: str) -> ResponseReturnValue:
    """Return the whole board as CSV with a byte-order mark; empty while it is being counted."""
    with platform().database.reading() as session:
        overall = queries.get_overall(session, slug)
        counted = [one for one in queries.list_counted(overall) if one.is_open]
        rows = queries.list_all_rows(session, overall, at_once=_AT_ONCE)
        heading = _heading(overall, counted)
        return send_table(overall.slug, TableFormat.CSV, heading, (_cells(row) for row in rows))


def _heading(overall: OverallBoard, counted: Sequence[Counted]) -> list[Cell]:
    heading: list[Cell] = [_("Rank"), _("Team"), _(METHODS[overall.method])]
    for one in counted:
        title = choose_text(one.problem.title, current_locale())
        name = _("%(problem)s (board %(board)s)", problem=title, board=one.board.value)
        heading += [_("%(board)s: rank", board=name), _("%(board)s: counts", board=name)]
    return heading


def _cells(row: Row) -> list[Cell]:
    parts = [cell for part in row.parts for cell in (part.rank, part.value)]
    return [row.rank, row.name, row.total, *parts]
