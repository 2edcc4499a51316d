"""Claiming work: which queued evaluation is next, fairly, and exactly one worker per evaluation.

A claim is a lease. It is renewed by the worker's heartbeat; when it runs out, the sweep puts the
evaluation back. `attempt` counts claims, and every later write names it.
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
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
from app.evaluations.shadow_places import (
    has_others_waiting,
    measured_facts,
    scoring_revision,
)
from app.evaluations.states import Step, advance
from app.evaluations.turns import list_in_turn
from app.problems.models import Board, BoardData, Partition
from app.submissions.models import Kind, Submission
from problems.spec import ProblemSpec, Resources
from scoring import RunFacts

logger = logging.getLogger("baijing.worker")
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
    revision_number: int = 0
    """The revision it is scored by."""
    answer_blob: str | None = None
    """The answer of an earlier run of the same code: then nothing is run."""
    measured: RunFacts | None = None
    """What that run used; the size of the code is left out."""
    is_shadow: bool = False
    """Of a re-score: it gives way to whatever else waits."""
    public_files: Mapping[str, str] = field(default_factory=dict)
    """What a try run finds as its input where there is no `input_blob`: digests by path."""

    @property
    def first_state(self) -> State:
        """A predictions file has nothing to run, nor has what answered before."""
        return State.RUNNING if self.has_run else State.SCORING

    @property
    def has_run(self) -> bool:
        """Whether code is to be run."""
        return self.kind is Kind.CODE and self.answer_blob is None

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
        revision_number=assignment.revision_number,
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
    for waiting_id, has_run, resources, since in _in_turn(session, pool, now=now):
        if waiting_id in passed:
            continue
        devices: tuple[str, ...] | None = ()
        if has_run and resources.get("gpus"):
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


_Waiting = tuple[int, bool, dict[str, object], datetime]


def _in_turn(session: Session, pool: str, *, now: datetime) -> Iterator[_Waiting]:
    """Yield who waits, in turn: fewest running first, then who waited longest for a turn.

    A team with fifty waiting gets one turn between any two of a team with one. Baselines share one
    turn. Predictions go before code within a team: they take a second. Re-runs wait behind
    everything that is new. Try runs wait behind all others, and are counted apart from them; only
    when none runs and one has waited its patience out is it next. Shadows of re-scores come after
    everything, and only where `shadows.may_start` lets them; no team's turn is counted by them.
    """
    waiting = list_in_turn(session, pool, now=now)
    skipped = 0
    for page in _PAGES:
        rows = session.execute(waiting.offset(skipped).limit(page)).all()
        for evaluation_id, has_run, resources, since, *_others in rows:
            known = resources if isinstance(resources, dict) else {}
            yield evaluation_id, bool(has_run), known, since
        if len(rows) < page:
            return
        skipped += len(rows)


def _assignment(
    session: Session, evaluation: Evaluation, worker: str, devices: tuple[str, ...]
) -> Assignment:
    submission = session.get_one(Submission, evaluation.submission_id)
    revision = scoring_revision(session, evaluation, submission)
    data = {
        found.board: found
        for found in session.scalars(select(BoardData).where(BoardData.revision_id == revision.id))
    }
    spec = ProblemSpec.model_validate(revision.spec)
    if revision.id != submission.revision_id:
        # it is scored by another; what it may use stays as it was when it was handed in
        own = ProblemSpec.model_validate(submission.revision.spec)
        spec = spec.model_copy(update={"resources": own.resources})
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
        revision_number=revision.number,
        answer_blob=evaluation.answer_blob,
        measured=measured_facts(evaluation),
        is_shadow=evaluation.is_shadow,
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
    return Renewal(
        ours=row is not None,
        cancel=row is not None and row[0] is not None,
        give_way=assignment.is_shadow and has_others_waiting(session, assignment.pool, now=now),
    )


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a heartbeat learned."""

    ours: bool
    cancel: bool
    give_way: bool = False
    """It is a re-score's, and something else waits for its place."""
