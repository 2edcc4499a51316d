"""Cancels, lost claims, re-runs and retractions at the worst moment; and what each costs."""

import io
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from typing_extensions import override

from app.accounts.models import Role
from app.core.blobs import Blob, LocalBlobs
from app.core.clock import beijing_day
from app.core.db import Database
from app.core.platform import Platform
from app.evaluations import operations, queries, recovery
from app.evaluations.claims import Assignment, claim_next, renew
from app.evaluations.errors import IllegalTransitionError, NotRunningError, StillRunningError
from app.evaluations.jobs import evaluate_one
from app.evaluations.logbook import Logbook, read_log
from app.evaluations.models import Evaluation, EvaluationEvent, LogChunk, State, Verdict
from app.evaluations.outcomes import Outcome
from app.evaluations.states import Step, advance
from app.evaluations.sweeping import sweep
from app.problems.models import Board, Problem, Revision
from app.settings import Settings
from app.submissions.errors import SubmissionNotFoundError
from app.submissions.models import Kind, QuotaSlot, Submission
from app.submissions.operations import retract
from app.submissions.queries import get_quota
from tests.factories import make_problem, make_submission, make_user
from tests.factories.packs import publish_pack
from tests.factories.problems import SPEC
from tests.factories.submissions import make_evaluation
from tests.fakes.ports import FrozenClock, finished

if TYPE_CHECKING:
    from sqlalchemy.pool import QueuePool

pytestmark = [pytest.mark.functional, pytest.mark.slow]

LEASE = timedelta(seconds=20)
SETS: dict[str, Any] = deepcopy(SPEC)
SETS["scoring"]["partition"] = "sets"
Charged = Callable[[int], bool]
Enter = Callable[..., int]


@pytest.fixture
def problem(database: Database) -> Problem:
    with database.transaction() as session:
        return make_problem(session, slug="states", spec=SETS)


@pytest.fixture
def enter(database: Database, clock: FrozenClock, problem: Problem) -> Enter:
    """Enter a submission with a quota slot; return its id."""

    def make(kind: Kind = Kind.CODE, **more: Any) -> int:  # noqa: ANN401 — of make_submission
        with database.transaction() as session:
            held = session.get_one(Problem, problem.id)
            made = make_submission(session, problem=held, kind=kind, at=clock.now(), **more)
            assert made.team_id is not None
            session.add(
                QuotaSlot(
                    problem_id=held.id,
                    team_id=made.team_id,
                    day=beijing_day(clock.now()),
                    ordinal=1,
                    submission_id=made.id,
                )
            )
            return made.id

    return make


@pytest.fixture
def is_charged(database: Database) -> Charged:
    def ask(submission: int) -> bool:
        with database.reading() as session:
            slots = select(func.count(QuotaSlot.id)).where(QuotaSlot.submission_id == submission)
            return session.scalars(slots).one() == 1

    return ask


def current(session: Session, submission: int, board: Board = Board.A) -> Evaluation:
    return session.scalars(
        select(Evaluation)
        .where(
            Evaluation.submission_id == submission,
            Evaluation.board == board,
            Evaluation.is_current,
        )
        .execution_options(populate_existing=True)
    ).one()


def claim(database: Database, clock: FrozenClock) -> Assignment:
    with database.transaction() as session:
        found = claim_next(session, "cpu", "w", now=clock.now(), lease=LEASE)
    assert found is not None
    return found


def cancel(database: Database, clock: FrozenClock, submission: int) -> None:
    with database.transaction() as session:
        team = session.get_one(Submission, submission).team
        assert team is not None
        operations.cancel(session, current(session, submission), team.captain, now=clock.now())


def record(
    database: Database, clock: FrozenClock, assignment: Assignment, outcome: Outcome
) -> State:
    with database.transaction() as session:
        return operations.record_outcome(session, assignment, outcome, now=clock.now())


def begin_scoring(database: Database, clock: FrozenClock, assignment: Assignment) -> None:
    with database.transaction() as session:
        now = clock.now()
        step = Step(State.SCORING, now, "w", "ran", assignment.attempt)
        advance(session, assignment.evaluation_id, step, lease_expires_at=now + LEASE)


def test_a_cancel_accepted_while_scoring_is_kept(
    database: Database, clock: FrozenClock, enter: Enter, is_charged: Charged
) -> None:
    submission = enter(Kind.PREDICTIONS)
    assignment = claim(database, clock)
    cancel(database, clock, submission)
    assert record(database, clock, assignment, Outcome(State.SCORED)) is State.CANCELLED
    assert not is_charged(submission)
    with database.reading() as session:
        evaluation = current(session, submission)
        assert (evaluation.state, evaluation.verdict) == (State.CANCELLED, None)


