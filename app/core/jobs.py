"""Background jobs: a typed declaration, and a queue that takes nothing but declarations."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, ParamSpec, Protocol

from sqlalchemy.orm import Session

from app.core.db import after_commit

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Job(Generic[P]):
    """A function a worker may run. Its arguments are ids, never objects."""

    function: Callable[P, None]
    timeout: timedelta

    @property
    def path(self) -> str:
        """Return the dotted name a worker imports."""
        return f"{self.function.__module__}.{self.function.__name__}"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Run here and now: what the worker does."""
        self.function(*args, **kwargs)


def job(*, timeout: timedelta) -> Callable[[Callable[P, None]], Job[P]]:
    """Declare a job; `timeout` ends a worker's attempt at it."""

    def declare(function: Callable[P, None]) -> Job[P]:
        return Job(function, timeout)

    return declare


class JobQueue(Protocol):
    """Somewhere to leave work for later: one queue per pool of workers."""

    def put(self, pool: str, declared: Job[P], *args: P.args, **kwargs: P.kwargs) -> None:
        """Hand the job over now."""

    def waiting(self, pool: str) -> int:
        """Return how many jobs wait in a pool."""


def enqueue(
    session: Session,
    queue: JobQueue,
    pool: str,
    declared: Job[P],
    *args: P.args,
    **kwargs: P.kwargs,
) -> None:
    """Hand the job over when `session` commits: a worker must never see uncommitted rows."""
    after_commit(session, lambda: queue.put(pool, declared, *args, **kwargs))
