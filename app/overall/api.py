"""Overall boards over HTTP."""

from collections.abc import Sequence
from typing import Final

from flask import Blueprint, Response
from pydantic import Field
from werkzeug.http import quote_etag

from app.accounts.identity import get_actor
from app.core.api import Answer, Instant, Operation, Output, PageInput, PageOutput, endpoint
from app.core.current import platform
from app.core.i18n import N_, choose_text
from app.core.web import API_PREFIX, Access, access
from app.leaderboards.etags import digest, not_modified
from app.overall import queries
from app.overall.models import Basis, OverallBoard
from app.overall.queries import Counted, Row
from app.problems.models import Board
from app.ui.i18n import current_locale
from scoring.aggregate import Method

blueprint: Final = Blueprint("overall_api", __name__, url_prefix=f"{API_PREFIX}/overall-boards")


class OverallSummary(Output):
    """An overall board: what it counts, and how."""

    slug: str
    title: str
    contest: str
    method: Method
    basis: Basis = Field(description="`a`: always board A; `final`: B once it is revealed.")
    problems: list[str] = Field(description="By slug.")


class OverallList(Output):
    """Every overall board."""

    items: list[OverallSummary]


class PartOutput(Output):
    """What one problem contributes."""

    problem: str
    board: Board
    counts: float = Field(description="Its rank, or its points.")
    rank: int | None = Field(description="Null where the competitor is not on that board.")


class OverallItem(Output):
    """A competitor: the teams of one captain, named after the first of them."""

    rank: int = Field(description="Equal totals share a rank.")
    team: str
    total: float
    parts: list[PartOutput]


class OverallOutput(PageOutput[OverallItem]):
    """One page of an overall board, best first."""

    board: OverallSummary
    counted_at: Instant | None = Field(
        description="When it was counted; null while it is being counted anew, and then there "
        "are no items."
    )
    left_out: list[str] = Field(description="Problems whose board is not everybody's, by slug.")
    own: list[OverallItem] = Field(description="Those of the caller's teams, wherever they stand.")


@blueprint.get("")
@endpoint(Operation(summary=N_("List the overall boards"), returns=OverallList))
@access(Access.MEMBER)
def index() -> OverallList:
    """Return every overall board."""
    with platform().database.reading() as session:
        return OverallList(items=[_summary(one) for one in queries.list_overall(session)])


@blueprint.get("/<slug>")
@endpoint(
    Operation(
        summary=N_("Read an overall board"),
        returns=OverallOutput,
        query=PageInput,
        headers={"If-None-Match": N_("The ETag one has; the answer is 304 while nothing changed.")},
        sends={"ETag": N_("Names this answer; send it back as If-None-Match.")},
    )
)
@access(Access.MEMBER)
def show(slug: str, query: PageInput) -> Answer | Response:
    """Return one page of an overall board."""
    actor, asked = get_actor(), query.as_request()
    with platform().database.reading() as session:
        overall = queries.get_overall(session, slug)
        told = queries.digest_told(overall)
        etag = digest(overall.title, told, overall.counted_at, asked, actor.id, current_locale())
        if (known := not_modified(etag)) is not None:
            return known
        counted = queries.list_counted(overall)
        is_shown = queries.is_shown(overall)
        page = queries.list_rows(session, overall, asked) if is_shown else None
        own = queries.list_own(session, overall, actor) if is_shown else []
    columns = [one for one in counted if one.is_open]
    answer = OverallOutput(
        items=[] if page is None else [_item(row, columns) for row in page.items],
        total=0 if page is None else page.total,
        page=asked.page,
        per_page=asked.per_page,
        board=_summary(overall),
        counted_at=overall.counted_at if is_shown else None,
        left_out=[one.problem.slug for one in counted if not one.is_open and _is_known(one)],
        own=[_item(row, columns) for row in own],
    )
    return Answer(answer, {"ETag": quote_etag(etag)})


def _is_known(one: Counted) -> bool:
    return one.problem.withdrawn_at is None


def _summary(overall: OverallBoard) -> OverallSummary:
    return OverallSummary(
        slug=overall.slug,
        title=choose_text(overall.title, current_locale()),
        contest=overall.contest.slug,
        method=overall.method,
        basis=overall.basis,
        problems=[one.slug for one in overall.problems if one.withdrawn_at is None],
    )


def _item(row: Row, columns: Sequence[Counted]) -> OverallItem:
    parts = [
        PartOutput(problem=one.problem.slug, board=one.board, counts=part.value, rank=part.rank)
        for one, part in zip(columns, row.parts, strict=True)
    ]
    return OverallItem(rank=row.rank, team=row.name, total=row.total, parts=parts)
