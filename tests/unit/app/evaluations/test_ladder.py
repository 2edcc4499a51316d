"""What a team is told climbs in the order of its submissions, whatever happens in between."""

from unittest.mock import patch

import numpy as np
import pytest
from sqlalchemy import select

from app.core.blobs import LocalBlobs
from app.core.platform import Platform
from app.evaluations import climbing
from app.evaluations.climbing import climb_due, climb_team
from app.evaluations.ladder import Chain, Link, Rule, Told, count_due, is_due
from app.evaluations.losses import read_losses
from app.evaluations.models import Evaluation, Score, ToldScore
from app.evaluations.standings import map_told
from app.problems.models import Board, Problem
from scoring import Direction
from tests.factories import make_submission
from tests.factories.ladder import FREE, STEP, Climb, in_force
from tests.unit.app.statistics.test_statistics import ITEMS, keep


def errors(count: int, start: int = 0) -> np.ndarray:
    """Losses of an answer that is wrong for so many items, from one on."""
    items = np.arange(ITEMS)
    return ((items >= start) & (items < start + count)).astype(float)


@pytest.fixture
def steps(platform: Platform, blobs: LocalBlobs) -> Climb:
    return Climb(platform, blobs, STEP)


@pytest.fixture
def free(platform: Platform, blobs: LocalBlobs) -> Climb:
    return Climb(platform, blobs, FREE)


def test_what_is_no_step_better_is_told_as_before(steps: Climb) -> None:
    first = steps.score(0.52)
    for value in (0.59, 0.61, 0.4):
        steps.score(value)
    assert steps.told() == [0.5, 0.5, 0.6, 0.6]
    # the submission whose score is told counts, not the one that merely scored as much
    assert steps.counts() == first + 2
    assert steps.counts(Board.B) == first + 2


def test_without_a_step_the_items_say_what_is_better(free: Climb) -> None:
    free.score(losses=errors(100))
    free.score(losses=errors(98, start=60))  # two fewer, but other ones: may be luck
    free.score(losses=errors(90))  # ten fewer, and none new
    assert free.told() == [0.75, 0.75, 0.775]


def test_one_that_has_not_ended_keeps_those_after_it_waiting(steps: Climb) -> None:
    steps.score(0.5)
    slow = steps.score()
    steps.score(0.72)
    assert steps.told() == [0.5, None, None]
    steps.end(slow, 0.65)
    # in the order of submission: 0.72 is no more than a step better than 0.65 was told
    assert steps.told() == [0.5, 0.6, 0.7]


def test_one_that_was_cancelled_lets_the_others_by(steps: Climb) -> None:
    slow = steps.score()
    last = steps.score(0.72)
    assert steps.told() == [None, None]
    assert steps.counts() is None
    steps.end(slow, None)
    assert steps.told() == [None, 0.7]
    assert steps.counts() == last


def test_a_retraction_is_as_if_it_had_not_been_handed_in(steps: Climb) -> None:
    steps.score(0.5)
    better = steps.score(0.7)
    steps.score(0.66)
    assert steps.told() == [0.5, 0.7, 0.7]
    steps.retract(better)
    assert steps.told() == [0.5, 0.7]


def test_while_it_is_evaluated_again_nothing_is_told_anew(steps: Climb) -> None:
    again = steps.score(0.5)
    steps.score(0.65)
    assert steps.told() == [0.5, 0.6]  # 0.65 is 6.5 steps, rounded to the even one
    steps.rerun(again, None)
    assert steps.told() == [None, 0.6]
    steps.end(again, 0.9)
    assert steps.told() == [0.9, 0.9]


def test_another_rule_tells_all_of_it_anew(steps: Climb) -> None:
    steps.score(0.51)
    steps.score(0.56)
    assert steps.told() == [0.5, 0.5]
    steps.rule({"ladder": "step", "ladder_step": 0.02})
    assert climb_due(steps.platform) == 2  # the team, and the baselines
    assert steps.told() == [pytest.approx(0.52), 0.56]
    steps.rule({})
    climb_due(steps.platform)
    assert steps.counts() is not None


def test_a_lower_score_can_be_the_better_one() -> None:
    rule = Rule("mae", Direction.MIN, 0.1, "mae", 0.0, 1.0)
    links = tuple(Link(number, value, None) for number, value in enumerate((0.52, 0.45, 0.38)))
    told = list(climbing.climb(None, Chain(rule, links, {}, is_apart=False)))  # type: ignore[arg-type]  # a step reads no blob
    assert [one.value for one in told] == [0.5, 0.5, 0.4]
    assert [one.rung_id for one in told] == [0, 0, 2]


