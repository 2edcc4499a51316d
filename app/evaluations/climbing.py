"""Has a team's submissions climb the Ladder: the losses are read with no transaction open.

What was read is looked at again under the lock of the board, and where it is another by then it is
climbed again: of two workers at once one writes and the other finds nothing new. A worker that dies
in between leaves the team due, and the scheduler has it climb.
"""

import logging
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.blobs import BlobStore
from app.core.platform import Platform
from app.evaluations.ladder import (
    Chain,
    Link,
    Rule,
    Told,
    clear_due,
    list_due,
    read_chain,
    rule_of,
    write_told,
)
from app.evaluations.losses import read_losses
from app.evaluations.standings import ensure_fresh, is_fresh, refresh_team, rules_of
from app.problems.models import Board, Problem
from app.standings.operations import hold_board
from app.standings.queries import map_states
from scoring import Direction
from scoring.kept_losses import KeptLosses
from scoring.ladder import Ladder, Rung

logger = logging.getLogger("baijing.worker")
_MOST_TRIES: Final = 5
_AT_ONCE: Final = 200
_DIGITS: Final = 7
_NOISE: Final = 1e-6
"""So many of a distance from the best score say something: losses are kept as float32."""


def climb_team(port: Platform, problem_id: int, team_id: int | None) -> bool:
    """Tell what can be told of a team's submissions; False where they changed all the while."""
    for _ in range(_MOST_TRIES):
        with port.database.reading() as session:
            problem = session.get_one(Problem, problem_id)
            rule = rule_of(rules_of(session, problem))
            chain = None if rule is None else read_chain(session, problem, rule, team_id)
        climbed = [] if chain is None else list(climb(port.blobs, chain))
        with port.database.transaction() as session:
            problem = session.get_one(Problem, problem_id)
            hold_board(session, problem, Board.A)
            if rule_of(rules_of(session, problem)) != rule:
                continue
            if chain is not None and rule is not None:
                if read_chain(session, problem, rule, team_id) != chain:
                    continue
                if write_told(session, chain, climbed):
                    refresh_team(session, problem, team_id, now=port.clock.now())
            clear_due(session, problem_id, team_id)
            return True
    return False


def climb_due(port: Platform, limit: int = _AT_ONCE) -> int:
    """Have some of those climb whose turn it is, the longest due first; return how many."""
    _note_new_rules(port)
    with port.database.reading() as session:
        due = [(problem_id, team_id) for problem_id, team_id in list_due(session, limit)]
    for problem_id, team_id in due:
        try:
            climb_team(port, problem_id, team_id)
        except Exception:  # one that cannot climb must not keep the others
            logger.exception("ladder of problem %s, team %s: trying again", problem_id, team_id)
    return len(due)


def _note_new_rules(port: Platform) -> None:
    """Make the boards anew whose rules have changed: then everybody on them is due."""
    with port.database.reading() as session:
        problems = session.scalars(select(Problem).where(Problem.withdrawn_at.is_(None))).all()
        climbed = [one for one in problems if one.rules.has_ladder_on(Board.A)]
        stale = [one.id for one in climbed if _is_stale(session, one, port.clock.now())]
    for problem_id in stale:
        with port.database.transaction() as session:
            problem = session.get_one(Problem, problem_id)
            ensure_fresh(session, problem, now=port.clock.now())


def _is_stale(session: Session, problem: Problem, now: datetime) -> bool:
    state = map_states(session, problem).get(Board.A)
    return not is_fresh(state, rules_of(session, problem), now)


def climb(blobs: BlobStore, chain: Chain) -> Iterator[Told]:
    """Return what is told of each submission of a chain; what was told by the same rule stays.

    Of one whose losses are gone the last score is told again; of a first such one, nothing.
    """
    rule, links = chain.rule, {link.evaluation_id: link for link in chain.links}
    ladder = Ladder(rule.step)
    last: Told | None = None
    is_intact = True
    for link in chain.links:
        before = None if chain.is_apart else last
        kept = chain.told.get(link.evaluation_id)
        after_id = None if before is None else before.evaluation_id
        if kept is not None and is_intact and (kept.rule, kept.after_id) == (rule.text, after_id):
            last = kept
        else:
            found = _answer(blobs, ladder, rule, link, before, links)
            if found is None:
                continue
            last, is_intact = found, chain.is_apart
        yield last


def _answer(
    blobs: BlobStore,
    ladder: Ladder,
    rule: Rule,
    link: Link,
    last: Told | None,
    links: Mapping[int, Link],
) -> Told | None:
    losses = _losses(blobs, rule, link)
    after_id = None if last is None else last.evaluation_id
    if losses is None:
        logger.warning("evaluation %s has no losses to climb by", link.evaluation_id)
        if last is None:
            return None
        return Told(link.evaluation_id, last.value, last.loss, last.rung_id, after_id, rule.text)
    rung, is_paired = Rung(), True
    if last is not None and rule.step is None:
        below = _losses(blobs, rule, links[last.rung_id])
        # where they are gone, as if they were others that vary as much
        rung = Rung(last.loss, losses.values if below is None else below.values)
        is_paired = below is not None and below.truth == losses.truth
    elif last is not None:
        rung = Rung(last.loss)
    reached = ladder.climb(rung, losses.values, is_paired=is_paired)
    if reached is rung:
        assert last is not None  # noqa: S101 — anything is better than nothing
        return Told(link.evaluation_id, last.value, last.loss, last.rung_id, after_id, rule.text)
    value = _as_score(rule, link.score, float(losses.values.mean()), reached.released)
    number = link.evaluation_id
    return Told(number, value, reached.released, number, after_id, rule.text)


def _losses(blobs: BlobStore, rule: Rule, link: Link) -> KeptLosses | None:
    """Return what an answer climbs by: its losses by item, or its score where there is a step."""
    if rule.step is not None:
        loss = -link.score if rule.direction is Direction.MAX else link.score
        return KeptLosses("", np.array([loss]))
    if link.losses_blob is None:
        return None
    return read_losses(blobs, link.losses_blob, Board.A, rule.key)


def _as_score(rule: Rule, score: float, mean: float, released: float) -> float:
    """Return the score of a released loss: its distance from the best grows with the loss' power.

    Rounded, so that two teams that are told the same are told it to the last digit.
    """
    if rule.step is not None:
        return float(f"{-released if rule.direction is Direction.MAX else released:.12g}") + 0.0
    if rule.direction is Direction.MIN and math.isclose(score, mean, rel_tol=_NOISE):
        return float(f"{released:.{_DIGITS}g}")
    if mean <= 0 or released <= 0:
        return rule.best
    distance = abs(score - rule.best) * (released / mean) ** rule.power
    told = float(f"{distance:.{_DIGITS}g}")
    return float(
        f"{rule.best - told if rule.direction is Direction.MAX else rule.best + told:.12g}"
    )
