"""A host that is sick, workers that die, clocks that jump: nobody is charged, nothing is lost."""

import errno
import os
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.compute.health import find_sickness, mark_sick, mark_well
from app.compute.models import Worker
from app.compute.naming import claimant
from app.core.db import Database
from app.core.platform import Platform
from app.evaluations.claims import claim_next
from app.evaluations.jobs import evaluate_one
from app.evaluations.models import Evaluation, EvaluationEvent, State
from app.evaluations.recovery import MOST_ATTEMPTS, list_claims
from app.evaluations.sickness import find_cause
from app.evaluations.sweeping import ClockWatch, sweep
from app.settings import Settings
from app.upkeep import Backoff, Keeper, list_dead, sign_in
from sandbox import Run, RunResult, SandboxError, SandboxUnavailableError
from tests.factories import make_problem, make_submission
from tests.fakes.ports import FrozenClock, MemoryQueue, ScriptedSandbox, finished

LEASE = timedelta(seconds=12)
HOST = "machine:7:cpu"
NOBODY = 4_194_305  # beyond the largest process id


def add_host(database: Database, clock: FrozenClock, name: str = HOST) -> None:
    with database.transaction() as session:
        session.add(
            Worker(
                name=name,
                pool="cpu",
                sandbox="scripted",
                sandbox_reason="",
                started_at=clock.now(),
                seen_at=clock.now(),
            )
        )


def enter(database: Database) -> int:
    with database.transaction() as session:
        problem = make_problem(session)
        return make_submission(session, problem=problem).id


def claim(database: Database, clock: FrozenClock, signed: str) -> None:
    with database.transaction() as session:
        found = claim_next(session, "cpu", signed, now=clock.now(), lease=LEASE)
        assert found is not None


def only(session: Session) -> Evaluation:
    return session.scalars(select(Evaluation)).one()


def well(_run: Run) -> RunResult:
    return finished(log="alive\n")


@pytest.fixture
def keeper(platform: Platform) -> Keeper:
    return Keeper(platform, HOST)


