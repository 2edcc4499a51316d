"""Evaluations that need GPUs: each gets devices of its own, waits for them, and leaves them."""

import io
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.compute.leases import DeviceLeases
from app.compute.models import GpuDevice
from app.core.db import Database
from app.core.platform import Platform
from app.evaluations.claims import Assignment, claim_next
from app.evaluations.devices import DevicesLostError, HeldDevices, device_leases
from app.evaluations.jobs import evaluate_one
from app.evaluations.models import Evaluation, EvaluationEvent, State
from app.evaluations.moving import STRANDED_AFTER, move_stranded
from app.evaluations.operations import queue_evaluation
from app.evaluations.placing import PATIENCE
from app.evaluations.recovery import put_back_expired
from app.problems.models import Board, BoardData
from app.settings import Settings
from app.submissions.models import Kind, Submission
from sandbox import Run, RunResult
from sandbox import Verdict as RunVerdict
from sandbox.gpu import Device
from sandbox.types import GpuUse
from tests.factories import make_problem, make_submission
from tests.factories.problems import SPEC
from tests.factories.workers import make_worker
from tests.fakes.gpus import GIB, FakeGpus, MemoryLeases, card
from tests.fakes.ports import FrozenClock, MemoryQueue, ScriptedSandbox, finished

LEASE = timedelta(seconds=20)


class Host:
    """One fake host of a pool and what is claimed there."""

    def __init__(self, platform: Platform, devices: list[Device], pool: str = "gpu") -> None:
        self.platform, self.pool = platform, pool
        self.database, self.clock = platform.database, platform.clock
        with self.database.transaction() as session:
            self.worker = make_worker(session, now=self.clock.now(), pool=pool, devices=devices)

    @property
    def leases(self) -> DeviceLeases:
        return device_leases(self.platform, LEASE)

    def queue(self, gpus: int = 1, **resources: Any) -> int:  # noqa: ANN401 — as in problem.yaml
        """Queue code of a team of its own for a problem of its own; return the evaluation's id."""
        with self.database.transaction() as session:
            submission = submit(session, gpus=gpus, **resources)
            now = self.clock.now()
            return queue_evaluation(session, submission, Board.A, now=now, actor="test").id

    def claim(self, worker: str | None = None) -> Assignment | None:
        with self.database.transaction() as session:
            return claim_next(
                session,
                self.pool,
                worker or self.worker,
                now=self.clock.now(),
                lease=LEASE,
                leases=self.leases,
            )

    def claimed(self) -> tuple[int, tuple[str, ...]] | None:
        found = self.claim()
        return None if found is None else (found.evaluation_id, found.devices)

    def move(self, evaluation_id: int, state: State) -> None:
        with self.database.transaction() as session:
            row = session.get_one(Evaluation, evaluation_id)
            row.state = state
            if state is State.SCORED:
                row.finished_at, row.lease_expires_at = self.clock.now(), None


def submit(session: Session, **resources: Any) -> Submission:  # noqa: ANN401 — as in problem.yaml
    spec = deepcopy(SPEC)
    spec["resources"] |= resources
    problem = make_problem(session, spec=spec)
    submission = make_submission(session, problem=problem, kind=Kind.CODE, state=State.SCORED)
    for earlier in session.scalars(
        select(Evaluation).where(Evaluation.submission_id == submission.id)
    ):
        session.delete(earlier)
    session.flush()
    return submission


@pytest.fixture
def two(platform: Platform) -> Host:
    return Host(platform, [card(0), card(1)])


@pytest.fixture
def eight(platform: Platform) -> Host:
    return Host(platform, [card(number) for number in range(8)])


def test_two_at_once_have_different_cards_and_the_third_waits(two: Host) -> None:
    first, second, third = two.queue(), two.queue(), two.queue()
    assert two.claimed() == (first, ("GPU-0000",))
    assert two.claimed() == (second, ("GPU-0001",))
    assert two.claimed() is None
    two.move(first, State.SCORING)  # its run is over: it needs its card no more
    assert two.claimed() == (third, ("GPU-0000",))
    with two.database.reading() as session:
        assert session.get_one(Evaluation, third).devices == ["GPU-0000"]


