"""Accepting a submission from the open file to the queue: the one way in, for pages and the API."""

from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.blobs import Blob
from app.core.errors import ConflictError
from app.core.i18n import N_
from app.core.platform import Platform
from app.evaluations.debug_data import find_debug_data
from app.evaluations.jobs import ring
from app.evaluations.operations import queue_evaluation
from app.problems.models import Board, Problem, Revision
from app.problems.queries import get_current_revision, get_readable_problem
from app.submissions.errors import NothingToTryError
from app.submissions.models import Kind
from app.submissions.operations import (
    Upload,
    check_approval,
    check_debug_limit,
    check_may_debug,
    check_may_submit,
    check_quota,
    count_debug_runs,
    submit,
    submit_debug,
)
from app.submissions.queries import (
    find_keys_blob,
    find_repeated_submission,
    find_team_id,
    get_quota,
)
from app.submissions.validation import check_upload
from app.teams.queries import find_team
from problems.spec import ProblemSpec
from trial.uploads import most_bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """What arrived: an open file and how it was described; nothing is stored or checked yet."""

    file: BinaryIO
    filename: str
    kind: Kind
    board: Board = Board.A
    note: str = ""
    idempotency_key: str | None = None
    is_debug: bool = False
    """A try run; `kind` is code then."""


class KeyReusedError(ConflictError):
    """The idempotency key belongs to a submission to another problem."""

    code = "idempotency_key_reused"
    message = N_("This Idempotency-Key was used for a submission to another problem.")


def accept(
    port: Platform, slug: str, actor: User, delivery: Delivery, *, debug_limit: int = 0
) -> int:
    """Store, check, accept and queue a submission; return its id.

    `debug_limit` is how many try runs a team may start in an hour.

    A repeat with the same idempotency key returns what the first request made. The file is stored
    and checked with no transaction open; a refused one is collected as garbage later.

    Raises:
        ProblemNotFoundError: no such problem, or not one the actor may see.
        StaffCannotSubmitError, StageClosedError, KindNotAcceptedError: not you, not now, not this.
        TooLargeError, RefusedUploadError: the file cannot be used; nothing is charged.
        TeamNotApprovedError: the contest approves its teams, and this one is not approved.
        QuotaExceededError: today's submissions are used up.
        DebugLimitError, NothingToTryError: no try run now, or never here.
        KeyReusedError: the key belongs to a submission to another problem.
    """
    with port.database.reading() as session:
        problem = get_readable_problem(session, slug, actor)
        now = port.clock.now()
        # read first: a twin of this request that takes the last slot meanwhile is found below
        quota = get_quota(session, problem, find_team_id(session, problem, actor), now=now)
        earlier = _find_repeated(session, problem, actor, delivery)
        if earlier is not None:
            return earlier
        if delivery.is_debug:
            _check_debug(session, problem, actor, debug_limit, now=now)
        else:
            check_may_submit(problem, actor, delivery.board, now=now)
            check_approval(problem, find_team(session, problem, actor))
            check_quota(quota, now=now)
        revision = get_current_revision(session, problem)
        keys_blob = find_keys_blob(session, revision, delivery.board)
    limit = most_bytes(ProblemSpec.model_validate(revision.spec), delivery.kind)
    blob = port.blobs.put(delivery.file, max_bytes=limit)
    check_upload(port.blobs, revision, delivery.kind, blob.digest, keys_blob=keys_blob)
    try:
        return _enter(port, revision.id, actor, blob, delivery, debug_limit)
    except IntegrityError:
        # the same request came twice at once, and the other one was faster
        with port.database.reading() as session:
            winner = _find_repeated(session, problem, actor, delivery)
        if winner is None:
            raise
        return winner


def _check_debug(
    session: Session, problem: Problem, actor: User, limit: int, *, now: datetime
) -> None:
    if limit == 0 or not problem.takes_code:
        raise NothingToTryError
    check_may_debug(problem, actor, now=now)
    check_approval(problem, find_team(session, problem, actor))
    data = find_debug_data(session, get_current_revision(session, problem), now=now)
    if data.input_blob is None and not data.files:
        raise NothingToTryError
    team = find_team_id(session, problem, actor)
    check_debug_limit(count_debug_runs(session, problem, team, now=now), limit, now=now)


def _find_repeated(
    session: Session, problem: Problem, actor: User, delivery: Delivery
) -> int | None:
    if delivery.idempotency_key is None:
        return None
    earlier = find_repeated_submission(session, actor, delivery.idempotency_key)
    if earlier is None:
        return None
    if earlier.problem_id != problem.id or earlier.is_debug != delivery.is_debug:
        raise KeyReusedError
    return earlier.id


def _enter(
    port: Platform,
    revision_id: int,
    actor: User,
    blob: Blob,
    delivery: Delivery,
    debug_limit: int,
) -> int:
    """Enter a checked file; it counts for the revision it was checked against."""
    now = port.clock.now()
    upload = Upload(
        blob=blob,
        filename=delivery.filename,
        kind=delivery.kind,
        board=delivery.board,
        note=delivery.note,
        idempotency_key=delivery.idempotency_key,
    )
    with port.database.transaction() as session:
        revision = session.get_one(Revision, revision_id)
        # the actor was read before this transaction; the new rows refer to one of its own
        user = session.get_one(User, actor.id)
        if delivery.is_debug:
            submission, is_new = submit_debug(
                session, revision, user, upload, now=now, limit=debug_limit
            )
        else:
            submission, is_new = submit(session, revision, user, upload, now=now)
        other = submission.problem_id != revision.problem_id
        if other or submission.is_debug != delivery.is_debug:
            raise KeyReusedError
        if is_new:
            evaluation = queue_evaluation(
                session, submission, delivery.board, now=now, actor=user.name
            )
            ring(session, port.queue, evaluation)
        return submission.id
