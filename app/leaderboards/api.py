"""Leaderboards over HTTP."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response
from pydantic import Field
from werkzeug.http import quote_etag

from app.accounts.identity import get_actor
from app.core.api import Answer, Input, Instant, Operation, Output, PageInput, PageOutput, endpoint
from app.core.current import platform
from app.core.errors import ForbiddenError
from app.core.i18n import N_
from app.core.pagination import Page
from app.core.web import API_PREFIX, Access, access
from app.leaderboards.comparing import compare_teams
from app.leaderboards.etags import api_etag, not_modified
from app.leaderboards.queries import (
    BaselineRow,
    Row,
    View,
    find_live_row,
    find_team_row,
    list_baselines,
    list_board,
    list_pinned,
    map_ranks_on_a,
    statistics_of,
)
from app.leaderboards.reading import Asked, Opened, reading_board
from app.problems.errors import BoardMissingError
from app.problems.models import Board
from app.statistics.queries import Spread
from app.teams.api_models import TeamOutput

blueprint: Final = Blueprint("leaderboards_api", __name__, url_prefix=f"{API_PREFIX}/problems")


class BoardHiddenError(ForbiddenError):
    """Board B is for staff until the organisers reveal it."""

    code = "board_hidden"
    message = N_("Board B is hidden until the organisers reveal it.")


class BoardQuery(PageInput):
    """Which board, and which page of it."""

    board: Board = Board.A
    division: str = Field(default="", max_length=64, description="Of one division alone.")


class ComparisonQuery(Input):
    """Which board."""

    board: Board = Board.A


class ComparisonOutput(Output):
    """How likely one team beats another on other items like these, from a paired bootstrap."""

    team: str
    other: str
    chance: float = Field(
        description="How likely `team` does better in the column that ranks, 0 to 1; 0.5 is a "
        "toss-up."
    )


class IntervalOutput(Output):
    """What the score that ranks would be on other items of the same kind."""

    low: float
    high: float
    group: int | None = Field(
        description="Teams of one group cannot be told apart by these items; null where the board "
        "shows an earlier state."
    )


_RAW: Final = (
    "For staff, on an A that answers by the Ladder: what was found, all columns; null otherwise."
)


class BoardItem(Output):
    """A team's place, and the one submission of it that counts."""

    rank: int
    team: TeamOutput
    division: str = Field(description="Empty where the team is in none.")
    rank_on_a: int | None = Field(description="On board B of a page: where the team was on A.")
    scores: dict[str, float] = Field(
        description="By leaderboard column; what is told, where the board answers by the Ladder."
    )
    raw_scores: dict[str, float] | None = Field(description=_RAW)
    interval: IntervalOutput | None = Field(
        description="Where the score that ranks lies with 95 % confidence; null where the metric "
        "does not decompose, or it has not been worked out yet."
    )
    entries: int = Field(description="How many of its submissions have been scored.")
    submitted_at: Instant = Field(description="When the one that counts was made.")
    last_at: Instant = Field(description="When the last scored one was made.")


class EntryItem(Output):
    """What a team has, without a rank."""

    team: TeamOutput
    scores: dict[str, float]
    raw_scores: dict[str, float] | None = Field(description=_RAW)
    entries: int
    submitted_at: Instant
    last_at: Instant


class BaselineItem(Output):
    """A baseline: shown on the board, never ranked."""

    scores: dict[str, float]
    last_at: Instant


class BoardOutput(PageOutput[BoardItem]):
    """One page of a board, best first. Baselines are not in `total`."""

    board: Board
    baselines: list[BaselineItem]
    pinned: list[EntryItem] = Field(description="The organisers' entries: never ranked.")
    shown_until: Instant | None = Field(
        description="Up to when scores are shown, where the board is refreshed by the hour or "
        "frozen; null: up to now."
    )
    is_recounting: bool = Field(
        description="The rules changed: the ranks are still those by the rules before."
    )
    own: BoardItem | None = Field(description="The caller's team, wherever it stands.")
    own_now: EntryItem | None = Field(
        description="What the caller's team has by now, where the board shows an earlier state."
    )