def test_a_cancel_between_claim_and_run_is_kept(
    database: Database, clock: FrozenClock, enter: Enter, is_charged: Charged
) -> None:
    submission = enter()
    assignment = claim(database, clock)
    cancel(database, clock, submission)
    failed = Outcome(State.FAILED, Verdict.RUNTIME_ERROR, run=finished(exit_code=1))
    assert record(database, clock, assignment, failed) is State.CANCELLED
    assert not is_charged(submission)


def test_a_cancel_after_the_end_is_refused_and_changes_nothing(
    database: Database, clock: FrozenClock, enter: Enter, is_charged: Charged
) -> None:
    submission = enter(Kind.PREDICTIONS)
    record(database, clock, claim(database, clock), Outcome(State.SCORED))
    with pytest.raises(NotRunningError):
        cancel(database, clock, submission)
    assert is_charged(submission)


@pytest.mark.parametrize("leaves", ["silent", "orderly"])
def test_a_cancel_outlives_the_worker(
    database: Database, clock: FrozenClock, enter: Enter, is_charged: Charged, leaves: str
) -> None:
    submission = enter()
    claim(database, clock)
    cancel(database, clock, submission)
    clock.tick(LEASE + timedelta(seconds=1))
    with database.transaction() as session:
        if leaves == "silent":
            assert recovery.put_back_expired(session, now=clock.now()) == 1
        else:
            assert recovery.put_back_worker(session, "w", now=clock.now()) == 1
    with database.reading() as session:
        assert current(session, submission).state is State.CANCELLED
    assert not is_charged(submission)


@pytest.mark.parametrize("claimed_again", [False, True])
def test_a_worker_that_lost_its_claim_writes_nothing(
    database: Database, clock: FrozenClock, enter: Enter, is_charged: Charged, claimed_again: bool
) -> None:
    submission = enter()
    first = claim(database, clock)
    clock.tick(LEASE + timedelta(seconds=1))
    with database.transaction() as session:
        recovery.put_back_expired(session, now=clock.now())
    if claimed_again:
        clock.tick(operations.RETRY_AFTER)
        assert claim(database, clock).attempt == first.attempt + 1
    with database.reading() as session:
        before = current(session, submission)
        events = session.scalars(select(func.count(EvaluationEvent.id))).one()
    for outcome in (
        Outcome(State.SCORED),
        Outcome(State.CANCELLED),
        Outcome(State.FAILED, Verdict.RUNTIME_ERROR),
    ):
        with pytest.raises(IllegalTransitionError):
            record(database, clock, first, outcome)
    with pytest.raises(IllegalTransitionError), database.transaction() as session:
        operations.record_fault(
            session, first.evaluation_id, first.attempt, "late", now=clock.now(), actor="w"
        )
    with database.transaction() as session:
        assert not renew(session, first, now=clock.now(), lease=LEASE).ours
    with database.reading() as session:
        after = current(session, submission)
        assert (after.state, after.attempt) == (before.state, before.attempt)
        assert session.scalars(select(func.count(EvaluationEvent.id))).one() == events
    assert is_charged(submission)


def test_a_run_that_ends_after_its_claim_was_given_away_does_not_take_it_back(
    platform: Platform, settings: Settings, clock: FrozenClock, blobs: LocalBlobs, enter: Enter
) -> None:
    """The claim is put back while the code runs; the announcement of scoring must not revive it."""
    database = platform.database
    submission = enter()
    _give_files(database, blobs)

    def act(run: object) -> object:
        clock.tick(LEASE + timedelta(seconds=1))
        with database.transaction() as session:
            assert recovery.put_back_expired(session, now=clock.now()) == 1
        return finished()

    sandbox = platform.sandbox()
    sandbox.act = act  # type: ignore[attr-defined]
    assert evaluate_one(platform, settings, "cpu", "slow")
    with database.reading() as session:
        evaluation = current(session, submission)
        assert (evaluation.state, evaluation.worker) == (State.QUEUED, None)


def _give_files(database: Database, blobs: LocalBlobs) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", "print(1)")
    packed.seek(0)
    digest = blobs.put(packed).digest
    with database.transaction() as session:
        for submission in session.scalars(select(Submission)):
            submission.blob = digest
        for revision in session.scalars(select(Revision)):
            for data in revision.boards:
                data.input_blob = digest


