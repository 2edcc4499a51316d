"""Claiming work: which queued evaluation is next, fairly, and exactly one worker per evaluation.

A claim is a lease. It is renewed by the worker's heartbeat; when it runs out, the sweep puts the
evaluation back. `attempt` counts claims, and every later write names it.
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, update
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from app.compute.leases import DeviceLeases
from app.compute.matching import Needs
from app.compute.naming import owner_of, worker_of
from app.core.leases import LeasesUnavailableError
from app.evaluations.debug_data import find_debug_data
from app.evaluations.errors import IllegalTransitionError
from app.evaluations.models import CLAIMED, Evaluation, State
from app.evaluations.placing import Places
from app.evaluations.states import Step, advance
from app.problems.models import Board, BoardData, Partition, Revision
from app.submissions.models import Kind, Submission
from problems.spec import ProblemSpec, Resources

logger = logging.getLogger("baijing.worker")
_DEBUG_PATIENCE: Final = timedelta(minutes=2)
_PAGES: Final = (1, 500)
"""How many waiting ones are read: the first nearly always fits, and else enough to find one."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """All a worker needs to evaluate without the database."""

    evaluation_id: int
    submission_id: int
    attempt: int
    worker: str
    board: Board
    kind: Kind
    spec: ProblemSpec
    submission_blob: str
    pack_blob: str
    keys_blob: str | None
    input_blob: str | None
    truths: dict[Board, str]
    """The truth of every board this evaluation is scored on."""
    pool: str
    """Where it was claimed from."""
    devices: tuple[str, ...] = ()
    """The GPUs its run has for itself, by uuid."""
    is_debug: bool = False
    """A try run: `truths` is empty, the input is public."""
    public_files: Mapping[str, str] = field(default_factory=dict)
    """What a try run finds as its input where there is no `input_blob`: digests by path."""

    @property
    def first_state(self) -> State:
        """A predictions file has nothing to run."""
        return State.RUNNING if self.kind is Kind.CODE else State.SCORING

    def owner(self, installation: str) -> str:
        """Return what marks this claim's containers."""
        return owner_of(installation, self.evaluation_id, self.attempt)


class UnreadableEvaluationError(Exception):
    """What an evaluation needs cannot be put together; the cause says what is missing."""

    def __init__(self, evaluation_id: int) -> None:
        self.evaluation_id = evaluation_id
        super().__init__(f"evaluation {evaluation_id} cannot be read")


def claim_next(
    session: Session,
    pool: str,
    worker: str,
    *,
    now: datetime,
    lease: timedelta,
    leases: DeviceLeases | None = None,
) -> Assignment | None:
    """Claim the fairest waiting evaluation of a pool that can start here; None: there is none.

    Who needs GPUs gets devices of the worker's host that nobody uses, or is passed over; without
    `leases` every such evaluation is.

    Raises:
        UnreadableEvaluationError: whose turn it is cannot be evaluated at all, by our fault.
    """
    places = Places(session, worker_of(worker), now)
    passed: set[int] = set()
    while (found := _next_fitting(session, pool, places, passed, now=now)) is not None:
        candidate, devices = found
        if not _lease(session, candidate, devices, leases):
            places.withdraw(devices)
            continue
        try:
            assignment = _assignment(session, candidate, worker, devices)
            if assignment.is_debug:
                assignment = _on_public_data(session, assignment, now=now)
        except (LookupError, ValueError, NoResultFound) as error:
            raise UnreadableEvaluationError(candidate.id) from error
        try:
            _claim(session, candidate, assignment, now=now, lease=lease)
        except IllegalTransitionError:
            passed.add(candidate.id)
            session.expire(candidate)  # another worker was faster
            continue
        return assignment
    return None


def _claim(
    session: Session,
    candidate: Evaluation,
    assignment: Assignment,
    *,
    now: datetime,
    lease: timedelta,
) -> None:
    step = Step(assignment.first_state, now, assignment.worker, "claimed", candidate.attempt)
    advance(
        session,
        candidate.id,
        step,
        attempt=assignment.attempt,
        worker=assignment.worker,
        started_at=now,
        scoring_at=now if assignment.first_state is State.SCORING else None,
        lease_expires_at=now + lease,
        devices=list(assignment.devices) or None,
    )