def test_who_needs_no_card_and_who_needs_few_run_beside_who_waits_for_many(two: Host) -> None:
    one, both, single = two.queue(), two.queue(gpus=2), two.queue()
    plain = two.queue(gpus=0, pool="gpu")
    assert [two.claimed(), two.claimed(), two.claimed()] == [
        (one, ("GPU-0000",)),
        (single, ("GPU-0001",)),
        (plain, ()),
    ]
    assert two.claimed() is None
    two.move(one, State.SCORED)
    two.move(single, State.SCORED)
    assert two.claimed() == (both, ("GPU-0000", "GPU-0001"))


def test_a_large_request_is_kept_room_for_once_it_has_waited_long(
    eight: Host, clock: FrozenClock
) -> None:
    first = eight.queue(gpus=4)
    assert eight.claimed() is not None
    large = eight.queue(gpus=8)
    clock.tick(PATIENCE + timedelta(seconds=1))
    eight.queue()
    plain = eight.queue(gpus=0, pool="gpu")
    # four cards are free, and stay so; who needs none is not held up
    assert eight.claimed() == (plain, ())
    assert eight.claimed() is None
    eight.move(first, State.SCORED)
    found = eight.claim()
    assert found is not None
    assert (found.evaluation_id, len(found.devices)) == (large, 8)


def test_what_this_host_can_never_serve_holds_nobody_up(two: Host, clock: FrozenClock) -> None:
    two.queue(gpus=3, pool="gpu")
    two.queue(gpu_models=["H200"], pool="gpu")
    two.queue(gpu_memory=80 * GIB, pool="gpu")
    clock.tick(PATIENCE + timedelta(seconds=1))
    small = two.queue()
    assert two.claimed() == (small, ("GPU-0000",))


def test_a_card_in_quarantine_is_given_to_nobody(two: Host) -> None:
    two.queue()
    with two.database.transaction() as session:
        session.get_one(GpuDevice, "GPU-0000").quarantined_at = two.clock.now()
    found = two.claim()
    assert found is not None
    assert found.devices == ("GPU-0001",)


def test_a_flush_of_the_leases_gives_no_card_twice(two: Host, leases: MemoryLeases) -> None:
    for _ in range(3):
        two.queue()
    held = {two.claimed(), two.claimed()}
    leases.taken.clear()
    assert two.claimed() is None
    assert None not in held


def test_while_nobody_keeps_leases_no_card_is_given(two: Host, leases: MemoryLeases) -> None:
    waiting, plain = two.queue(), two.queue(gpus=0, pool="gpu")
    leases.down = True
    assert two.claimed() == (plain, ())
    assert two.claimed() is None
    leases.down = False
    assert two.claimed() == (waiting, ("GPU-0000",))


def test_a_lease_of_a_claim_that_is_over_is_taken_over(two: Host, clock: FrozenClock) -> None:
    first = two.queue()
    assert two.claimed() == (first, ("GPU-0000",))
    two.move(first, State.SCORED)  # the worker died before it let go
    again = two.queue(gpus=2)
    assert two.claimed() == (again, ("GPU-0000", "GPU-0001"))


def test_another_installations_lease_is_respected(two: Host, leases: MemoryLeases) -> None:
    leases.hold(["GPU-0000"], "elsewhere/1/1", ttl=timedelta(minutes=1))
    first = two.queue()
    assert two.claimed() == (first, ("GPU-0001",))


def test_an_answer_file_needs_no_card(two: Host) -> None:
    with two.database.transaction() as session:
        submission = submit(session, gpus=2)
        submission.kind = Kind.PREDICTIONS
        found = queue_evaluation(session, submission, Board.A, now=two.clock.now(), actor="test")
        assert found.pool == "cpu"


def test_workers_that_race_never_share_a_card(eight: Host) -> None:
    for _ in range(20):
        eight.queue()
    start = Barrier(4)

    def work() -> list[Assignment]:
        start.wait()
        found = []
        while (one := eight.claim()) is not None:
            found.append(one)
        return found

    claims = [claim for share in in_threads(work, 4) for claim in share]
    devices = [uuid for claim in claims for uuid in claim.devices]
    assert sorted(devices) == [f"GPU-{number:04d}" for number in range(8)]


def in_threads(work: Callable[[], list[Assignment]], count: int) -> list[list[Assignment]]:
    with ThreadPoolExecutor(count) as pool:
        return [one.result() for one in [pool.submit(work) for _ in range(count)]]


