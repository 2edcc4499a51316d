"""The sweep: what the scheduler does every few seconds so that nothing is ever lost.

Redis is a doorbell and may forget; workers die; stages open by the clock. The database knows.
"""

from dataclasses import dataclass

from app.core.platform import Platform
from app.evaluations.jobs import evaluate_next
from app.evaluations.operations import count_queued, put_back_expired, queue_due_b_runs


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did."""

    put_back: int
    queued_for_b: int
    rung: int


def sweep(port: Platform) -> Swept:
    """Put back expired claims, queue due B runs, and ring once for every evaluation that waits."""
    now = port.clock.now()
    with port.database.transaction() as session:
        put_back = put_back_expired(session, now=now)
        due = queue_due_b_runs(session, now=now)
        waiting = count_queued(session, now=now)
    rung = 0
    for pool, count in waiting.items():
        for _ in range(count - port.queue.waiting(pool)):
            port.queue.put(pool, evaluate_next, pool)
            rung += 1
    return Swept(put_back, len(due), rung)
