"""The engine's API against an engine of a few lines on a Unix socket."""

import io
import json
import os
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from sandbox.docker.api import EngineApi
from sandbox.docker.transport import EngineRefusalError, find_address
from sandbox.types import SandboxError, SandboxUnavailableError

Answer = bytes
HUNG = b""


def json_answer(status: int, document: object) -> Answer:
    body = json.dumps(document).encode()
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def frame(stream: int, text: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(text).to_bytes(4, "big") + text


class FakeEngine:
    """Answers each request with what was laid out for its path, and notes what was asked."""

    def __init__(self, path: Path) -> None:
        self.answers: dict[str, list[Answer]] = {
            "/version": [json_answer(200, {"ApiVersion": "1.41"})]
        }
        self.asked: list[tuple[str, bytes]] = []
        self.connections = 0
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            @override
            def handle(self) -> None:
                fake.connections += 1
                while request := self.rfile.readline():
                    if not fake.answer(request.decode(), self):
                        return

        self.server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, request: str, handler: socketserver.StreamRequestHandler) -> bool:
        method, path, _ = request.split()
        size = 0
        while line := handler.rfile.readline().strip():
            name, _, value = line.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        self.asked.append((f"{method} {path}", handler.rfile.read(size)))
        answers = self.answers.get(path.partition("?")[0], [json_answer(404, {"message": "gone"})])
        chosen = answers.pop(0) if len(answers) > 1 else answers[0]
        if chosen == HUNG:
            handler.rfile.read(1)  # until the client has had enough
            return False
        handler.wfile.write(chosen)
        if b"101 " in chosen:
            handler.rfile.readline()  # hijacked: one line in
            return False
        return b"close" not in chosen


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeEngine]:
    made = FakeEngine(tmp_path / "engine.sock")
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def api(tmp_path: Path, fake: FakeEngine) -> Iterator[EngineApi]:
    opened = EngineApi(find_address(f"unix://{tmp_path / 'engine.sock'}"))
    yield opened
    opened.close()


def test_a_container_is_created_under_its_name(api: EngineApi, fake: FakeEngine) -> None:
    fake.answers["/v1.41/containers/create"] = [json_answer(201, {"Id": "abc"})]
    assert api.create("run 1", {"Image": "i"}) == "abc"
    assert fake.asked[-1] == ("POST /v1.41/containers/create?name=run+1", b'{"Image": "i"}')


def test_calls_share_a_connection(api: EngineApi, fake: FakeEngine) -> None:
    fake.answers["/v1.41/containers/c/wait"] = [json_answer(200, {"StatusCode": 137})]
    for _ in range(3):
        assert api.wait("c", 5) == 137
    assert fake.connections == 1


def test_a_connection_the_engine_closed_is_opened_again(api: EngineApi, fake: FakeEngine) -> None:
    closing = json_answer(200, {"StatusCode": 1}).replace(b"X\r\n", b"X\r\nX-Then: close\r\n")
    fake.answers["/v1.41/containers/c/wait"] = [closing]
    assert [api.wait("c", 5) for _ in range(3)] == [1, 1, 1]
    assert fake.connections == 3


def test_a_refusal_says_why(api: EngineApi) -> None:
    with pytest.raises(EngineRefusalError, match="starting the container: gone") as raised:
        api.start("c")
    assert raised.value.status == 404


def test_what_is_not_there_is_an_answer(api: EngineApi) -> None:
    assert not api.has_container("c")
    assert not api.has_volume("v")
    api.kill("c")


def test_an_engine_that_hangs_is_unavailable(api: EngineApi, fake: FakeEngine) -> None:
    fake.answers["/v1.41/containers/c/wait"] = [HUNG]
    with pytest.raises(SandboxUnavailableError, match="no answer in time"):
        api.wait("c", 0.1)


def test_an_engine_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    api = EngineApi(find_address(f"unix://{tmp_path / 'nobody.sock'}"))
    with pytest.raises(SandboxUnavailableError, match="No such file"):
        api.start("c")


def test_an_answer_that_is_not_http_is_unavailable(api: EngineApi, fake: FakeEngine) -> None:
    fake.answers["/v1.41/containers/c/start"] = [b"SSH-2.0-x\r\n\r\nclose"]
    with pytest.raises(SandboxUnavailableError):
        api.start("c")


def test_attaching_takes_the_streams_apart(api: EngineApi, fake: FakeEngine) -> None:
    stream = frame(1, b"out") + frame(2, b"") + frame(2, b"err") + b"\x01\x00"
    fake.answers["/v1.41/containers/c/attach"] = [
        b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n\r\n" + stream
    ]
    with api.attach("c", stdin=True) as attached:
        attached.send(b"line\n")
        assert [attached.read() for _ in range(3)] == [(1, b"out"), (2, b"err"), (0, b"")]
    assert "stdin=1" in fake.asked[-1][0]


def test_attaching_to_nothing_is_refused(api: EngineApi) -> None:
    with pytest.raises(EngineRefusalError, match="attaching"), api.attach("c", stdin=False):
        pass


def test_archives_go_in_and_come_out(api: EngineApi, fake: FakeEngine) -> None:
    path = "/v1.41/containers/c/archive"
    fake.answers[path] = [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]
    api.put_archive("c", "/code dir", io.BytesIO(b"tar"))
    assert fake.asked[-1] == (f"PUT {path}?path=%2Fcode+dir", b"tar")
    fake.answers[path] = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    ]
    with api.get_archive("c", "/output") as pieces:
        assert b"".join(pieces) == b"abcde"
    with pytest.raises(ValueError, match="mine"), api.get_archive("c", "/output"):
        raise ValueError("mine")  # noqa: EM101 the reader's own error stays its own


def test_a_forked_process_opens_its_own_connection(api: EngineApi, fake: FakeEngine) -> None:
    fake.answers["/v1.41/containers/c/wait"] = [json_answer(200, {"StatusCode": 0})]
    api.wait("c", 5)
    child = os.fork()
    if not child:
        os._exit(0 if api.wait("c", 5) == 0 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert api.wait("c", 5) == 0
    assert fake.connections == 2


@pytest.mark.parametrize(
    ("url", "path", "host", "port"),
    [
        ("unix:///run/d.sock", "/run/d.sock", "", 0),
        ("tcp://engine:1234", "", "engine", 1234),
        ("tcp://engine", "", "engine", 2375),
        ("https://engine", "", "engine", 2376),
    ],
)
def test_addresses(url: str, path: str, host: str, port: int) -> None:
    found = find_address(url)
    assert (found.path, found.host, found.port) == (path, host, port)
    assert (found.tls is not None) == url.startswith("https")


def test_other_addresses_are_refused() -> None:
    with pytest.raises(SandboxError, match="ssh"):
        find_address("ssh://engine")
