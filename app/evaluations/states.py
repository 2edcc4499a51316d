"""The state machine of an evaluation: the only module that writes `Evaluation.state`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.evaluations.errors import IllegalTransitionError
from app.evaluations.models import CLAIMED, FINISHED, Evaluation, EvaluationEvent, State

TRANSITIONS: Final[Mapping[State, frozenset[State]]] = {
    State.QUEUED: frozenset({State.RUNNING, State.SCORING, State.CANCELLED}),
    State.RUNNING: frozenset({State.SCORING, State.FAILED, State.CANCELLED, State.QUEUED}),
    State.SCORING: frozenset({State.SCORED, State.FAILED, State.CANCELLED, State.QUEUED}),
    State.SCORED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One edge to take: where to, when, who says so and why.

    `attempt` fences: the step happens only while the claim of that number is the last one, so a
    worker that lost its lease can record nothing. `sources` narrows where the step may start.
    """

    to: State
    now: datetime
    actor: str
    because: str
    attempt: int | None = None
    sources: frozenset[State] | None = None


def advance(session: Session, evaluation_id: int, step: Step, **fields: Any) -> None:  # noqa: ANN401 — columns of Evaluation
    """Move an evaluation along one edge and append the event; of two racing callers one wins.

    Raises:
        IllegalTransitionError: it is elsewhere, or claimed again since.
    """
    sources = {source for source, targets in TRANSITIONS.items() if step.to in targets}
    if step.sources is not None:
        sources &= step.sources
    if step.to in FINISHED:
        fields["finished_at"] = step.now
    if step.to not in CLAIMED:
        fields["lease_expires_at"] = None
    wanted = [Evaluation.id == evaluation_id, Evaluation.state.in_(sources)]
    if step.attempt is not None:
        wanted.append(Evaluation.attempt == step.attempt)
    moved = session.execute(
        update(Evaluation)
        .where(*wanted)
        .values(state=step.to, **fields)
        .returning(Evaluation.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if moved is None:
        raise IllegalTransitionError
    session.add(
        EvaluationEvent(
            evaluation_id=evaluation_id,
            state=step.to,
            at=step.now,
            actor=step.actor,
            because=step.because[:500],
        )
    )
    session.flush()
    stale = session.identity_map.get(session.identity_key(Evaluation, evaluation_id))
    if stale is not None:
        session.refresh(stale)
