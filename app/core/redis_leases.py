"""The Redis implementation of `LeaseStore`: one key per name, which Redis itself lets run out.

A script runs in Redis as one step, so of any number of processes that want the same name one has
it. What is written here may be lost (a flush, a restart without its file): nobody relies on it
alone, see `app.compute.leases`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

from app.core.leases import LeasesUnavailableError

if TYPE_CHECKING:
    from redis import Redis

_PREFIX: Final = "baijing-lease:"
_HOLD: Final = """
local taken = {}
for index, key in ipairs(KEYS) do
  local owner = redis.call('GET', key)
  if owner and owner ~= ARGV[1] then
    taken[#taken + 1] = index
    taken[#taken + 1] = owner
  end
end
if #taken == 0 then
  for _, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1], 'PX', ARGV[2]) end
end
return taken
"""
_RELEASE: Final = """
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
end
return 0
"""


class RedisLeases:
    """Leases on Redis."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._hold = redis.register_script(_HOLD)
        self._release = redis.register_script(_RELEASE)

    def hold(self, names: Sequence[str], owner: str, *, ttl: timedelta) -> Mapping[str, str]:
        """Take or renew all of the names, or none and say who is in the way."""
        if not names:
            return {}
        milliseconds = max(1, int(ttl / timedelta(milliseconds=1)))
        with _reached():
            taken = self._hold(keys=_keys(names), args=[owner, milliseconds])
        return {
            names[int(index) - 1]: _text(other)
            for index, other in zip(taken[::2], taken[1::2], strict=True)
        }

    def release(self, names: Sequence[str], owner: str) -> None:
        """Delete the names that are the owner's."""
        if names:
            with _reached():
                self._release(keys=_keys(names), args=[owner])

    def holders(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return who has which."""
        if not names:
            return {}
        with _reached():
            found = self._redis.mget(_keys(names))
        return {
            name: _text(owner)
            for name, owner in zip(names, found, strict=True)
            if owner is not None
        }


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise LeasesUnavailableError(str(error)) from error


def _keys(names: Sequence[str]) -> list[str]:
    return [f"{_PREFIX}{name}" for name in names]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