def hold_one(host: Host) -> tuple[Assignment, HeldDevices]:
    host.queue()
    claim = host.claim()
    assert claim is not None
    return claim, HeldDevices(host.platform, claim, LEASE)


def quarantined(database: Database) -> list[str]:
    with database.reading() as session:
        wanted = select(GpuDevice.uuid).where(GpuDevice.quarantined_at.is_not(None))
        return list(session.scalars(wanted))


def test_a_card_left_clean_is_free_again(two: Host, gpus: FakeGpus, leases: MemoryLeases) -> None:
    gpus.devices = (card(0), card(1))
    claim, held = hold_one(two)
    with held:
        assert held.renew()
        assert leases.holders(claim.devices) == {"GPU-0000": f"test/{claim.evaluation_id}/1"}
    assert leases.holders(claim.devices) == {}
    assert quarantined(two.database) == []
    held.settle()  # a second time does nothing


def test_a_card_with_leftovers_is_quarantined_before_anybody_gets_it(
    two: Host, gpus: FakeGpus
) -> None:
    gpus.devices = (card(0), card(1))
    claim, held = hold_one(two)
    with held:
        gpus.used = {"GPU-0000": GIB}
    assert quarantined(two.database) == ["GPU-0000"]
    two.move(claim.evaluation_id, State.SCORED)
    two.queue(gpus=2)
    assert two.claimed() is None


def test_a_card_that_somebody_computes_on_is_not_run_on(
    two: Host, gpus: FakeGpus, leases: MemoryLeases
) -> None:
    gpus.devices = (card(0), card(1))
    gpus.processes = {"GPU-0000": (4711,)}
    claim, held = hold_one(two)
    with pytest.raises(DevicesLostError, match="processes 4711"):
        held.__enter__()
    assert quarantined(two.database) == ["GPU-0000"]
    assert leases.holders(claim.devices) == {}


def test_a_heartbeat_takes_back_what_was_flushed_and_notices_what_was_taken(
    two: Host, gpus: FakeGpus, leases: MemoryLeases
) -> None:
    gpus.devices = (card(0), card(1))
    claim, held = hold_one(two)
    with held:
        leases.taken.clear()
        assert held.renew()
        assert leases.holders(claim.devices) != {}
        leases.down = True
        assert held.renew()  # the claim in the database is what counts
        leases.down = False
        leases.taken.clear()
        leases.hold(claim.devices, "elsewhere/9/1", ttl=LEASE)
        assert not held.renew()
        with pytest.raises(DevicesLostError):
            held.require()


def test_a_silent_workers_card_is_given_on_after_its_claim(
    two: Host, clock: FrozenClock, leases: MemoryLeases
) -> None:
    first = two.queue()
    assert two.claimed() == (first, ("GPU-0000",))
    clock.tick(LEASE + timedelta(seconds=1))
    with two.database.transaction() as session:
        assert put_back_expired(session, now=clock.now()) == 1
    clock.tick(timedelta(minutes=5))
    assert two.claimed() == (first, ("GPU-0000",))


def test_what_waits_where_no_worker_is_moves_to_who_has_what_it_needs(
    platform: Platform, clock: FrozenClock
) -> None:
    gone = Host(platform, [card(0)], "gpu-a")
    moving, pinned = gone.queue(), gone.queue(pool="gpu-a")
    clock.tick(STRANDED_AFTER + timedelta(seconds=1))
    assert moved(platform) == 0  # nobody else is there
    there = Host(platform, [card(1)], "gpu-b")
    assert moved(platform) == 1
    assert there.claimed() == (moving, ("GPU-0001",))
    with platform.database.reading() as session:
        assert session.get_one(Evaluation, pinned).pool == "gpu-a"
        said = [event.because for event in session.query(EvaluationEvent).order_by("id")]
    assert "moved from pool gpu-a, where no worker is, to gpu-b" in said


def test_a_worker_that_restarts_finds_what_waited_for_it(
    platform: Platform, clock: FrozenClock
) -> None:
    away = Host(platform, [card(0)], "gpu-a")
    away.queue()
    clock.tick(timedelta(minutes=9))
    Host(platform, [card(1)], "gpu-b")
    assert moved(platform) == 0


def moved(platform: Platform) -> int:
    with platform.database.transaction() as session:
        return move_stranded(session, now=platform.clock.now())