def _lease(
    session: Session,
    candidate: Evaluation,
    devices: tuple[str, ...],
    leases: DeviceLeases | None,
) -> bool:
    """Lease the devices of the claim to come; False where they cannot be had now."""
    if not devices:
        return True
    if leases is None:
        return False

    def is_alive(evaluation_id: int, attempt: int) -> bool:
        # what is being scored has left its devices
        return is_claim_in(session, evaluation_id, attempt, {State.RUNNING})

    try:
        return leases.take(devices, candidate.id, candidate.attempt + 1, is_alive)
    except LeasesUnavailableError as error:
        logger.warning("no GPU can be leased: %s", error)
        return False


def is_claim_in(
    session: Session, evaluation_id: int, attempt: int, states: Collection[State]
) -> bool:
    """Tell whether a claim is the last one and its evaluation is in one of these states."""
    return (
        session.scalar(
            select(Evaluation.id).where(
                Evaluation.id == evaluation_id,
                Evaluation.attempt == attempt,
                Evaluation.state.in_(states),
            )
        )
        is not None
    )


def _next_fitting(
    session: Session, pool: str, places: Places, passed: set[int], *, now: datetime
) -> tuple[Evaluation, tuple[str, ...]] | None:
    """Return whose turn it is of those that can start here, and the devices it gets."""
    for waiting_id, kind, resources, since in _in_turn(session, pool, now=now):
        if waiting_id in passed:
            continue
        devices: tuple[str, ...] | None = ()
        if kind is Kind.CODE and resources.get("gpus"):
            devices = places.find(_needs(waiting_id, resources), since)
        if devices is not None:
            evaluation = session.get(Evaluation, waiting_id, populate_existing=True)
            if evaluation is not None:
                return evaluation, devices
    return None


def _needs(evaluation_id: int, resources: dict[str, object]) -> Needs:
    try:
        return Needs.of(Resources.model_validate(resources))
    except ValueError as error:
        raise UnreadableEvaluationError(evaluation_id) from error


_Waiting = tuple[int, Kind, dict[str, object], datetime]


def _in_turn(session: Session, pool: str, *, now: datetime) -> Iterator[_Waiting]:
    """Yield who waits, in turn: fewest running first, then who waited longest for a turn.

    A team with fifty waiting gets one turn between any two of a team with one. Baselines share one
    turn. Predictions go before code within a team: they take a second. Re-runs wait behind
    everything that is new. Try runs wait behind all others, and are counted apart from them; only
    when none runs and one has waited its patience out is it next.
    """
    waiting = list_in_turn(session, pool, now=now)
    skipped = 0
    for page in _PAGES:
        rows = session.execute(waiting.offset(skipped).limit(page)).all()
        for evaluation_id, kind, resources, since, *_others in rows:
            yield evaluation_id, kind, resources if isinstance(resources, dict) else {}, since
        if len(rows) < page:
            return
        skipped += len(rows)


def list_in_turn(
    session: Session, pool: str, *, now: datetime
) -> Select[int, Kind, Any, datetime, int, int]:
    """Return who waits in a pool in the order of `_in_turn`, as it is at this instant.

    Columns: evaluation, kind, resources, waiting since, team (0: baselines), and a class: try runs
    and re-runs are in classes of their own.
    """
    share = func.coalesce(Submission.team_id, 0)
    standing = (
        select(
            share.label("team"),
            Submission.is_debug.label("is_debug"),
            func.sum(case((Evaluation.state.in_(CLAIMED), 1), else_=0)).label("running"),
            func.max(Evaluation.started_at).label("last_turn"),
        )
        .join(Submission, Evaluation.submission_id == Submission.id)
        .where(_recent(now))
        .group_by(share, Submission.is_debug)
        .subquery()
    )
    again = case((Evaluation.number > 1, 1), else_=0)
    debugging = _turn_of_debugging(session, pool, now=now)
    return (
        select(
            Evaluation.id,
            Submission.kind,
            Revision.spec["resources"],
            Evaluation.queued_at,
            share,
            2 * debugging + again,
        )
        .join(Submission, Evaluation.submission_id == Submission.id)
        .join(Revision, Submission.revision_id == Revision.id)
        .outerjoin(
            standing,
            and_(standing.c.team == share, standing.c.is_debug == Submission.is_debug),
        )
        .where(
            Evaluation.state == State.QUEUED,
            Evaluation.pool == pool,
            or_(Evaluation.not_before.is_(None), Evaluation.not_before <= now),
        )
        .order_by(
            debugging,
            again,
            func.coalesce(standing.c.running, 0),
            case((standing.c.last_turn.is_(None), 0), else_=1),
            standing.c.last_turn,
            case((Submission.kind == Kind.PREDICTIONS, 0), else_=1),
            Evaluation.id,
        )
    )


