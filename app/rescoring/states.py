"""The life of a re-score: the only module that writes `Rescore.state`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app.core.db import hold
from app.rescoring.errors import RescoreEndedError
from app.rescoring.models import Rescore, RescoreState

TRANSITIONS: Final[Mapping[RescoreState, frozenset[RescoreState]]] = {
    RescoreState.STAGED: frozenset({RescoreState.SCORING}),
    # it is ready once all is scored, and not ready when something more was handed in
    RescoreState.SCORING: frozenset({RescoreState.READY}),
    RescoreState.READY: frozenset({RescoreState.SCORING, RescoreState.PUBLISHED}),
    RescoreState.PUBLISHED: frozenset(),
}


def hold_open(session: Session, rescore: Rescore) -> None:
    """Keep everybody else from a re-score that is under way, until the transaction ends.

    Raises:
        RescoreEndedError: it is published.
    """
    hold(session, rescore)
    if rescore.state is RescoreState.PUBLISHED:
        raise RescoreEndedError


def move(session: Session, rescore: Rescore, to: RescoreState, *, now: datetime) -> None:
    """Move a re-score that the caller holds along one edge.

    Raises:
        ValueError: there is no such edge.
    """
    if to not in TRANSITIONS[rescore.state]:
        message = f"a re-score does not go from {rescore.state} to {to}"
        raise ValueError(message)
    rescore.state = to
    if to is RescoreState.SCORING and rescore.scoring_at is None:
        rescore.scoring_at = now
    if to is not RescoreState.PUBLISHED:
        rescore.ready_at = now if to is RescoreState.READY else None
    else:
        rescore.published_at = now
        rescore.open_problem_id = None
    session.flush()
