"""The sweep: what the scheduler does every few seconds so that nothing is ever lost.

Redis is a doorbell and may forget; workers die; stages open by the clock. The database knows.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.core.platform import Platform
from app.evaluations.jobs import evaluate_next
from app.evaluations.moving import move_stranded
from app.evaluations.operations import count_queued, queue_due_b_runs
from app.evaluations.recovery import mend_times, put_back_expired

LEASE: Final = timedelta(seconds=12)
_SHADOWS: Final = 2
"""For so many shadows of re-scores in a pool it rings at once."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did."""

    put_back: int
    queued_for_b: int
    rung: int


class ClockWatch:
    """Notices that the wall clock was moved: leases written before it then say nothing.

    `passed` counts seconds and cannot be set. After a jump nobody is called silent for the length
    of a lease, in which every living worker writes its lease anew.
    """

    def __init__(self, lease: timedelta, passed: Callable[[], float] = time.monotonic) -> None:
        self._lease = lease
        self._passed = passed
        self._last: tuple[datetime, float] | None = None
        self._settled_at = passed()

    def is_settled(self, now: datetime) -> bool:
        """Tell whether leases can be believed; to be asked at every sweep."""
        passed = self._passed()
        last, self._last = self._last, (now, passed)
        if last is not None:
            drift = (now - last[0]) - timedelta(seconds=passed - last[1])
            if abs(drift) > self._lease / 4:
                self._settled_at = passed + self._lease.total_seconds()
        return passed >= self._settled_at


def sweep(port: Platform, lease: timedelta = LEASE, watch: ClockWatch | None = None) -> Swept:
    """Put back expired claims, queue due B runs, and ring once for every evaluation that waits.

    `watch` is the same at every sweep; without one the clock is believed.
    """
    now = port.clock.now()
    settled = watch is None or watch.is_settled(now)
    with port.database.transaction() as session:
        mend_times(session, now=now, lease=lease)
        put_back = put_back_expired(session, now=now) if settled else 0
        due = queue_due_b_runs(session, now=now)
        move_stranded(session, now=now)
        waiting = Counter(count_queued(session, now=now))
        # each shadow rings for the next one when it ends
        shadows = count_queued(session, now=now, shadows=True)
        waiting += Counter({pool: min(_SHADOWS, count) for pool, count in shadows.items()})
    rung = 0
    for pool, count in waiting.items():
        for _ in range(count - port.queue.waiting(pool)):
            port.queue.put(pool, evaluate_next, pool)
            rung += 1
    return Swept(put_back, len(due), rung)
