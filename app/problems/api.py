"""Problems over HTTP: what programs read. Downloading data accepts the rules of the problem."""

from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from app.accounts.identity import find_actor, get_actor
from app.accounts.models import User
from app.core.api import Operation, PageOutput, endpoint, page_output
from app.core.current import platform
from app.core.i18n import N_
from app.core.web import API_PREFIX, Access, access
from app.problems import operations, policy, queries
from app.problems.api_models import (
    ProblemItem,
    ProblemOutput,
    ProblemQuery,
    QuotaOutput,
    describe,
    describe_item,
)
from app.problems.downloads import send_blob
from app.problems.hooks import problem_hooks
from app.problems.models import Problem
from app.problems.queries import ProblemFilter
from app.problems.trial_kit import TrialKitOutput, describe_kit

blueprint = Blueprint("problems_api", __name__, url_prefix=f"{API_PREFIX}/problems")


@blueprint.get("")
@endpoint(
    Operation(summary=N_("List problems"), returns=PageOutput[ProblemItem], query=ProblemQuery)
)
@access(Access.MEMBER)
def index(query: ProblemQuery) -> PageOutput[ProblemItem]:
    """List problems in the order asked for, else newest first."""
    now = platform().clock.now()
    wanted = ProblemFilter(
        query.area, query.kind, query.state, query.q, query.difficulty, query.min_prize
    )
    teams = problem_hooks().team_count
    order = queries.order_of(query.sort, now, None if teams is None else teams())
    with platform().database.reading() as session:
        page = queries.list_problems(
            session, find_actor(), wanted, query.as_request(), now=now, order=order
        )
    return page_output(page, [describe_item(card, now) for card in page.items])


@blueprint.get("/<slug>")
@endpoint(
    Operation(
        summary=N_("Read a problem: statement, columns, limits, stages and files"),
        returns=ProblemOutput,
        errors=(HTTPStatus.NOT_FOUND,),
    )
)
@access(Access.MEMBER)
def show(slug: str) -> ProblemOutput:
    """Describe one problem."""
    actor, now = get_actor(), platform().clock.now()
    with platform().database.reading() as session:
        problem = queries.get_readable_problem(session, slug, actor)
        revision = queries.get_current_revision(session, problem)
        files = queries.list_data_files(session, problem, revision, actor, now)
        quota = _quota(session, problem, actor, now)
    return describe(problem, revision, files, quota, now)


@blueprint.get("/<slug>/trial")
@endpoint(
    Operation(
        summary=N_("Read what it takes to try a submission on one's own machine"),
        returns=TrialKitOutput,
        errors=(HTTPStatus.NOT_FOUND,),
    )
)
@access(Access.MEMBER)
def trial(slug: str) -> TrialKitOutput:
    """Describe a problem as `baijing run` needs it: nothing that a team may not know."""
    actor, now = get_actor(), platform().clock.now()
    with platform().database.reading() as session:
        problem = queries.get_readable_problem(session, slug, actor)
        revision = queries.get_current_revision(session, problem)
        files = queries.list_data_files(session, problem, revision, actor, now)
    return describe_kit(revision, files)


@blueprint.get("/<slug>/files/<path:path>")
@endpoint(
    Operation(
        summary=N_("Download a data file; this accepts the rules of the problem"),
        media_type="application/octet-stream",
        headers={"Range": "A part of the file.", "If-None-Match": "The SHA-256 one has."},
        errors=(HTTPStatus.NOT_FOUND, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE),
    )
)
@access(Access.MEMBER)
def download(slug: str, path: str) -> Response:
    """Send a data file, whole or in part; its `ETag` is its SHA-256."""
    actor, now = get_actor(), platform().clock.now()
    with platform().database.reading() as session:
        problem = queries.get_readable_problem(session, slug, actor)
        revision = queries.get_current_revision(session, problem)
        files = queries.list_data_files(session, problem, revision, actor, now)
        file = queries.get_data_file(files, path)
        accepted = queries.has_accepted_rules(session, actor, problem)
    if policy.needs_rules(actor, accepted):
        with platform().database.transaction() as session:
            operations.accept_rules(session, actor, problem, now=now)
    return send_blob(platform().blobs, file, request)


def _quota(session: Session, problem: Problem, actor: User, now: datetime) -> QuotaOutput | None:
    quota_of = problem_hooks().quota_of
    if quota_of is None or actor.is_staff:
        return None
    quota = quota_of(session, problem, actor, now)
    return QuotaOutput(limit=quota.limit, used=quota.used, resets_at=quota.resets_at)
