from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.evaluations.claims import claim_next, renew
from app.evaluations.models import Evaluation, State
from app.evaluations.recovery import is_claimed, put_back_expired
from app.problems.models import Board, Problem
from app.submissions.models import Kind
from tests.factories import make_problem, make_submission, make_team
from tests.fakes.ports import FrozenClock

LEASE = timedelta(seconds=20)
Claim = Callable[[], int | None]


@pytest.fixture
def problem(session: Session) -> Problem:
    return make_problem(session)


@pytest.fixture
def claim(session: Session, clock: FrozenClock) -> Claim:
    """Claim the next one and return the id of its submission."""

    def take() -> int | None:
        clock.tick(timedelta(seconds=1))
        taken = claim_next(session, "cpu", "worker", now=clock.now(), lease=LEASE)
        if taken is None:
            return None
        return session.get_one(Evaluation, taken.evaluation_id).submission_id

    return take


def test_a_claim_carries_everything_and_starts_a_lease(
    session: Session, clock: FrozenClock, problem: Problem
) -> None:
    make_submission(session, problem=problem, kind=Kind.CODE)
    taken = claim_next(session, "cpu", "worker-1", now=clock.now(), lease=LEASE)
    assert taken is not None
    assert set(taken.truths) == {Board.A, Board.B}
    evaluation = session.get_one(Evaluation, taken.evaluation_id)
    assert (evaluation.state, evaluation.attempt, evaluation.worker) == (
        State.RUNNING,
        1,
        "worker-1",
    )
    assert evaluation.lease_expires_at == clock.now() + LEASE


def test_predictions_go_straight_to_scoring(
    session: Session, clock: FrozenClock, problem: Problem
) -> None:
    make_submission(session, problem=problem)
    taken = claim_next(session, "cpu", "w", now=clock.now(), lease=LEASE)
    assert taken is not None
    assert session.get_one(Evaluation, taken.evaluation_id).state is State.SCORING


def test_a_team_with_fifty_does_not_delay_a_team_with_one(
    session: Session, problem: Problem, claim: Claim
) -> None:
    busy, modest = make_team(session, problem=problem), make_team(session, problem=problem)
    flood = [make_submission(session, problem=problem, team=busy).id for _ in range(50)]
    single = make_submission(session, problem=problem, team=modest).id
    assert claim() == flood[0]
    assert claim() == single
    assert claim() == flood[1]


def test_two_busy_teams_take_turns(session: Session, problem: Problem, claim: Claim) -> None:
    one, two = make_team(session, problem=problem), make_team(session, problem=problem)
    first = [make_submission(session, problem=problem, team=one).id for _ in range(3)]
    second = [make_submission(session, problem=problem, team=two).id for _ in range(3)]
    order = [claim() for _ in range(6)]
    assert order == [item for pair in zip(first, second, strict=True) for item in pair]


def test_an_empty_pool_gives_nothing(session: Session, problem: Problem, claim: Claim) -> None:
    make_submission(session, problem=problem)
    assert claim() is not None
    assert claim() is None


def test_a_retry_waits_its_pause(
    session: Session, clock: FrozenClock, problem: Problem, claim: Claim
) -> None:
    submission = make_submission(session, problem=problem)
    evaluation = session.scalars(select(Evaluation)).one()
    evaluation.not_before = clock.now() + timedelta(minutes=1)
    session.flush()
    assert claim() is None
    clock.tick(timedelta(minutes=1))
    assert claim() == submission.id


def test_a_lost_lease_is_given_away_and_the_loser_learns_it(
    session: Session, clock: FrozenClock, problem: Problem
) -> None:
    make_submission(session, problem=problem)
    first = claim_next(session, "cpu", "one", now=clock.now(), lease=LEASE)
    assert first is not None
    assert renew(session, first, now=clock.now(), lease=LEASE).ours
    clock.tick(LEASE + timedelta(seconds=1))
    assert put_back_expired(session, now=clock.now()) == 1
    assert not is_claimed(session, first.evaluation_id, 1)
    assert not renew(session, first, now=clock.now(), lease=LEASE).ours
    clock.tick(timedelta(minutes=1))
    second = claim_next(session, "cpu", "two", now=clock.now(), lease=LEASE)
    assert second is not None
    assert (second.evaluation_id, second.attempt) == (first.evaluation_id, 2)
    assert is_claimed(session, second.evaluation_id, 2)
    assert not is_claimed(session, second.evaluation_id, 1)


def test_of_racing_workers_each_evaluation_has_one(database: Database, clock: FrozenClock) -> None:
    with database.transaction() as session:
        problem = make_problem(session)
        for _ in range(12):
            make_submission(session, problem=problem)

    def work(name: str) -> list[int]:
        taken: list[int] = []
        while True:
            with database.transaction() as session:
                found = claim_next(session, "cpu", name, now=clock.now(), lease=LEASE)
            if found is None:
                return taken
            taken.append(found.evaluation_id)

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(work, ["a", "b", "c", "d"]))
    claimed = [one for share in shares for one in share]
    assert len(claimed) == len(set(claimed)) == 12
