"""What `flask run-all` starts, and what it refuses to start on."""

import fcntl
import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typing_extensions import override

from app.core.db import Base
from app.core.platform import Platform
from app.core.redis import EmbeddedRedisError
from app.factory import create_app
from app.run_all import LOCK_FILE, CannotStartError, alone, children_of, is_serving, run_all
from app.settings import Settings

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def configured(tmp_path: Path, port: int) -> Settings:
    return Settings(instance=tmp_path, port=port, redis_url="redis://elsewhere")


def test_the_processes_in_their_order(tmp_path: Path) -> None:
    embedded = children_of(Settings(instance=tmp_path), concurrency=3)
    assert [child.name for child in embedded] == ["redis", "web", "worker", "scheduler"]
    assert embedded[2].command[-2:] == ("--concurrency", "3")
    outside = children_of(Settings(instance=tmp_path, redis_url="redis://elsewhere"))
    assert [child.name for child in outside] == ["web", "worker", "scheduler"]
    assert all(child.environment["PYTHONUNBUFFERED"] == "1" for child in embedded)
    ready = embedded[0].is_ready
    assert ready is not None
    assert not ready()


def test_an_instance_belongs_to_one(configured: Settings) -> None:
    with alone(configured):
        with (
            pytest.raises(CannotStartError, match=r"already in use by process \d+: end that one"),
            alone(configured),
        ):
            pass
        assert (configured.instance / LOCK_FILE).read_text().strip().isdecimal()
    with alone(configured):
        pass


def test_a_taken_port_is_found_before_anything_starts(configured: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", configured.port))
        taken.listen(1)
        with pytest.raises(CannotStartError, match="Address already in use"), alone(configured):
            pass
    with alone(configured):  # and the lock was let go
        pass


def test_an_address_of_another_machine(configured: Settings) -> None:
    elsewhere = configured.model_copy(update={"host": "192.0.2.1"})
    with pytest.raises(CannotStartError, match=r"cannot serve on 192.0.2.1:"), alone(elsewhere):
        pass


def test_the_command_refuses_in_one_line(configured: Settings, platform: Platform) -> None:
    app = create_app(configured, platform)
    with (configured.instance / LOCK_FILE).open("w") as held:
        held.write("4711\n")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        result = app.test_cli_runner().invoke(run_all)
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert line.startswith(f"baijing: {configured.instance} is already in use by process 4711: ")


def test_no_redis_server_is_one_line(
    tmp_path: Path, port: int, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> str:
        message = "no redis-server: install Redis or set BAIJING_REDIS_URL"
        raise EmbeddedRedisError(message)

    monkeypatch.setattr("app.core.redis.find_server", missing)
    Base.metadata.drop_all(platform.database.engine)
    app = create_app(Settings(instance=tmp_path, port=port), platform)
    result = app.test_cli_runner().invoke(run_all)
    assert (result.exit_code, result.output) == (
        1,
        "baijing: no redis-server: install Redis or set BAIJING_REDIS_URL\n",
    )


@pytest.fixture
def serve(port: int) -> Iterator[Callable[[int], None]]:
    """Answer every request with one status."""
    servers: list[HTTPServer] = []

    def start(status: int) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()

            @override
            def log_message(self, *_: object) -> None:
                return

        server = HTTPServer(("127.0.0.1", port), Handler)
        Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_it_serves_when_it_says_so(
    host: str, configured: Settings, serve: Callable[[int], None]
) -> None:
    bound = configured.model_copy(update={"host": host})
    assert not is_serving(bound)
    serve(200)
    assert is_serving(bound)


def test_an_error_is_not_serving(configured: Settings, serve: Callable[[int], None]) -> None:
    serve(503)
    assert not is_serving(configured)
