"""What workers run to keep a board's statistics in step with the board."""

from datetime import timedelta
from typing import Final

from app.compute.queries import CPU_POOL
from app.core.current import platform
from app.core.jobs import enqueue, job
from app.core.platform import Platform
from app.problems.models import Board
from app.statistics import operations

_LONGEST: Final = timedelta(minutes=10)


@job(timeout=_LONGEST)
def refresh_statistics(problem_id: int, board: str) -> None:
    """Bring a board's statistics up to date; nothing where they are, or somebody is at it."""
    refresh(platform(), problem_id, Board(board))


def refresh(port: Platform, problem_id: int, board: Board) -> bool:
    """Claim, work out and write down; return whether there was anything to do.

    A worker that dies in between leaves the claim, which runs out; the sweep asks again.
    """
    with port.database.transaction() as session:
        task = operations.claim(session, problem_id, board, now=port.clock.now())
    if task is None:
        return False
    found = operations.work_out(port.blobs, task)
    with port.database.transaction() as session:
        operations.record(session, task, found, now=port.clock.now())
    return True


def ring_stale(port: Platform) -> int:
    """Ask workers for the statistics of boards that changed; return how many."""
    now = port.clock.now()
    with port.database.transaction() as session:
        stale = operations.list_stale(session, now=now)
        for problem_id, board in stale:
            operations.note_ringing(session, problem_id, board, now=now)
            enqueue(session, port.queue, CPU_POOL, refresh_statistics, problem_id, board.value)
    return len(stale)