def test_the_third_fault_ends_it_free_of_charge(
    database: Database, clock: FrozenClock, enter: Enter, is_charged: Charged
) -> None:
    submission = enter()
    for fault in (1, 2, 3):
        assignment = claim(database, clock)
        with database.transaction() as session:
            operations.record_fault(
                session, assignment.evaluation_id, fault, "broken", now=clock.now(), actor="w"
            )
        with database.reading() as session:
            assert current(session, submission).system_faults == fault
        clock.tick(timedelta(minutes=1))
    with database.reading() as session:
        evaluation = current(session, submission)
        assert (evaluation.state, evaluation.verdict) == (State.FAILED, Verdict.SYSTEM_ERROR)
    assert not is_charged(submission)


def test_a_lost_worker_is_no_fault_but_it_cannot_be_lost_for_ever(
    database: Database, clock: FrozenClock, enter: Enter, is_charged: Charged
) -> None:
    submission = enter()
    for lost in range(1, recovery.MOST_ATTEMPTS + 1):
        assert claim(database, clock).attempt == lost
        clock.tick(LEASE + timedelta(seconds=1))
        with database.transaction() as session:
            assert recovery.put_back_expired(session, now=clock.now()) == 1
            # a second sweep of the same moment finds nothing
            assert recovery.put_back_expired(session, now=clock.now()) == 0
        with database.reading() as session:
            evaluation = current(session, submission)
            assert evaluation.system_faults == 0
            ended = lost == recovery.MOST_ATTEMPTS
            assert evaluation.state is (State.FAILED if ended else State.QUEUED)
            assert evaluation.verdict is (Verdict.SYSTEM_ERROR if ended else None)
        clock.tick(timedelta(minutes=1))
    assert not is_charged(submission)


def test_what_cannot_be_read_does_not_block_the_queue(
    platform: Platform, settings: Settings, clock: FrozenClock, enter: Enter, is_charged: Charged
) -> None:
    database = platform.database
    broken = enter()
    with database.transaction() as session:
        revision = session.scalars(select(Revision)).one()
        revision.spec = {**revision.spec, "licence": 7, "unknown": True}
    for _ in range(operations.MOST_FAULTS):
        assert evaluate_one(platform, settings, "cpu", "w")
        clock.tick(timedelta(minutes=1))
    assert not evaluate_one(platform, settings, "cpu", "w")
    with database.reading() as session:
        evaluation = current(session, broken)
        assert (evaluation.state, evaluation.verdict) == (State.FAILED, Verdict.SYSTEM_ERROR)
        assert "unknown" in evaluation.staff_message
    assert not is_charged(broken)


FREE = {
    (Verdict.SYSTEM_ERROR, Kind.CODE),
    (Verdict.SYSTEM_ERROR, Kind.PREDICTIONS),
    (Verdict.SCORER_ERROR, Kind.CODE),
    (Verdict.SCORER_ERROR, Kind.PREDICTIONS),
    # what only a scorer can judge is like a refused upload; a run has used the machine
    (Verdict.INVALID_OUTPUT, Kind.PREDICTIONS),
}


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("verdict", list(Verdict))
def test_each_verdict_is_charged_or_not(
    database: Database,
    clock: FrozenClock,
    enter: Enter,
    is_charged: Charged,
    verdict: Verdict,
    kind: Kind,
) -> None:
    submission = enter(kind)
    assignment = claim(database, clock)
    if kind is Kind.CODE:
        begin_scoring(database, clock, assignment)
    record(database, clock, assignment, Outcome(State.FAILED, verdict))
    assert is_charged(submission) is ((verdict, kind) not in FREE)


def test_a_refund_on_the_next_day_gives_nothing_extra_for_that_day(
    database: Database, clock: FrozenClock, problem: Problem, enter: Enter, is_charged: Charged
) -> None:
    submission = enter(Kind.PREDICTIONS)
    clock.tick(timedelta(days=1))
    cancel(database, clock, submission)
    assert not is_charged(submission)
    with database.reading() as session:
        team = session.get_one(Submission, submission).team_id
        held = session.get_one(Problem, problem.id)
        assert get_quota(session, held, team, now=clock.now()).used == 0
        assert get_quota(session, held, team, now=clock.now()).limit == 3


