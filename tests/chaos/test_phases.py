"""Every actor is killed in every phase of a run: each run still ends, once and right."""

from collections.abc import Callable
from functools import partial

import pytest

from app.evaluations.models import Evaluation, State
from tests.chaos.rig import FULL, Rig
from tests.engines import descendants
from tests.recovery.installation import wait_for

pytestmark = [
    pytest.mark.docker,
    pytest.mark.bubblewrap,
    pytest.mark.redis,
    pytest.mark.slow,
    pytest.mark.skipif(not FULL, reason="28 kills, each waited for (BAIJING_TEST_FULL)"),
]


def is_claimed(rig: Rig, evaluation: Evaluation) -> bool:
    """The preparing: the claim is there, its program is not."""
    return evaluation.state is State.RUNNING


def is_started(rig: Rig, evaluation: Evaluation) -> bool:
    """The starting: its container has a first process."""
    return is_claimed(rig, evaluation) and bool(rig.engine.shims())


def is_running(rig: Rig, evaluation: Evaluation) -> bool:
    """The running: the container's first process has started the program."""
    below = [pid for shim in rig.engine.shims() for pid in descendants(shim)]
    return is_claimed(rig, evaluation) and len(below) > 1


def is_scoring(rig: Rig, evaluation: Evaluation) -> bool:
    """The collecting is over; scoring, then the record."""
    return evaluation.state is State.SCORING


def has_ended(rig: Rig) -> bool:
    if twice := rig.running_twice():
        pytest.fail(f"two containers of one evaluation: {twice}")
    return not rig.unfinished()


PHASES = (is_claimed, is_started, is_running, is_scoring)
ACTORS = ("worker", "child", "keeper", "horse", "program", "shim", "dockerd")


@pytest.fixture
def actors(rig: Rig) -> dict[str, Callable[[], bool]]:
    return {**rig.actors(), "keeper": rig.kill_keeper}


@pytest.mark.timeout(900)
def test_every_actor_in_every_phase(rig: Rig, actors: dict[str, Callable[[], bool]]) -> None:
    rig.begin(docker=1, bubblewrap=0)
    done = []
    for phase in PHASES:
        for actor in ACTORS:
            submission = rig.submit(0.5, code=True)

            def has_come(submission: int = submission, phase: object = phase) -> bool:
                evaluation = rig.installation.evaluation(submission)
                assert rig.running_twice() == []
                passed = evaluation.state not in {State.QUEUED, State.RUNNING, State.SCORING}
                return passed or phase(rig, evaluation)  # type: ignore[operator]

            wait_for(has_come, f"{submission} is in phase {phase.__name__}", 90)
            hit = rig.installation.evaluation(submission).state
            done.append((phase.__name__, actor, str(hit), actors[actor]()))
            wait_for(partial(has_ended, rig), f"{submission} has ended", 90)
    print(*done, sep="\n")
    rig.stop()
    rig.check_results()
    rig.await_clean()
    assert sum(killed for *_, killed in done) >= len(done) / 2