@pytest.mark.parametrize(
    ("metric", "direction", "power", "score", "value"),
    [
        ("rmse", Direction.MIN, 0.5, 2.0, 2.0),
        ("mae", Direction.MIN, 1.0, 4.0, 4.0),
        ("r2", Direction.MAX, 1.0, 0.6, 0.6),
        ("gap_to_best", Direction.MIN, 1.0, 4.0, 4.0),
    ],
)
def test_a_loss_is_told_as_the_score_it_is(
    blobs: LocalBlobs, metric: str, direction: Direction, power: float, score: float, value: float
) -> None:
    best = {"r2": 1.0, "gap_to_best": -1.0}.get(metric, 0.0)
    rule = Rule("accuracy", direction, None, metric, best, power)
    links = (Link(1, score, keep(blobs, np.full(ITEMS, 4.0))),)
    told = list(climbing.climb(blobs, Chain(rule, links, {}, is_apart=False)))
    assert [one.value for one in told] == [pytest.approx(value, abs=1e-9)]


def test_of_lost_losses_nothing_is_told_but_what_was(free: Climb) -> None:
    free.score(0.75)  # has none
    free.score(losses=errors(100))
    free.score(0.99)
    assert free.told() == [None, 0.75, 0.75]
    with free.platform.database.transaction() as session:
        evaluation = session.scalars(
            select(Evaluation).where(Evaluation.losses_blob.is_not(None))
        ).one()
        evaluation.losses_blob = "f" * 64  # swept away
    free.score(losses=errors(95))
    free.score(losses=errors(20))
    assert free.told() == [None, 0.75, 0.75, 0.75, 0.95]


def test_what_was_told_is_not_worked_out_again(free: Climb) -> None:
    free.score(losses=errors(100))
    free.score(losses=errors(50))
    free.told()
    with patch.object(climbing, "read_losses", side_effect=AssertionError):
        assert free.told() == [0.75, 0.875]
    free.score(losses=errors(10))
    with patch.object(climbing, "read_losses", wraps=read_losses) as read:
        assert free.told() == [0.75, 0.875, 0.975]
    assert read.call_count == 2  # the new one's, and those of the one to beat


def test_two_workers_at_once_tell_what_one_would(steps: Climb) -> None:
    steps.score(0.5)
    original = climbing.climb
    tries: list[int] = []

    def overtaken(blobs: LocalBlobs, chain: Chain) -> list[Told]:
        found = list(original(blobs, chain))
        if not tries:
            tries.append(1)
            steps.score(0.7)
            assert climb_team(steps.platform, steps.problem_id, steps.team_id)
        return found

    with patch.object(climbing, "climb", overtaken):
        assert steps.told() == [0.5, 0.7]


def test_a_chain_that_changes_all_the_while_is_left_to_the_scheduler(steps: Climb) -> None:
    steps.score(0.5)

    def overtaken(blobs: LocalBlobs, chain: Chain) -> list[Told]:
        del blobs, chain
        steps.score(0.7)
        return []

    with patch.object(climbing, "climb", overtaken):
        assert not climb_team(steps.platform, steps.problem_id, steps.team_id)
    with steps.platform.database.reading() as session:
        assert is_due(session, steps.problem_id, steps.team_id)
    climb_due(steps.platform)
    assert steps.told()[:2] == [0.5, 0.7]


def test_one_that_cannot_climb_keeps_no_other(steps: Climb) -> None:
    steps.score(0.5)
    with patch.object(climbing, "climb", side_effect=OSError("the store is away")):
        assert climb_due(steps.platform) == 2
    with steps.platform.database.reading() as session:
        assert count_due(session, steps.problem_id) == 2
    climb_due(steps.platform)
    with steps.platform.database.reading() as session:
        assert count_due(session, steps.problem_id) == 0


def test_a_baseline_is_told_rounded_and_hinders_no_other(steps: Climb) -> None:
    with steps.platform.database.transaction() as session:
        problem = session.get_one(Problem, steps.problem_id)
        for value in (0.3123, 0.4678):
            make_submission(
                session, problem=problem, baseline=True, scores={"A": {"accuracy": value}}
            )
    climb_due(steps.platform)
    with steps.platform.database.reading() as session:
        ids = session.scalars(select(Evaluation.id).order_by(Evaluation.id)).all()
        told = [one["accuracy"] for one in map_told(session, ids).values()]
    assert told == [pytest.approx(0.3), 0.5]


def test_the_score_that_was_found_stays(steps: Climb) -> None:
    number = steps.score(0.5234)
    steps.told()
    with steps.platform.database.reading() as session:
        evaluation = in_force(session, number)
        found = select(Score.value).where(
            Score.evaluation_id == evaluation.id,
            Score.board == Board.A,
            Score.key == "accuracy",
        )
        assert session.scalar(found) == 0.5234
        assert session.scalars(select(ToldScore.rule)).one() == "0.1 accuracy max accuracy"