def test_a_retracted_submission_stays_charged(
    database: Database, clock: FrozenClock, enter: Enter, is_charged: Charged
) -> None:
    submission = enter(scores={"A": {"macro_f1": 0.5}})
    with database.transaction() as session:
        organiser = make_user(session, role=Role.ORGANISER)
        retract(session, session.get_one(Submission, submission), organiser, "why", now=clock.now())
    assert is_charged(submission)
    with database.transaction() as session:
        held = session.scalars(select(Problem)).one()
        held.b_revealed_at = clock.now()
        # its code is not run on B any more
        assert operations.queue_due_b_runs(session, now=clock.now()) == []


def rerun(database: Database, clock: FrozenClock, submission: int) -> None:
    with database.transaction() as session:
        organiser = make_user(session, role=Role.ORGANISER)
        row = session.get_one(Submission, submission)
        operations.rerun(session, row, organiser, now=clock.now())


def test_a_rerun_never_charges(
    database: Database, clock: FrozenClock, enter: Enter, is_charged: Charged
) -> None:
    submission = enter(Kind.PREDICTIONS)
    record(database, clock, claim(database, clock), Outcome(State.FAILED, Verdict.SCORER_ERROR))
    assert not is_charged(submission)
    rerun(database, clock, submission)
    assert record(database, clock, claim(database, clock), Outcome(State.SCORED)) is State.SCORED
    assert not is_charged(submission)


def test_cancelling_a_rerun_gives_no_slot_back(
    database: Database, clock: FrozenClock, enter: Enter, is_charged: Charged
) -> None:
    submission = enter(scores={"A": {"macro_f1": 0.5}})
    rerun(database, clock, submission)
    cancel(database, clock, submission)
    assert is_charged(submission)


def test_a_rerun_waits_for_the_end_of_a_cancel(
    database: Database, clock: FrozenClock, enter: Enter
) -> None:
    submission = enter()
    assignment = claim(database, clock)
    cancel(database, clock, submission)
    with pytest.raises(StillRunningError):
        rerun(database, clock, submission)
    record(database, clock, assignment, Outcome(State.CANCELLED, run=finished(cancelled=True)))
    rerun(database, clock, submission)
    with database.reading() as session:
        evaluation = current(session, submission)
        assert (evaluation.state, evaluation.number) == (State.QUEUED, 2)
        assert evaluation.cancel_requested_at is None


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(State.FAILED, Verdict.SCORER_ERROR),
        Outcome(State.FAILED, Verdict.SYSTEM_ERROR),
        Outcome(State.CANCELLED),
    ],
)
def test_a_run_on_b_pays_nothing_back_for_a(
    database: Database, clock: FrozenClock, enter: Enter, is_charged: Charged, outcome: Outcome
) -> None:
    submission = enter(scores={"A": {"macro_f1": 0.5}})
    with database.transaction() as session:
        make_evaluation(session, submission=session.get_one(Submission, submission), board=Board.B)
    record(database, clock, claim(database, clock), outcome)
    with database.reading() as session:
        assert current(session, submission, Board.B).state is outcome.state
    assert is_charged(submission)


def test_no_transaction_is_open_while_losses_are_stored(
    platform: Platform, settings: Settings, blobs: LocalBlobs, tmp_path: Path
) -> None:
    """A slow store must not make every other writer wait."""
    publish_pack(platform, tmp_path / "pack")
    answer = "id,label\n" + "".join(f"r{row},ok\n" for row in range(6))
    stored = blobs.put(io.BytesIO(answer.encode()))
    with platform.database.transaction() as session:
        held = session.scalars(select(Problem)).one()
        made = make_submission(session, problem=held, blob=stored.digest, size=stored.size).id
    in_use: list[int] = []

    class Watching(LocalBlobs):
        @override
        def put(self, source: BinaryIO, *, max_bytes: int | None = None) -> Blob:
            in_use.append(cast("QueuePool", platform.database.engine.pool).checkedout())
            return super().put(source, max_bytes=max_bytes)

    watched = replace(platform, blobs=Watching(tmp_path / "blobs"))
    assert evaluate_one(watched, settings, "cpu", "w")
    with platform.database.reading() as session:
        evaluation = current(session, made)
        assert (evaluation.state, evaluation.losses_blob is None) == (State.SCORED, False)
    assert in_use == [0]


