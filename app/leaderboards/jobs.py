"""What workers run for boards: making a long one anew after its rules changed."""

from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from app.compute.queries import CPU_POOL
from app.core.current import platform
from app.core.jobs import job
from app.core.platform import Platform
from app.evaluations.standings import ensure_fresh
from app.problems.models import Problem

_LONGEST: Final = timedelta(minutes=30)
_ASK_AGAIN: Final = timedelta(minutes=10)
_MOST_KEPT: Final = 1_000
_asked: dict[tuple[str, int, str], datetime] = {}
"""When this process last asked, by database, problem and the digest of the new rules."""
_asking = Lock()


@job(timeout=_LONGEST)
def recount_boards(problem_id: int) -> None:
    """Make a problem's boards anew where they were made by other rules."""
    recount(platform(), problem_id)


def recount(port: Platform, problem_id: int) -> None:
    """Make the boards anew in one transaction: everybody reads the old rows until it commits."""
    with port.database.transaction() as session:
        ensure_fresh(session, session.get_one(Problem, problem_id), now=port.clock.now())


def ask_to_recount(port: Platform, problem_id: int, digest: str) -> bool:
    """Ask a worker, at most once in ten minutes for the same rules; return whether we did.

    Each web process asks for itself: a worker that finds the boards made anew does nothing.
    """
    now, key = port.clock.now(), (str(port.database.engine.url), problem_id, digest)
    with _asking:
        if key in _asked and now - _asked[key] < _ASK_AGAIN:
            return False
        if len(_asked) >= _MOST_KEPT:
            _asked.clear()
        _asked[key] = now
    port.queue.put(CPU_POOL, recount_boards, problem_id)
    return True
