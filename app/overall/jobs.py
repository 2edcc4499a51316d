"""What workers run to keep overall boards in step with the boards they count."""

from datetime import timedelta
from typing import Final

from app.compute.queries import CPU_POOL
from app.core.current import platform
from app.core.jobs import enqueue, job
from app.core.platform import Platform
from app.overall import operations
from app.overall.errors import OverallNotFoundError

_LONGEST: Final = timedelta(minutes=10)


@job(timeout=_LONGEST)
def count_overall(overall_id: int) -> None:
    """Count an overall board anew; one that was removed meanwhile is no error."""
    count(platform(), overall_id)


def count(port: Platform, overall_id: int) -> bool:
    """Read, combine and write down; return whether the rows are new.

    The boards are read without a writer's lock, so that scores go on being recorded meanwhile.
    """
    now = port.clock.now()
    try:
        with port.database.transaction() as session:
            operations.freshen(session, overall_id, now=now)
        with port.database.reading() as session:
            found = operations.work_out(session, overall_id, now=now)
        if found is None:
            return False
        with port.database.transaction() as session:
            return operations.record(session, overall_id, found, now=now)
    except OverallNotFoundError:
        return False


def ring_stale(port: Platform) -> int:
    """Ask workers for the overall boards whose problems changed; return how many."""
    now = port.clock.now()
    with port.database.transaction() as session:
        stale = operations.list_stale(session, now=now)
        for overall in stale:
            overall.rung_at = now
            enqueue(session, port.queue, CPU_POOL, count_overall, overall.id)
    return len(stale)