def test_a_log_whose_transaction_failed_is_written_by_the_next(database: Database) -> None:
    with database.transaction() as session:
        made = make_submission(session, problem=make_problem(session), kind=Kind.CODE)
        evaluation = current(session, made.id)
    book = Logbook(evaluation.id, 0)
    book("第一行\n".encode())
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        book.flush(session)
        book(b"meanwhile\n")
        1 / 0  # noqa: B018 — any failure
    with database.transaction() as session:
        book.flush(session)
    book(b"end\n")
    with database.transaction() as session:
        book.close(session, finished())
    with database.reading() as session:
        chunks = session.scalars(select(LogChunk).order_by(LogChunk.start)).all()
        assert [chunk.start for chunk in chunks] == [0, len("第一行\nmeanwhile\n".encode())]
        piece = read_log(session, current(session, made.id), 0)
    assert piece.text == "第一行\nmeanwhile\nend\n"


def test_the_sweep_rings_for_what_waits_and_no_more(
    platform: Platform, clock: FrozenClock, enter: Enter
) -> None:
    for _ in range(3):
        enter()
    assert sweep(platform).rung == 3
    assert sweep(platform).rung == 0
    cancelled = enter()
    cancel(platform.database, clock, cancelled)
    assert sweep(platform).rung == 0


def test_the_log_of_a_run_on_b_is_for_staff_until_the_reveal(
    database: Database, clock: FrozenClock, enter: Enter
) -> None:
    """What it printed may tell what B's data hold."""
    submission = enter(scores={"A": {"macro_f1": 0.5}})
    with database.transaction() as session:
        row = session.get_one(Submission, submission)
        on_b = make_evaluation(session, submission=row, board=Board.B)
        judge = make_user(session, role=Role.JUDGE)
    with database.reading() as session:
        row = session.get_one(Submission, submission)
        assert row.team is not None
        captain = row.team.captain
        assert queries.get_run(session, row, Board.B, judge).id == on_b.id
        assert queries.get_run(session, row, None, captain).board is Board.A
        with pytest.raises(SubmissionNotFoundError):
            queries.get_run(session, row, Board.B, captain)
        row.problem.b_revealed_at = clock.now()
        with session.no_autoflush:
            assert queries.get_run(session, row, Board.B, captain).id == on_b.id


def test_a_cancel_and_a_result_at_once_agree(
    database: Database, clock: FrozenClock, enter: Enter, is_charged: Charged
) -> None:
    """Either the cancel was accepted and nothing is charged, or it came too late and is refused."""
    for _ in range(8):
        submission = enter(Kind.PREDICTIONS)
        assignment = claim(database, clock)
        start = Barrier(2)

        def ask(submission: int = submission, start: Barrier = start) -> bool:
            start.wait(10)
            try:
                cancel(database, clock, submission)
            except NotRunningError:
                return False
            return True

        def end(assignment: Assignment = assignment, start: Barrier = start) -> State:
            start.wait(10)
            return record(database, clock, assignment, Outcome(State.SCORED))

        with ThreadPoolExecutor(2) as pool:
            asked, ended = pool.submit(ask), pool.submit(end)
            accepted, state = asked.result(30), ended.result(30)
        assert state is (State.CANCELLED if accepted else State.SCORED)
        assert is_charged(submission) is not accepted


def test_two_sweeps_and_a_late_result_end_one_claim_once(
    database: Database, clock: FrozenClock, enter: Enter
) -> None:
    for _ in range(5):
        submission = enter(Kind.PREDICTIONS)
        assignment = claim(database, clock)
        clock.tick(LEASE + timedelta(seconds=1))
        start = Barrier(3)

        def put_back(start: Barrier = start) -> int:
            start.wait(10)
            with database.transaction() as session:
                return recovery.put_back_expired(session, now=clock.now())

        def end(assignment: Assignment = assignment, start: Barrier = start) -> bool:
            start.wait(10)
            try:
                record(database, clock, assignment, Outcome(State.SCORED))
            except IllegalTransitionError:
                return False
            return True

        with ThreadPoolExecutor(3) as pool:
            sweeps = [pool.submit(put_back) for _ in range(2)]
            ended = pool.submit(end)
            swept, recorded = sum(one.result(30) for one in sweeps), ended.result(30)
        assert swept + recorded == 1
        with database.transaction() as session:
            evaluation = current(session, submission)
            assert evaluation.state is (State.SCORED if recorded else State.QUEUED)
            assert evaluation.system_faults == 0
            if not recorded:
                team = session.get_one(Submission, submission).team
                assert team is not None
                operations.cancel(session, evaluation, team.captain, now=clock.now())
