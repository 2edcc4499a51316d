"""The rate limiter that views and the API share: `@limiter.limit(…)` on a route.

Counts live in Redis so that all web processes share them. While Redis cannot be reached each
process counts in its own memory: limits become looser, pages keep working.
"""

import time
from typing import Final

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from app.core.redis import embedded_url
from app.settings import Settings

limiter: Final = Limiter(key_func=get_remote_address)


def register_limits(app: Flask, settings: Settings) -> None:
    """Connect the limiter to the Redis in force; nothing is sent before the first limited call."""
    url = settings.redis_url or embedded_url(settings.instance)
    app.config.update(
        RATELIMIT_STORAGE_URI=url.replace("unix://", "redis+unix://", 1),
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        RATELIMIT_STRATEGY="moving-window",
        RATELIMIT_KEY_PREFIX="baijing",
    )
    limiter.init_app(app)


def seconds_to_wait() -> int:
    """Return how long until the breached limit of this request lets one through again."""
    breached = limiter.current_limit
    if breached is None:
        return 1
    # the limiter's own clock is the machine's
    return max(1, int(breached.reset_at - time.time()) + 1)
