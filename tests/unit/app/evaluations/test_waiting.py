"""The place in the queue that a page names is the one the claims keep to."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.evaluations.claims import claim_next
from app.evaluations.models import Evaluation, State
from app.evaluations.waiting import Place, count_before, find_place
from app.problems.models import Problem
from app.submissions.models import Submission
from tests.factories import make_problem, make_submission, make_team
from tests.factories.workers import make_worker
from tests.fakes.ports import FrozenClock

LEASE = timedelta(seconds=20)


@pytest.fixture
def problem(session: Session) -> Problem:
    return make_problem(session)


def place_of(session: Session, submission: Submission, clock: FrozenClock) -> Place | None:
    evaluation = session.scalars(
        select(Evaluation).where(Evaluation.submission_id == submission.id)
    ).one()
    return find_place(session, evaluation, now=clock.now())


def test_the_places_are_the_order_of_the_claims(
    session: Session, clock: FrozenClock, problem: Problem
) -> None:
    eager, other = (make_team(session, problem=problem) for _ in range(2))
    mine = [make_submission(session, problem=problem, team=eager) for _ in range(3)]
    mine.append(make_submission(session, problem=problem, team=other))
    said = {}
    for submission in mine:
        place = place_of(session, submission, clock)
        assert place is not None
        assert place.waiting == 4
        said[place.position] = submission.id
    claimed = []
    for _ in mine:
        clock.tick(timedelta(seconds=1))
        taken = claim_next(session, "cpu", "worker", now=clock.now(), lease=LEASE)
        assert taken is not None
        claimed.append(taken.submission_id)
    # one of the other team's comes before the second of a team with many
    assert [said[position] for position in (1, 2, 3, 4)] == claimed
    assert claimed[1] == mine[3].id


def test_when_it_starts_follows_from_how_long_the_last_ones_took(
    session: Session, clock: FrozenClock, problem: Problem
) -> None:
    submissions = [make_submission(session, problem=problem) for _ in range(3)]
    nobody = place_of(session, submissions[2], clock)
    assert nobody is not None
    assert (nobody.slots, nobody.starts_at) == (0, None)
    make_worker(session, now=clock.now(), pool="cpu")
    first, third = (place_of(session, submissions[at], clock) for at in (0, 2))
    assert first is not None
    assert third is not None
    assert first.starts_at == clock.now()
    assert third.starts_at is None  # nothing has ended here yet
    done = make_submission(session, problem=problem, scores={"A": {"accuracy": 1.0}})
    evaluation = session.scalars(
        select(Evaluation).where(Evaluation.submission_id == done.id)
    ).one()
    evaluation.started_at = clock.now() - timedelta(seconds=40)
    evaluation.finished_at = clock.now() - timedelta(seconds=10)
    session.flush()
    third = place_of(session, submissions[2], clock)
    assert third is not None
    assert third.starts_at == clock.now() + timedelta(seconds=2 * 30)


def test_what_does_not_wait_has_no_place(
    session: Session, clock: FrozenClock, problem: Problem
) -> None:
    scored = make_submission(session, problem=problem, scores={"A": {"accuracy": 1.0}})
    assert place_of(session, scored, clock) is None


def test_the_count_before_changes_as_the_queue_moves(
    session: Session, clock: FrozenClock, problem: Problem
) -> None:
    make_submission(session, problem=problem)
    last = make_submission(session, problem=problem)
    evaluation = session.scalars(
        select(Evaluation).where(Evaluation.submission_id == last.id)
    ).one()
    assert count_before(session, evaluation) == 1
    assert claim_next(session, "cpu", "worker", now=clock.now(), lease=LEASE) is not None
    assert count_before(session, evaluation) == 0
    assert evaluation.state is State.QUEUED