def _turn_of_debugging(session: Session, pool: str, *, now: datetime) -> ColumnElement[int]:
    """Put try runs last; one at a time, those that have waited long enough, first.

    They take a minute at most, so a crowded pool still gives them a small share.
    """
    runs = session.scalar(
        select(Evaluation.id)
        .join(Submission, Evaluation.submission_id == Submission.id)
        .where(Evaluation.state.in_(CLAIMED), Evaluation.pool == pool, Submission.is_debug)
        .limit(1)
    )
    last = case((Submission.is_debug, 1), else_=0)
    if runs is not None:
        return last
    impatient = and_(Submission.is_debug, Evaluation.queued_at <= now - _DEBUG_PATIENCE)
    return case((impatient, -1), else_=last)


def _recent(now: datetime) -> ColumnElement[bool]:
    """Bound what fairness looks at: what runs, and turns of the last day."""
    return or_(
        Evaluation.state.in_(CLAIMED),
        and_(Evaluation.started_at.is_not(None), Evaluation.started_at > now - timedelta(days=1)),
    )


def _assignment(
    session: Session, evaluation: Evaluation, worker: str, devices: tuple[str, ...]
) -> Assignment:
    submission = session.get_one(Submission, evaluation.submission_id)
    revision = session.get_one(Revision, submission.revision_id)
    data = {
        found.board: found
        for found in session.scalars(select(BoardData).where(BoardData.revision_id == revision.id))
    }
    spec = ProblemSpec.model_validate(revision.spec)
    sets = spec.scoring.partition == Partition.SETS
    scored_on = [evaluation.board] if sets else list(data)
    return Assignment(
        evaluation_id=evaluation.id,
        submission_id=submission.id,
        attempt=evaluation.attempt + 1,
        worker=worker,
        board=evaluation.board,
        kind=submission.kind,
        spec=spec,
        submission_blob=submission.blob,
        pack_blob=revision.pack_blob,
        keys_blob=revision.keys_blob if not sets else data[evaluation.board].keys_blob,
        input_blob=data[evaluation.board].input_blob,
        truths={board: data[board].truth_blob for board in scored_on},
        pool=evaluation.pool,
        devices=devices,
        is_debug=submission.is_debug,
    )


def _on_public_data(session: Session, assignment: Assignment, *, now: datetime) -> Assignment:
    """Return a try run's assignment: nothing hidden is part of it."""
    submission = session.get_one(Submission, assignment.submission_id)
    data = find_debug_data(session, submission.revision, now=now)
    return replace(
        assignment,
        input_blob=data.input_blob,
        public_files=data.files,
        keys_blob=data.keys_blob,
        truths={},
    )


def renew(
    session: Session, assignment: Assignment, *, now: datetime, lease: timedelta
) -> "Renewal":
    """Move a lease on; say whether it was still ours and whether a cancel was asked for."""
    row = session.execute(
        update(Evaluation)
        .where(
            Evaluation.id == assignment.evaluation_id,
            Evaluation.attempt == assignment.attempt,
            Evaluation.state.in_(CLAIMED),
        )
        .values(lease_expires_at=now + lease)
        .returning(Evaluation.cancel_requested_at)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return Renewal(ours=row is not None, cancel=row is not None and row[0] is not None)


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a heartbeat learned."""

    ours: bool
    cancel: bool
