from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.evaluations.errors import IllegalTransitionError
from app.evaluations.models import CLAIMED, FINISHED, Evaluation, EvaluationEvent, State, Verdict
from app.evaluations.states import TRANSITIONS, Step, advance
from tests.factories import make_problem, make_submission
from tests.fakes.ports import FrozenClock


def make(session: Session, state: State) -> Evaluation:
    verdict = Verdict.RUNTIME_ERROR if state is State.FAILED else None
    submission = make_submission(
        session, problem=make_problem(session), state=state, verdict=verdict
    )
    return session.scalars(
        select(Evaluation).where(Evaluation.submission_id == submission.id)
    ).one()


def fields_for(state: State, clock: FrozenClock) -> dict[str, object]:
    if state is State.FAILED:
        return {"verdict": Verdict.TIME_LIMIT}
    return {"lease_expires_at": clock.now()} if state in CLAIMED else {}


def test_every_state_has_a_row_in_the_table() -> None:
    assert set(TRANSITIONS) == set(State)


def test_nothing_leaves_a_final_state() -> None:
    assert all(not TRANSITIONS[state] for state in FINISHED)


@pytest.mark.parametrize(("source", "target"), list(product(State, State)))
def test_the_table_is_the_whole_truth(
    session: Session, clock: FrozenClock, source: State, target: State
) -> None:
    evaluation = make(session, source)
    step = Step(target, clock.now(), "test", "because")
    if target in TRANSITIONS[source]:
        advance(session, evaluation.id, step, **fields_for(target, clock))
        assert evaluation.state is target
        assert (evaluation.finished_at is not None) == (target in FINISHED)
        assert session.scalars(select(EvaluationEvent.state)).one() is target
    else:
        with pytest.raises(IllegalTransitionError):
            advance(session, evaluation.id, step, **fields_for(target, clock))
        assert not session.scalars(select(EvaluationEvent)).all()


def test_an_older_attempt_is_fenced_off(session: Session, clock: FrozenClock) -> None:
    evaluation = make(session, State.SCORING)
    evaluation.attempt = 2
    session.flush()
    with pytest.raises(IllegalTransitionError):
        advance(session, evaluation.id, Step(State.SCORED, clock.now(), "w", "late", attempt=1))
    advance(session, evaluation.id, Step(State.SCORED, clock.now(), "w", "mine", attempt=2))
    assert evaluation.state is State.SCORED
