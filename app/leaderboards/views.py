"""The leaderboard of a problem, in full view of the rules by which it is made."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app.accounts.identity import find_actor
from app.core.current import platform
from app.core.pagination import PageRequest
from app.core.web import Access, access
from app.leaderboards.page_models import make_axis, place_baselines
from app.leaderboards.queries import find_team_row, list_baselines, list_board
from app.problems.models import Board, Partition, TieRule
from app.problems.queries import get_current_revision, get_readable_problem
from app.submissions.policy import can_read_board
from app.submissions.queries import find_team_id
from problems.spec import ProblemSpec

blueprint = Blueprint("leaderboards", __name__, template_folder="templates")

ROWS_PER_PAGE = 50


@blueprint.get("/problems/<slug>/leaderboard")
@access(Access.ANYONE)
def show(slug: str) -> ResponseReturnValue:
    """Show one board: `?board=B` the hidden one, once it is revealed (staff at any time)."""
    actor = find_actor()
    board = Board.B if request.args.get("board") == Board.B else Board.A
    asked = PageRequest.clamp(request.args.get("page", type=int), None, default=ROWS_PER_PAGE)
    with platform().database.reading() as session:
        problem = get_readable_problem(session, slug, actor)
        revision = get_current_revision(session, problem)
        spec = ProblemSpec.model_validate(revision.spec)
        scoring = spec.scoring
        visible = problem.stage(board) is not None and can_read_board(actor, problem, board)
        page, own, baselines = None, None, []
        if visible:
            page = list_board(session, problem, scoring, board, asked)
            baselines = list_baselines(session, problem, scoring, board)
            team = find_team_id(session, problem, actor) if actor else None
            own = find_team_row(session, problem, scoring, board, team) if team else None
    placed = place_baselines(page, baselines, scoring.primary) if page else None
    axis = make_axis(page, baselines, scoring.primary) if page else None
    return render_template(
        "leaderboards/show.html",
        problem=problem,
        scoring=scoring,
        columns=sorted(scoring.columns, key=lambda column: not column.primary),
        board=board,
        boards=[stage.key for stage in problem.stages],
        visible=visible,
        page=page,
        own=own,
        placed=placed,
        axis=axis,
        baselines=baselines,
        shared_ties=problem.tie_rule is TieRule.SHARED,
        is_sets=scoring.partition == Partition.SETS,
        is_before_reveal=problem.b_revealed_at is None,
    )
