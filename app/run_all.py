"""`flask run-all`: every process of a one-machine installation under one supervisor."""

import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

import click
from flask.cli import with_appcontext

from app import schema
from app.core.current import platform, settings
from app.core.redis import EmbeddedRedis, EmbeddedRedisError, connect, embedded_url
from app.settings import ROOT, Settings
from app.supervisor import Child, Supervisor, SupervisorError

DEMO_ACCOUNTS = ("team", "judge", "organiser")
DEMO_PASSWORD = "baijing-demo"  # noqa: S105 — published on purpose, refused in production
LOCK_FILE: Final = "run-all.lock"
_ANY_ADDRESS: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 — read, not bound


class CannotStartError(Exception):
    """Why the processes cannot run here and now, in one line."""


@click.command("run-all")
@click.option("--concurrency", default=0, help="Worker processes; 0 takes one per core but one.")
@with_appcontext
def run_all(concurrency: int) -> None:
    """Serve the site and run a worker and a scheduler, in the foreground."""
    configured = settings()
    with one_line_errors(), alone(configured):
        schema.upgrade(platform().database)
        Supervisor(children_of(configured, concurrency)).run(lambda: _announce(configured))


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End with status 1 and one line on what keeps the processes from running."""
    try:
        yield
    except (CannotStartError, SupervisorError, EmbeddedRedisError) as error:
        click.echo(f"baijing: {error}", err=True)
        sys.exit(1)


@contextmanager
def alone(configured: Settings) -> Iterator[None]:
    """Hold the instance folder and make sure of the port before anything is started.

    Two supervisors on one folder would start two Redis servers on one socket and one set of files.
    The kernel lets go of the lock when the process ends, however it ends.

    Raises:
        CannotStartError: another supervisor runs here, or the port is taken.
    """
    path = configured.instance / LOCK_FILE
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            message = (
                f"{configured.instance} is already in use by process {file.read().strip()}: "
                "end that one, or choose another folder with BAIJING_INSTANCE"
            )
            raise CannotStartError(message) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        _check_port(configured)
        yield


def _check_port(configured: Settings) -> None:
    """Try the address the web server will bind, before it fails and fails again."""
    family = socket.AF_INET6 if ":" in configured.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((configured.host, configured.port))
            probe.listen(1)
        except OSError as error:
            message = (
                f"cannot serve on {configured.host}:{configured.port}: {error.strerror}; "
                "choose another port with PORT"
            )
            raise CannotStartError(message) from error


def children_of(configured: Settings, concurrency: int = 0) -> list[Child]:
    """Return the processes of an installation, in the order they start.

    Raises:
        EmbeddedRedisError: Redis is to be started and there is none.
    """
    flask = (sys.executable, "-m", "flask", "--app", "app")
    workers = concurrency or max(1, (os.cpu_count() or 2) - 1)
    environment = {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
    children = [
        Child("web", (*flask, "web"), lambda: is_serving(configured)),
        Child("worker", (*flask, "worker", "--pool", "cpu", "--concurrency", str(workers))),
        Child("scheduler", (*flask, "scheduler")),
    ]
    if configured.embedded_redis:
        embedded = EmbeddedRedis(configured.instance)
        children.insert(0, Child("redis", embedded.command(), lambda: _pong(configured.instance)))
    for child in children:
        child.environment.update(environment)
    return children


def is_serving(configured: Settings) -> bool:
    """Tell whether the site answers."""
    host = _ANY_ADDRESS.get(configured.host, configured.host)
    address = f"[{host}]" if ":" in host else host
    try:
        with urlopen(f"http://{address}:{configured.port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 — OK
    except (URLError, OSError):
        return False


def _pong(instance: Path) -> bool:
    try:
        return bool(connect(embedded_url(instance)).ping())
    except Exception:  # noqa: BLE001 — anything at all means: not yet
        return False


def _announce(configured: Settings) -> None:
    lines = [f"Baijing is ready: http://{configured.host}:{configured.port}"]
    if not configured.production:
        lines += [f"  {name}@demo.example.org  password {DEMO_PASSWORD}" for name in DEMO_ACCOUNTS]
    lines.append("Ctrl-C ends every process.")
    click.echo("\n" + "\n".join(lines) + "\n", err=True)