def test_a_sick_hosts_fault_is_nobodys(
    platform: Platform, settings: Settings, clock: FrozenClock, sandbox: ScriptedSandbox
) -> None:
    database = platform.database
    add_host(database, clock)
    enter(database)
    platform.cache.mkdir(exist_ok=True)
    signed = claimant(HOST, os.getpid())
    with database.transaction() as session:
        mark_sick(session, HOST, "engine silent", now=clock.now())
    assert not evaluate_one(platform, settings, "cpu", signed), "a sick host claims nothing"
    with database.transaction() as session:
        mark_well(session, HOST)
    sandbox.sick = True

    def unreachable(_assignment: object, _around: object) -> object:
        message = "engine silent"
        raise SandboxUnavailableError(message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.evaluations.jobs.evaluate", unreachable)
        assert evaluate_one(platform, settings, "cpu", signed)
    with database.reading() as session:
        evaluation = only(session)
        assert (evaluation.state, evaluation.system_faults) == (State.QUEUED, 0)
        assert evaluation.not_before is None
        assert find_sickness(session, HOST) == "engine silent"
    assert isinstance(platform.queue, MemoryQueue)
    assert platform.queue.waiting("cpu") == 1


@pytest.mark.parametrize(
    ("error", "act", "blamed"),
    [
        (SandboxUnavailableError("silent"), well, True),
        (SandboxError("refused"), well, False),
        (SandboxError("refused"), lambda _run: finished(log="nothing"), True),
        (OSError(errno.ENOSPC, "No space left on device"), well, True),
        (OSError(errno.ENOENT, "No such file"), well, False),
        (RuntimeError("a bug"), well, False),
    ],
)
def test_whose_fault_it_is(
    platform: Platform,
    sandbox: ScriptedSandbox,
    error: Exception,
    act: Callable[[Run], RunResult],
    blamed: bool,
) -> None:
    sandbox.act = act
    assert (find_cause(platform, error) is not None) is blamed


def test_a_sick_host_is_nursed_until_a_probe_runs(
    platform: Platform, clock: FrozenClock, sandbox: ScriptedSandbox, keeper: Keeper
) -> None:
    add_host(platform.database, clock)
    sandbox.sick, sandbox.act = True, well
    with platform.database.transaction() as session:
        mark_sick(session, HOST, "engine silent", now=clock.now())
    keeper.look()
    with platform.database.reading() as session:
        assert find_sickness(session, HOST) == "engine silent"
    sandbox.sick = False
    probes = len(sandbox.runs)
    keeper.look()
    assert len(sandbox.runs) == probes, "the next probe waits its pause"
    keeper._backoff.reset()  # noqa: SLF001 — the pause is over
    keeper.look()
    with platform.database.reading() as session:
        assert find_sickness(session, HOST) is None


def test_pauses_between_probes_grow_and_are_bounded() -> None:
    now = 0.0
    backoff = Backoff(lambda: now)
    pauses = []
    for _ in range(9):
        assert backoff.is_due()
        backoff.note_failure()
        begun = now
        while not backoff.is_due():
            now += 0.5
        pauses.append(now - begun)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_the_claim_of_a_dead_process_is_given_back_at_once(
    platform: Platform, clock: FrozenClock, keeper: Keeper
) -> None:
    add_host(platform.database, clock)
    enter(platform.database)
    claim(platform.database, clock, claimant(HOST, NOBODY))
    assert keeper.bury() == 1
    with platform.database.reading() as session:
        evaluation = only(session)
        assert (evaluation.state, evaluation.system_faults) == (State.QUEUED, 0)
        assert "died" in session.scalars(select(EvaluationEvent)).all()[-1].because
    assert keeper.bury() == 0


def test_the_claim_of_a_living_process_is_left_alone(
    platform: Platform, clock: FrozenClock, keeper: Keeper
) -> None:
    add_host(platform.database, clock)
    enter(platform.database)
    claim(platform.database, clock, claimant(HOST, os.getppid()))
    assert keeper.bury() == 0
    with platform.database.reading() as session:
        assert only(session).state is State.SCORING


def test_a_dead_workers_claims_are_given_back_by_its_neighbour(
    platform: Platform, clock: FrozenClock, keeper: Keeper
) -> None:
    other = "machine:8:cpu"
    enter(platform.database)
    # its process id says nothing: it may be somebody else's by now
    claim(platform.database, clock, claimant(other, os.getppid()))
    with sign_in(platform, other):
        assert list_dead(platform, HOST) == []
        assert keeper.bury() == 0
        left = platform.cache / "hosts" / other
        kept = left.read_bytes()
    left.write_bytes(kept)  # as a killed worker leaves it: the file, and no lock
    assert keeper.bury() == 1
    assert not left.exists()
    with platform.database.reading() as session:
        assert list_claims(session, other) == []


def test_a_worker_that_dies_every_time_ends_it_free_of_charge(
    platform: Platform, clock: FrozenClock, keeper: Keeper
) -> None:
    enter(platform.database)
    for _ in range(MOST_ATTEMPTS):
        claim(platform.database, clock, claimant(HOST, NOBODY))
        assert keeper.bury() == 1
        clock.tick(timedelta(minutes=1))
    with platform.database.reading() as session:
        assert only(session).state is State.FAILED


@pytest.mark.parametrize("hours", [5, -5])
def test_a_clock_that_jumps_neither_loses_the_living_nor_keeps_the_dead(
    platform: Platform, clock: FrozenClock, hours: int
) -> None:
    passed = 0.0
    watch = ClockWatch(LEASE, lambda: passed)
    enter(platform.database)
    claim(platform.database, clock, "elsewhere:1:cpu/1")

    def later(seconds: float) -> int:
        nonlocal passed
        passed += seconds
        clock.tick(timedelta(seconds=seconds))
        return sweep(platform, LEASE, watch).put_back

    assert later(3) == 0
    clock.tick(timedelta(hours=hours))
    assert later(3) == 0, "a living worker has not had time to renew its lease"
    # nobody renews: the worker is dead, and is found out in the time it takes without a jump
    given_back = [later(3) for _ in range(9)]
    assert sum(given_back) == 1
    with platform.database.reading() as session:
        evaluation = only(session)
        assert evaluation.state is State.QUEUED
        assert sweep(platform, LEASE, watch).rung == 0, "rung for already"
