"""An RQ worker whose job processes cannot outlive it, and which outlives its Redis.

RQ's own recovery of abandoned jobs is slow and can run a job twice; ours lives in the database (a
lease, a fencing number and the id of the process that claimed), so here it is enough that a dead
worker leaves no orphan behind.
"""

import ctypes
import logging
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from typing_extensions import override

from app.core.rq_queue import queue_name

if TYPE_CHECKING:
    from redis import Redis
    from rq.executions import Execution
    from rq.job import Job

logger = logging.getLogger("baijing.worker")
_PR_SET_PDEATHSIG: Final = 1
_WORKER_TTL: Final = 60
_SHORT_PAUSE: Final = 5


def die_with_parent(expected_parent: int) -> None:
    """Ask the kernel to kill this process when its parent dies, and leave if that has happened."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != expected_parent:
        os._exit(1)


class PoolWorker(Worker):
    """Runs the jobs of one pool, each in a forked process."""

    def __init__(self, pool: str, connection: "Redis", after_fork: Callable[[], None]) -> None:
        queue = Queue(queue_name(pool), connection=connection, serializer=JSONSerializer)
        super().__init__(
            [queue],
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=_WORKER_TTL,
            job_monitoring_interval=_SHORT_PAUSE,
            maintenance_interval=_WORKER_TTL,
            log_job_description=False,
        )
        self._after_fork = after_fork
        self._parent = os.getpid()

    @override
    def main_work_horse(self, job: "Job", queue: Queue) -> None:
        """Run one job in the forked process."""
        die_with_parent(self._parent)
        self._after_fork()
        super().main_work_horse(job, queue)

    @override
    def maintain_heartbeats(self, job: "Job", execution: "Execution") -> None:
        """Tell Redis that the job runs; a Redis that is away must not end the job with it."""
        try:
            super().maintain_heartbeats(job, execution)
        except RedisError as error:
            logger.warning("Redis does not answer; the job goes on: %s", error)
