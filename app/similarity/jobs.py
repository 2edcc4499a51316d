"""What workers run to compare the entries of a problem."""

from datetime import timedelta
from typing import Final

from app.compute.queries import CPU_POOL
from app.core.current import platform
from app.core.jobs import enqueue, job
from app.core.platform import Platform
from app.similarity import operations

_LONGEST: Final = timedelta(minutes=20)


@job(timeout=_LONGEST)
def compare_entries(problem_id: int) -> None:
    """Compare what counts on a problem's boards; nothing where that was done already."""
    compare_problem(platform(), problem_id)


def compare_problem(port: Platform, problem_id: int) -> bool:
    """Claim, compare and write down; return whether there was anything to do.

    A worker that dies in between leaves the claim, which runs out; the sweep asks again.
    """
    with port.database.transaction() as session:
        task = operations.claim(session, problem_id, now=port.clock.now())
    if task is None:
        return False
    found = operations.compare(port.blobs, task)
    with port.database.transaction() as session:
        operations.record(session, task, found, now=port.clock.now())
    return True


def ring_stale_comparisons(port: Platform) -> int:
    """Ask workers to compare where boards changed; return how many were asked."""
    now = port.clock.now()
    with port.database.transaction() as session:
        stale = operations.list_stale(session, now=now)
        for problem_id in stale:
            operations.note_ringing(session, problem_id, now=now)
            enqueue(session, port.queue, CPU_POOL, compare_entries, problem_id)
    return len(stale)
