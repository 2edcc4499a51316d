"""Leaderboards over HTTP."""

from http import HTTPStatus
from typing import Final

from flask import Blueprint
from pydantic import Field

from app.accounts.identity import get_actor
from app.core.api import Instant, Operation, Output, PageInput, PageOutput, endpoint
from app.core.current import platform
from app.core.errors import ForbiddenError
from app.core.i18n import N_
from app.core.web import API_PREFIX, Access, access
from app.leaderboards.queries import (
    BaselineRow,
    Row,
    find_team_row,
    list_baselines,
    list_board,
)
from app.problems.errors import BoardMissingError
from app.problems.models import Board
from app.problems.queries import get_current_revision, get_readable_problem
from app.submissions.policy import can_read_board
from app.submissions.queries import find_team_id
from app.teams.api_models import TeamOutput
from problems.spec import ProblemSpec

blueprint: Final = Blueprint("leaderboards_api", __name__, url_prefix=f"{API_PREFIX}/problems")


class BoardHiddenError(ForbiddenError):
    """Board B is for staff until the organisers reveal it."""

    code = "board_hidden"
    message = N_("Board B is hidden until the organisers reveal it.")


class BoardQuery(PageInput):
    """Which board, and which page of it."""

    board: Board = Board.A


class BoardItem(Output):
    """A team's place, and the one submission of it that counts."""

    rank: int
    team: TeamOutput
    scores: dict[str, float] = Field(description="By leaderboard column.")
    entries: int = Field(description="How many of its submissions have been scored.")
    submitted_at: Instant = Field(description="When the one that counts was made.")
    last_at: Instant = Field(description="When the last scored one was made.")


class BaselineItem(Output):
    """A baseline: shown on the board, never ranked."""

    scores: dict[str, float]
    last_at: Instant


class BoardOutput(PageOutput[BoardItem]):
    """One page of a board, best first. Baselines are not in `total`."""

    board: Board
    baselines: list[BaselineItem]
    own: BoardItem | None = Field(description="The caller's team, wherever it stands.")


@blueprint.get("/<slug>/leaderboard")
@endpoint(
    Operation(
        summary=N_("Read a leaderboard; B after the reveal"),
        returns=BoardOutput,
        query=BoardQuery,
        errors=(HTTPStatus.FORBIDDEN,),
    )
)
@access(Access.MEMBER)
def show(slug: str, query: BoardQuery) -> BoardOutput:
    """Return one page of a board."""
    actor, board = get_actor(), query.board
    with platform().database.reading() as session:
        problem = get_readable_problem(session, slug, actor)
        if problem.stage(board) is None:
            raise BoardMissingError(board=board.value)
        if not can_read_board(actor, problem, board):
            raise BoardHiddenError
        revision = get_current_revision(session, problem)
        scoring = ProblemSpec.model_validate(revision.spec).scoring
        page = list_board(session, problem, scoring, board, query.as_request())
        baselines = list_baselines(session, problem, scoring, board)
        team = find_team_id(session, problem, actor)
        own = None if team is None else find_team_row(session, problem, scoring, board, team)
    return BoardOutput(
        items=[_item(row) for row in page.items],
        total=page.total,
        page=page.request.page,
        per_page=page.request.per_page,
        board=board,
        baselines=[_baseline(row) for row in baselines],
        own=None if own is None else _item(own),
    )


def _item(row: Row) -> BoardItem:
    return BoardItem(
        rank=row.rank,
        team=TeamOutput(id=str(row.team_id), name=row.team_name),
        scores=dict(row.scores),
        entries=row.entries,
        submitted_at=row.submitted_at,
        last_at=row.last_at,
    )


def _baseline(row: BaselineRow) -> BaselineItem:
    return BaselineItem(scores=dict(row.scores), last_at=row.last_at)
