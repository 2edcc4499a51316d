"""A real Redis for tests: the embedded server on a Unix socket in a folder of its own."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis.exceptions import RedisError

from app.core.redis import EmbeddedRedis, connect, embedded_url


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """Start a server, yield its URL once it answers, and end it."""
    embedded = EmbeddedRedis(folder)
    process = embedded.start()
    try:
        _await_answer(embedded_url(folder))
        yield embedded_url(folder)
    finally:
        embedded.stop(process)


def _await_answer(url: str) -> None:
    client = connect(url)
    deadline = time.monotonic() + 20
    while True:
        try:
            client.ping()
        except RedisError:
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.05)
        else:
            client.close()
            return
