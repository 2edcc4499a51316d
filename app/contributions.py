"""What later features hand to the problems feature: see `app/problems/hooks.py`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.compute import policy
from app.compute.queries import list_pools
from app.core.blobs import Blob
from app.core.platform import Platform
from app.evaluations.jobs import ring
from app.evaluations.operations import SWEEP, queue_evaluation
from app.evaluations.standings import note_change
from app.leaderboards.queries import best_scores, count_teams
from app.overall.queries import list_titles
from app.problems.hooks import Hooks, Quota, Standing
from app.problems.models import Board, Problem, Publication, Revision
from app.rescoring.operations import stage_rescore
from app.submissions import operations as submissions
from app.submissions.queries import find_team_id, get_quota
from app.teams.models import Team
from app.teams.queries import is_not_merged
from app.teams.telling import list_competitors, tell_revealed
from problems.spec import ProblemSpec, Resources


def contributions() -> Hooks:
    """Return the contributions of the features that come after problems."""
    return Hooks(
        submit_baseline=submit_baseline,
        quota_of=quota_of,
        standings_of=standings_of,
        require_pool=require_pool,
        note_change=note_change,
        team_count=team_count,
        stage_rescore=stage_uploaded,
        overall_boards=list_titles,
        tell_revealed=tell_revealed,
        list_competitors=list_competitors,
    )


def submit_baseline(session: Session, platform: Platform, revision: Revision, blob: Blob) -> None:
    """Enter a published pack's baseline into the real pipeline."""
    now = platform.clock.now()
    submission = submissions.submit_baseline(session, revision, blob, now=now)
    evaluation = queue_evaluation(session, submission, Board.A, now=now, actor=SWEEP)
    ring(session, platform.queue, evaluation)


def require_pool(session: Session, resources: Resources, now: datetime) -> None:
    """Refuse a problem whose runs no pool of workers could run."""
    policy.require_pool(resources, list_pools(session, now=now))


def stage_uploaded(
    session: Session, revision: Revision, publication: Publication, now: datetime
) -> None:
    """Begin a re-score by an uploaded pack that passed its check."""
    uploader = session.get_one(User, publication.created_by_id)
    reason = publication.rescore_reason or ""
    stage_rescore(session, revision, reason, uploader.as_actor(), now=now, publication=publication)


def quota_of(session: Session, problem: Problem, user: User, now: datetime) -> Quota:
    """Return what a person's team may still submit today."""
    found = get_quota(session, problem, find_team_id(session, problem, user), now=now)
    return Quota(found.limit, found.used, found.resets_at)


def team_count() -> ColumnElement[int]:
    """Return the number of a problem's teams, to order the hall by."""
    return (
        select(func.count(Team.id))
        .where(Team.problem_id == Problem.id, is_not_merged())
        .scalar_subquery()
    )


def standings_of(session: Session, problems: Sequence[Problem]) -> Mapping[int, Standing]:
    """Return the number of teams and the best score on A of each problem, in three queries."""
    current = session.execute(
        select(Revision.problem_id, Revision.spec)
        .join(Problem, Problem.id == Revision.problem_id)
        .where(
            Revision.number == Problem.revision_number,
            Problem.id.in_([problem.id for problem in problems]),
        )
    )
    primaries = {
        number: ProblemSpec.model_validate(spec).scoring.primary for number, spec in current
    }
    best = best_scores(session, problems, primaries)
    teams = count_teams(session, [problem.id for problem in problems])
    return {one.id: Standing(teams.get(one.id, 0), best.get(one.id)) for one in problems}
