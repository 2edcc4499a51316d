"""The leaderboard of a problem, in full view of the rules by which it is made."""

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.accounts.identity import find_actor
from app.core.current import platform
from app.core.pagination import PageRequest
from app.core.web import Access, access, read_id
from app.leaderboards import race
from app.leaderboards.climbing import read_climbs
from app.leaderboards.comparing import compare_teams
from app.leaderboards.etags import not_modified, page_etag
from app.leaderboards.page_models import Shown, make_shown
from app.leaderboards.queries import (
    View,
    find_live_row,
    find_team_row,
    list_baselines,
    list_board,
    list_pinned,
    map_ranks_on_a,
    no_rows,
    statistics_of,
)
from app.leaderboards.race import read_race
from app.leaderboards.reading import Asked, Opened, reading_board
from app.leaderboards.rule_words import state_rules
from app.problems.models import Board
from scoring.bootstrap import RESAMPLES

blueprint = Blueprint("leaderboards", __name__, template_folder="templates")

ROWS_PER_PAGE = 50


@blueprint.get("/problems/<slug>/leaderboard")
@access(Access.ANYONE)
def show(slug: str) -> ResponseReturnValue:
    """Show one board: `?board=B` the hidden one, once it is revealed (staff at any time)."""
    actor = find_actor()
    board = Board.B if request.args.get("board") == Board.B else Board.A
    asked = PageRequest.clamp(request.args.get("page", type=int), None, default=ROWS_PER_PAGE)
    division = request.args.get("division", "")
    now = platform().clock.now()
    asking = Asked(slug, board, division, may_be_old=True)
    with reading_board(platform(), asking, actor) as opened:
        etag = page_etag(opened, actor, now)
        if etag is not None and (known := not_modified(etag)) is not None:
            return known
        shown = _show(opened, opened.view, asked) if opened.view is not None else None
    answer = make_response(_render(opened, board, division, shown))
    if etag is not None:
        answer.set_etag(etag)
    return answer


def _render(opened: Opened, board: Board, division: str, shown: Shown | None) -> str:
    problem, rules = opened.problem, opened.rules
    return render_template(
        "leaderboards/show.html",
        problem=problem,
        rules=rules,
        scoring=rules.scoring,
        columns=rules.columns(board),
        board=board,
        boards=[stage.key for stage in problem.stages],
        shown=shown,
        sees_all=opened.sees_all,
        frozen_since=rules.frozen_since(platform().clock.now()) if board is Board.A else None,
        stated=state_rules(rules),
        division=division if division in rules.board.divisions else "",
        own_class=opened.own_class,
        is_old=opened.is_old,
        draws=RESAMPLES,
        geometry=race,
        is_before_reveal=problem.b_revealed_at is None,
    )


@blueprint.get("/problems/<slug>/leaderboard/compare")
@access(Access.ANYONE)
def compare(slug: str) -> ResponseReturnValue:
    """Say how likely the first of two teams is better than the second: `?one=…&other=…`."""
    actor, port = find_actor(), platform()
    board = Board.B if request.args.get("board") == Board.B else Board.A
    teams = [read_id(request.args.get(name)) for name in ("one", "other")]
    with reading_board(port, Asked(slug, board), actor) as opened:
        one, other = (0 if team is None else team for team in teams)
        compared = compare_teams(opened, port.blobs, (one, other))
    return render_template(
        "leaderboards/compare.html",
        problem=opened.problem,
        primary=opened.rules.scoring.primary,
        board=board,
        rows=compared.rows,
        chance=compared.chance,
    )


def _show(opened: Opened, view: View, asked: PageRequest) -> Shown:
    """Read what of a board the person may see."""
    session, team = opened.session, opened.team_id
    page = list_board(session, view, asked) if opened.sees_all else no_rows(asked)
    baselines = list_baselines(session, opened.problem, view.rules, view.board)
    own = find_team_row(session, view, team) if team else None
    rows = [*page.items, *([own] if own else [])]
    return make_shown(
        view,
        page,
        baselines,
        pinned=list_pinned(session, view) if opened.sees_all else [],
        own=own,
        own_now=find_live_row(session, view, team) if team and view.until else None,
        ranks_on_a=map_ranks_on_a(session, view, page.items) if view.board is Board.B else {},
        statistics=statistics_of(session, view, rows),
        climbs=read_climbs(session, view, rows, now=platform().clock.now()),
        race=read_race(session, view, page.items, baselines) if asked.page == 1 else None,
    )
