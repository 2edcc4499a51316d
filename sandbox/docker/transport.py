"""The way to the engine: HTTP over its socket, kept alive, with a time-out on every call.

The SDK's client costs several times the engine's own work for the calls a run makes; this speaks
the same protocol with the standard library alone. A connection belongs to one thread while it is
in use and to one process for ever: a forked child opens its own.
"""

import http.client
import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

from docker.tls import TLSConfig
from docker.utils import kwargs_from_env
from typing_extensions import override

from sandbox.types import SandboxError, SandboxUnavailableError

Payload = Mapping[str, object]

_DEFAULT_SOCKET: Final = "/var/run/docker.sock"
_IDLE_KEPT: Final = 16
_PLAIN_PORT, _TLS_PORT = 2375, 2376
_CHUNK: Final = 1 << 18


class EngineRefusalError(SandboxError):
    """The engine answered, and its answer is no: `status` is the HTTP status."""

    def __init__(self, doing: str, status: int, reason: str) -> None:
        super().__init__(f"container engine, {doing}: {reason}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Address:
    """Where an engine listens: a socket's path, or a host and port, with TLS or without."""

    path: str = ""
    host: str = ""
    port: int = 0
    tls: ssl.SSLContext | None = None

    def connect(self, timeout_s: float) -> socket.socket:
        """Open a connection; raise OSError."""
        if self.path:
            plain = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            plain.settimeout(timeout_s)
            try:
                plain.connect(self.path)
            except OSError:
                plain.close()
                raise
            return plain
        plain = socket.create_connection((self.host, self.port), timeout_s)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.tls.wrap_socket(plain, server_hostname=self.host) if self.tls else plain


def find_address(base_url: str | None = None) -> Address:
    """Return the engine's address: the one given, else the environment's, else the usual socket.

    The environment is Docker's own: DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH. Raise
    SandboxError for what this cannot speak (ssh).
    """
    found = kwargs_from_env()
    url = base_url or str(found.get("base_url") or f"unix://{_DEFAULT_SOCKET}")
    tls = found.get("tls")
    parts = urlsplit(url)
    if parts.scheme in {"unix", "http+unix"}:
        return Address(path=parts.netloc + parts.path)
    if parts.scheme in {"tcp", "http", "https"} and parts.hostname:
        context = _tls_context(tls if isinstance(tls, TLSConfig) else None, parts.scheme)
        port = parts.port or (_TLS_PORT if context else _PLAIN_PORT)
        return Address(host=parts.hostname, port=port, tls=context)
    message = f"the container engine's address {url!r} is neither unix:// nor tcp://"
    raise SandboxError(message)


def _tls_context(config: TLSConfig | None, scheme: str) -> ssl.SSLContext | None:
    if config is None and scheme != "https":
        return None
    context = ssl.create_default_context()
    if config is not None:
        if config.ca_cert and Path(config.ca_cert).is_file():
            context.load_verify_locations(config.ca_cert)
        if not config.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if config.cert:
            context.load_cert_chain(*config.cert)
    return context


class _Connection(http.client.HTTPConnection):
    def __init__(self, address: Address, timeout_s: float) -> None:
        super().__init__(address.host or "localhost", timeout=timeout_s)
        self._address = address

    @override
    def connect(self) -> None:
        self.sock = self._address.connect(self.timeout or 0)


@contextmanager
def _failures(doing: str) -> Iterator[None]:
    """Turn what the way to the engine throws into a SandboxUnavailableError."""
    try:
        yield
    except TimeoutError as error:
        message = f"container engine, {doing}: no answer in time"
        raise SandboxUnavailableError(message) from error
    except (OSError, http.client.HTTPException) as error:
        message = f"container engine, {doing}: {str(error) or type(error).__name__}"
        raise SandboxUnavailableError(message) from error


class Transport:
    """Calls to one engine. Thread-safe; the connections between calls are kept per process."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._idle: dict[int, list[_Connection]] = {}
        self._lock = threading.Lock()

    def call(
        self, doing: str, method: str, path: str, *, body: Payload | None = None, timeout_s: float
    ) -> bytes:
        """Return the body of the engine's answer; raise EngineRefusalError or …UnavailableError.

        `doing` is for the message. `timeout_s` bounds every wait for the engine's next bytes.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data is not None else {}
        with _failures(doing), self._request(method, path, data, headers, timeout_s) as response:
            content = response.read()
            return _accepted(doing, response.status, content)

    def send(self, doing: str, path: str, source: IO[bytes], *, timeout_s: float) -> None:
        """PUT a tar archive of which `source` is the whole content."""
        size = source.seek(0, os.SEEK_END)
        source.seek(0)
        headers = {"Content-Type": "application/x-tar", "Content-Length": str(size)}
        with _failures(doing), self._request("PUT", path, source, headers, timeout_s) as response:
            _accepted(doing, response.status, response.read())

    @contextmanager
    def stream(self, doing: str, path: str, *, timeout_s: float) -> Iterator[Iterator[bytes]]:
        """GET an answer piece by piece; what is left unread costs the connection."""
        with ExitStack() as stack:
            with _failures(doing):
                response = stack.enter_context(self._request("GET", path, None, {}, timeout_s))
                if response.status >= http.client.BAD_REQUEST:
                    _accepted(doing, response.status, response.read())
            yield _pieces(doing, response)

    def hijack(self, doing: str, path: str, *, timeout_s: float) -> tuple[socket.socket, IO[bytes]]:
        """POST and take the connection over: a socket to write to and a stream to read from."""
        with _failures(doing):
            opened = self._address.connect(timeout_s)
            reader = opened.makefile("rb")
            try:
                opened.sendall(
                    f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                    "Upgrade: tcp\r\nContent-Length: 0\r\n\r\n".encode("ascii")
                )
                status, size = _read_head(reader)
                if status not in {http.client.SWITCHING_PROTOCOLS, http.client.OK}:
                    _accepted(doing, status, reader.read(min(size, _CHUNK)))
            except BaseException:
                reader.close()
                opened.close()
                raise
        return opened, reader

    def close(self) -> None:
        """Close this process's idle connections; the next call opens a new one."""
        with self._lock:
            idle = self._idle.pop(os.getpid(), [])
        for connection in idle:
            connection.close()

    @contextmanager
    def _request(
        self,
        method: str,
        path: str,
        body: bytes | IO[bytes] | None,
        headers: Mapping[str, str],
        timeout_s: float,
    ) -> Iterator[http.client.HTTPResponse]:
        connection, reused = self._take(timeout_s)
        try:
            try:
                connection.request(method, path, body, dict(headers))
                response = connection.getresponse()
            except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
                # the engine closed an idle connection (it was restarted): nothing was asked of it
                connection.close()
                if not reused or not (body is None or isinstance(body, bytes)):
                    raise
                connection.request(method, path, body, dict(headers))
                response = connection.getresponse()
            yield response
        except BaseException:
            connection.close()
            raise
        if response.isclosed() and not response.will_close:
            self._give_back(connection)
        else:
            connection.close()

    def _take(self, timeout_s: float) -> tuple[_Connection, bool]:
        with self._lock:
            idle = self._idle.setdefault(os.getpid(), [])
            connection = idle.pop() if idle else None
        if connection is None:
            return _Connection(self._address, timeout_s), False
        connection.timeout = timeout_s
        if connection.sock is not None:
            connection.sock.settimeout(timeout_s)
        return connection, True

    def _give_back(self, connection: _Connection) -> None:
        with self._lock:
            idle = self._idle.setdefault(os.getpid(), [])
            if len(idle) < _IDLE_KEPT:
                idle.append(connection)
                return
        connection.close()


def _pieces(doing: str, response: http.client.HTTPResponse) -> Iterator[bytes]:
    with _failures(doing):
        while piece := response.read1(_CHUNK):
            yield piece


def _read_head(reader: IO[bytes]) -> tuple[int, int]:
    """Read an answer's head; return its status and the size of its body, 0 where it has none."""
    line = reader.readline(_CHUNK)
    size = 0
    while header := reader.readline(_CHUNK).strip():
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length" and value.strip().isdigit():
            size = int(value)
    words = line.split(None, 2)
    if len(words) < 2 or not words[1].isdigit():  # noqa: PLR2004  version and status
        raise http.client.BadStatusLine(line.decode("latin-1"))
    return int(words[1]), size


def _accepted(doing: str, status: int, content: bytes) -> bytes:
    if status < http.client.BAD_REQUEST:
        return content
    text = content.decode(errors="replace").strip()
    with suppress(ValueError, KeyError, TypeError):
        text = str(json.loads(text)["message"])
    reason = text.splitlines()[0] if text else http.client.responses.get(status, str(status))
    raise EngineRefusalError(doing, status, reason)