@blueprint.get("/<slug>/leaderboard")
@endpoint(
    Operation(
        summary=N_("Read a leaderboard; B after the reveal"),
        returns=BoardOutput,
        query=BoardQuery,
        headers={"If-None-Match": N_("The ETag one has; the answer is 304 while nothing changed.")},
        sends={"ETag": N_("Names this answer; send it back as If-None-Match.")},
        errors=(HTTPStatus.FORBIDDEN,),
    )
)
@access(Access.MEMBER)
def show(slug: str, query: BoardQuery) -> Answer | Response:
    """Return one page of a board."""
    actor = get_actor()
    asking = Asked(slug, query.board, query.division, may_be_old=True)
    with reading_board(platform(), asking, actor) as opened:
        if opened.problem.stage(query.board) is None:
            raise BoardMissingError(board=query.board.value)
        if opened.view is None:
            raise BoardHiddenError
        etag = api_etag(opened, actor, platform().clock.now())
        known = not_modified(etag)
        if known is not None:
            return known
        return Answer(_board(opened, opened.view, query), {"ETag": quote_etag(etag)})


def _board(opened: Opened, view: View, query: BoardQuery) -> BoardOutput:
    session, team, asked = opened.session, opened.team_id, query.as_request()
    own = None if team is None else find_team_row(session, view, team)
    now = None if team is None or view.until is None else find_live_row(session, view, team)
    page = Page([] if own is None else [own], int(own is not None), asked)
    if opened.sees_all:
        page = list_board(session, view, asked)
    on_a = map_ranks_on_a(session, view, page.items) if view.board is Board.B else {}
    baselines = list_baselines(session, opened.problem, view.rules, view.board)
    rows = [*page.items, *([own] if own else [])]
    spreads = statistics_of(session, view, rows).spreads
    return BoardOutput(
        items=[_item(row, spreads, on_a.get(row.team_id)) for row in page.items],
        total=page.total,
        page=asked.page,
        per_page=asked.per_page,
        board=view.board,
        shown_until=view.until,
        is_recounting=opened.is_old,
        baselines=[_baseline(row) for row in baselines],
        pinned=[_entry(row) for row in list_pinned(session, view)] if opened.sees_all else [],
        own=None if own is None else _item(own, spreads),
        own_now=None if now is None else _entry(now),
    )


def _item(row: Row, spreads: Mapping[int, Spread], on_a: int | None = None) -> BoardItem:
    assert row.rank is not None  # noqa: S101 — rows of a board have ranks, entries have none
    return BoardItem(
        rank=row.rank,
        team=TeamOutput(id=str(row.team_id), name=row.team_name),
        division=row.division,
        rank_on_a=on_a,
        scores=dict(row.scores),
        raw_scores=_raw(row),
        interval=_interval(spreads.get(row.evaluation_id)),
        entries=row.entries,
        submitted_at=row.submitted_at,
        last_at=row.last_at,
    )


def _interval(spread: Spread | None) -> IntervalOutput | None:
    if spread is None:
        return None
    return IntervalOutput(low=spread.low, high=spread.high, group=spread.group)


def _entry(row: Row) -> EntryItem:
    return EntryItem(
        team=TeamOutput(id=str(row.team_id), name=row.team_name),
        scores=dict(row.scores),
        raw_scores=_raw(row),
        entries=row.entries,
        submitted_at=row.submitted_at,
        last_at=row.last_at,
    )


def _raw(row: Row) -> dict[str, float] | None:
    return None if row.raw is None else dict(row.raw)


def _baseline(row: BaselineRow) -> BaselineItem:
    return BaselineItem(scores=dict(row.scores), last_at=row.last_at)


@blueprint.get("/<slug>/leaderboard/<int:team_id>/against/<int:other_id>")
@endpoint(
    Operation(
        summary=N_("Ask how likely one team beats another on similar data"),
        returns=ComparisonOutput,
        query=ComparisonQuery,
    )
)
@access(Access.MEMBER)
def compare(slug: str, team_id: int, other_id: int, query: ComparisonQuery) -> ComparisonOutput:
    """Compare two teams of a board whose rows the caller may all see, as it is now."""
    with reading_board(platform(), Asked(slug, query.board), get_actor()) as opened:
        compared = compare_teams(opened, platform().blobs, (team_id, other_id))
    return ComparisonOutput(team=str(team_id), other=str(other_id), chance=compared.chance)
