"""The Redis implementation of `JobQueue`: RQ queues, arguments as JSON so no pickle is loaded."""

import logging
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from app.core.jobs import Job, P

if TYPE_CHECKING:
    from redis import Redis

logger = logging.getLogger("baijing.queue")
_PREFIX: Final = "baijing"


def queue_name(pool: str) -> str:
    """Return the RQ queue of a pool."""
    return f"{_PREFIX}-{pool}"


class RqQueue:
    """Jobs on Redis."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    def put(self, pool: str, declared: Job[P], *args: P.args, **kwargs: P.kwargs) -> None:
        """Push one job; its result is kept nowhere, because the database holds the truth.

        Where Redis is away the work is not lost, only late: the sweep rings for what waits.
        """
        try:
            self._queue(pool).enqueue_call(
                declared.path,
                args=args,
                kwargs=kwargs,
                timeout=int(declared.timeout.total_seconds()),
                result_ttl=0,
                failure_ttl=3600,
            )
        except RedisError as error:
            logger.warning("pool %s is not woken, the sweep will: %s", pool, error)

    def waiting(self, pool: str) -> int:
        """Return how many jobs wait in a pool."""
        return int(self._queue(pool).count)

    def _queue(self, pool: str) -> Queue:
        return Queue(queue_name(pool), connection=self._redis, serializer=JSONSerializer)