class Story:
    """One problem that needs a card, with data, and a host of two cards that works on it."""

    def __init__(self, platform: Platform, settings: Settings, host: Host) -> None:
        self.platform, self.settings, self.host = platform, settings, host
        self.input = put(platform, {"test.csv": "id\na1\n"})
        self.truth = put(platform, {"truth.csv": "id,label\na1,ok\n"})

    def hand_in(self) -> int:
        with self.platform.database.transaction() as session:
            submission = submit(session, gpus=1)
            submission.blob = put(self.platform, {"main.py": "print(1)"})
            submission.revision.pack_blob = self.truth
            wanted = select(BoardData).where(BoardData.revision_id == submission.revision_id)
            for data in session.scalars(wanted):
                data.input_blob, data.truth_blob = self.input, self.truth
                if data.board is Board.B:
                    session.delete(data)
            now = self.platform.clock.now()
            return queue_evaluation(session, submission, Board.A, now=now, actor="test").id

    def work(self) -> bool:
        return evaluate_one(self.platform, self.settings, "gpu", self.host.worker)

    def evaluation(self, number: int) -> Evaluation:
        with self.platform.database.reading() as session:
            return session.get_one(Evaluation, number)


def put(platform: Platform, files: dict[str, str]) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    packed.seek(0)
    return platform.blobs.put(packed).digest


@pytest.fixture
def story(platform: Platform, settings: Settings, two: Host, gpus: FakeGpus) -> Story:
    gpus.devices = (card(0), card(1))
    return Story(platform, settings, two)


def answer(run: Run) -> RunResult:
    (run.output / "predictions.csv").write_text("id,label\na1,ok\n")
    uses = tuple(GpuUse(uuid, "A100", 7 * GIB, 0.5, 120.0) for uuid in run.devices)
    return finished(gpus=uses)


def test_two_runs_at_once_use_two_cards_and_the_third_follows(
    story: Story, sandbox: ScriptedSandbox, queue: MemoryQueue
) -> None:
    ids = [story.hand_in() for _ in range(3)]
    both = Barrier(2)

    def act(run: Run) -> RunResult:
        if len(sandbox.runs) <= 2:
            both.wait(60)  # so both are under way at once
            assert not story.work(), "no card is free"
            both.wait(60)
        return answer(run)

    sandbox.act = act
    with ThreadPoolExecutor(2) as pool:
        assert all(one.result() for one in [pool.submit(story.work) for _ in range(2)])
    assert {run.devices for run in sandbox.runs} == {("GPU-0000",), ("GPU-0001",)}
    # whoever is done rings for who waits: once when the run is over, once when it is scored
    assert [pool for pool, _, _ in queue.jobs] == ["gpu"] * 4
    assert story.work()
    ended = [story.evaluation(number) for number in ids]
    assert [one.state for one in ended] == [State.SCORED] * 3
    assert sandbox.runs[2].devices == ("GPU-0000",)
    assert ended[2].gpu_uses == [
        {
            "uuid": "GPU-0000",
            "model": "A100",
            "peak_memory_bytes": 7 * GIB,
            "utilisation": 0.5,
            "energy_j": 120.0,
        }
    ]


def test_a_run_that_loses_its_card_starts_again_uncharged(
    story: Story, sandbox: ScriptedSandbox, gpus: FakeGpus
) -> None:
    number = story.hand_in()
    gpus.processes = {"GPU-0000": (4711,)}
    assert story.work()
    again = story.evaluation(number)
    assert (again.state, again.system_faults, sandbox.runs) == (State.QUEUED, 0, [])
    sandbox.act = answer
    assert story.work()
    done = story.evaluation(number)
    assert (done.state, done.devices) == (State.SCORED, ["GPU-0001"])


def test_leftovers_of_a_failed_run_are_found_too(
    story: Story, sandbox: ScriptedSandbox, gpus: FakeGpus
) -> None:
    number = story.hand_in()

    def act(run: Run) -> RunResult:
        gpus.used = dict.fromkeys(run.devices, GIB)
        return finished(verdict=RunVerdict.RUNTIME_ERROR, exit_code=1)

    sandbox.act = act
    assert story.work()
    assert story.evaluation(number).state is State.FAILED
    assert quarantined(story.platform.database) == ["GPU-0000"]
