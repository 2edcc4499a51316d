"""Several at once want what only one can have; nobody gets an error that is not theirs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import func, select

from app.accounts.models import Role, User
from app.contests.models import Contest
from app.core.audit import THE_CLOCK, AuditEntry, record_audit, verify_chain
from app.core.blobs import Blob
from app.core.db import Database
from app.core.errors import AppError
from app.core.platform import Platform
from app.evaluations.claims import claim_next
from app.evaluations.errors import StillRunningError
from app.evaluations.models import Evaluation, State
from app.evaluations.operations import rerun
from app.problems.errors import AlreadyRevealedError
from app.problems.models import Problem, Revision
from app.problems.operations import reveal_b
from app.problems.preparing import prepare_pack
from app.problems.publishing import publish
from app.submissions.errors import QuotaExceededError
from app.submissions.models import Kind, QuotaSlot, Submission
from app.submissions.operations import AlreadyRetractedError, Upload, retract, submit
from app.teams.models import Team
from tests.factories import make_problem, make_submission, make_user
from tests.factories.packs import write_pack
from tests.factories.problems import ZEROS
from tests.fakes.ports import FrozenClock

R = TypeVar("R")
ROUNDS = 20
RACERS = 6
LEASE = timedelta(seconds=20)


def race(action: Callable[[int], R]) -> list[R | AppError]:
    """Run an action in several threads that start together; return what came out of each."""
    start = Barrier(RACERS)

    def run(number: int) -> R | AppError:
        start.wait(10)
        try:
            return action(number)
        except AppError as error:
            return error

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


def test_a_quota_of_one_takes_one_a_day(database: Database, clock: FrozenClock) -> None:
    """The first round races for the team as well: nobody has one yet."""
    with database.transaction() as session:
        problem = make_problem(session, submissions_per_day=1)
        person, problem_id = make_user(session).id, problem.id

    def hand_in(_number: int) -> int:
        upload = Upload(Blob(ZEROS, 10), "predictions.csv", Kind.PREDICTIONS)
        with database.transaction() as session:
            revision = session.scalars(select(Revision)).one()
            user = session.get_one(User, person)
            accepted, _is_new = submit(session, revision, user, upload, now=clock.now())
            return accepted.id

    for _ in range(ROUNDS):
        outcomes = race(hand_in)
        assert sum(isinstance(outcome, int) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, QuotaExceededError) for outcome in outcomes) == RACERS - 1
        clock.tick(timedelta(days=1))
    with database.reading() as session:
        days = session.scalars(select(QuotaSlot.day).where(QuotaSlot.problem_id == problem_id))
        assert len(set(days)) == ROUNDS
        assert session.scalars(select(func.count(Submission.id))).one() == ROUNDS
        assert session.scalars(select(func.count(Team.id))).one() == 1


def test_a_quota_of_three_takes_three(database: Database, clock: FrozenClock) -> None:
    """Whoever loses an ordinal gets the next one while there is one."""
    with database.transaction() as session:
        make_problem(session, submissions_per_day=3)
        person = make_user(session).id

    def hand_in(_number: int) -> int:
        upload = Upload(Blob(ZEROS, 10), "predictions.csv", Kind.PREDICTIONS)
        with database.transaction() as session:
            revision = session.scalars(select(Revision)).one()
            user = session.get_one(User, person)
            return submit(session, revision, user, upload, now=clock.now())[0].id

    assert sum(isinstance(outcome, int) for outcome in race(hand_in)) == 3
    with database.reading() as session:
        assert set(session.scalars(select(QuotaSlot.ordinal))) == {1, 2, 3}


def test_each_evaluation_is_claimed_once(database: Database, clock: FrozenClock) -> None:
    with database.transaction() as session:
        problem = make_problem(session)
        for _ in range(ROUNDS):
            make_submission(session, problem=problem)

    def work(number: int) -> list[int]:
        taken: list[int] = []
        while True:
            with database.transaction() as session:
                found = claim_next(session, "cpu", f"w{number}", now=clock.now(), lease=LEASE)
            if found is None:
                return taken
            taken.append(found.evaluation_id)

    shares = race(work)
    claimed = [one for share in shares if isinstance(share, list) for one in share]
    assert len(claimed) == len(set(claimed)) == ROUNDS


def test_the_audit_log_stays_one_chain(database: Database, clock: FrozenClock) -> None:
    def act(number: int) -> int:
        for entry in range(5):
            with database.transaction() as session:
                facts = {"entry": entry}
                record_audit(
                    session, THE_CLOCK, "race.run", f"racer:{number}", facts, now=clock.now()
                )
        return number

    assert race(act) == list(range(RACERS))
    with database.reading() as session:
        assert verify_chain(session).broken is None
        assert session.scalars(select(func.count(AuditEntry.id))).one() == 5 * RACERS


def test_a_rerun_asked_for_twice_at_once_is_one(database: Database, clock: FrozenClock) -> None:
    with database.transaction() as session:
        problem = make_problem(session)
        scored = make_submission(session, problem=problem, scores={"A": {"macro_f1": 0.5}}).id
        organiser = make_user(session, role=Role.ORGANISER).id

    def again(_number: int) -> int:
        with database.transaction() as session:
            submission = session.get_one(Submission, scored)
            return len(
                rerun(session, submission, session.get_one(User, organiser), now=clock.now())
            )

    outcomes = race(again)
    assert outcomes.count(1) == 1
    assert sum(isinstance(outcome, StillRunningError) for outcome in outcomes) == RACERS - 1
    with database.reading() as session:
        current = session.scalars(select(Evaluation).where(Evaluation.is_current)).one()
        assert (current.number, current.state) == (2, State.QUEUED)


def test_a_retraction_is_on_record_once(database: Database, clock: FrozenClock) -> None:
    with database.transaction() as session:
        scored = make_submission(session, problem=make_problem(session)).id
        organiser = make_user(session, role=Role.ORGANISER).id

    def take_off(_number: int) -> bool:
        with database.transaction() as session:
            submission = session.get_one(Submission, scored)
            user = session.get_one(User, organiser)
            retract(session, submission, user, "twice at once", now=clock.now())
            return True

    outcomes = race(take_off)
    assert outcomes.count(True) == 1
    assert sum(isinstance(outcome, AlreadyRetractedError) for outcome in outcomes) == RACERS - 1


def test_board_b_is_revealed_once(database: Database, clock: FrozenClock) -> None:
    with database.transaction() as session:
        problem_id = make_problem(session).id

    def reveal(_number: int) -> bool:
        with database.transaction() as session:
            problem = session.get_one(Problem, problem_id)
            reveal_b(session, problem, actor=THE_CLOCK, now=clock.now())
            return True

    outcomes = race(reveal)
    assert outcomes.count(True) == 1
    assert sum(isinstance(outcome, AlreadyRevealedError) for outcome in outcomes) == RACERS - 1


@pytest.mark.parametrize("slugs", [["solder"] * RACERS, [f"pack-{n}" for n in range(RACERS)]])
def test_packs_are_published_side_by_side(
    slugs: list[str], platform: Platform, tmp_path: Path
) -> None:
    """The first problems of a new contest, and the same new problem from several organisers."""
    prepared = [
        prepare_pack(
            platform,
            write_pack(tmp_path / f"{number}", slug=slug),
            seed=None,
            progress=lambda _step: None,
        )
        for number, slug in enumerate(slugs)
    ]

    def enter(number: int) -> int:
        with platform.database.transaction() as session:
            now = platform.clock.now()
            return publish(session, prepared[number], actor=THE_CLOCK, now=now).number

    numbers = [outcome for outcome in race(enter) if isinstance(outcome, int)]
    assert sorted(numbers) == (list(range(1, 7)) if len(set(slugs)) == 1 else [1] * 6)
    with platform.database.reading() as session:
        assert verify_chain(session).broken is None
        assert session.scalars(select(func.count(Contest.id))).one() == 1
