"""Anything may be killed at any moment, under load: every submission still ends, once and right.

The seed is printed and can be given as BAIJING_CHAOS_SEED: the same things are then killed in the
same order, as far as the machine lets it. BAIJING_CHAOS_KILLS says how many.
"""

import os
import secrets
import time

import pytest

from tests.chaos.rig import FULL, Rig

KILLS = int(os.environ.get("BAIJING_CHAOS_KILLS", "200" if FULL else "20"))
WAITING = 6
SETTLE_S = 180

pytestmark = [
    pytest.mark.docker,
    pytest.mark.bubblewrap,
    pytest.mark.redis,
    pytest.mark.slow,
    pytest.mark.timeout(3600 if FULL else 600),
]


@pytest.fixture
def seed() -> int:
    given = os.environ.get("BAIJING_CHAOS_SEED")
    return int(given) if given else secrets.randbelow(1_000_000)


def test_random_kills(rig: Rig, seed: int) -> None:
    print(f"BAIJING_CHAOS_SEED={seed}")
    rig.begin(warm=1)
    rig.submit_any()
    rig.await_end(60)  # everything has started
    begun = time.monotonic()
    while sum(rig.killed.values()) < KILLS:
        while len(rig.unfinished()) < WAITING:
            rig.submit_any()
        rig.await_work()
        time.sleep(rig.random.uniform(0.0, 1.2))
        rig.kill_any()
    rig.await_end(SETTLE_S)
    spent = time.monotonic() - begun
    print(f"{dict(rig.killed)}; {len(rig.expected)} submissions in {spent:.0f} s")
    rig.stop()
    rig.check_results()
    rig.await_clean()
