"""What a run asks of the engine, each call by its name: the hot path, past the SDK."""

import contextlib
import http.client
import json
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Final, cast
from urllib.parse import quote, urlencode

from sandbox import policy
from sandbox.docker.transport import Address, EngineRefusalError, Payload, Transport
from sandbox.types import SandboxUnavailableError

_NEWEST_SPOKEN: Final = (1, 48)
_FRAME_HEADER: Final = 8
_LARGEST_READ: Final = 1 << 16
SLOW_CALL_TIMEOUT_S: Final = 900
"""Sending a large tree, pulling or building an image."""


class EngineApi:
    """One engine's API. Every call has a time-out; its failures are `SandboxError`s.

    `EngineRefusalError` where the engine says no (`status` tells why), `SandboxUnavailableError`
    where it says nothing.
    """

    def __init__(self, address: Address) -> None:
        self._transport = Transport(address)
        self._version = ""

    def close(self) -> None:
        """Close this process's idle connections."""
        self._transport.close()

    def create(self, name: str, body: Payload) -> str:
        """Create a container and return its id."""
        path = f"/containers/create?{urlencode({'name': name})}"
        created = self._json("creating the container", "POST", path, body)
        return str(created["Id"])

    def start(self, container: str) -> None:
        """Start a created container."""
        self._call("starting the container", "POST", f"/containers/{quote(container)}/start")

    def kill(self, container: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal; a container that is not there or has ended is what was wanted."""
        try:
            path = f"/containers/{quote(container)}/kill?signal={int(number)}"
            self._call("killing the container", "POST", path, timeout_s=policy.KILL_TIMEOUT_S)
        except EngineRefusalError as error:
            if error.status not in {http.client.NOT_FOUND, http.client.CONFLICT}:
                raise

    def wait(self, container: str, timeout_s: float) -> int:
        """Return the exit status of a running or dead container once it has one."""
        path = f"/containers/{quote(container)}/wait"
        ended = self._json("waiting for the container", "POST", path, timeout_s=timeout_s)
        return int(cast("int", ended["StatusCode"]))

    def state(self, container: str) -> Mapping[str, object]:
        """Return the state the engine holds a container to be in."""
        path = f"/containers/{quote(container)}/json"
        inspected = self._json("inspecting the container", "GET", path)
        return cast("Mapping[str, object]", inspected["State"])

    def stats(self, container: str) -> Payload:
        """Return one statistics document."""
        path = f"/containers/{quote(container)}/stats?stream=0&one-shot=1"
        doing = "reading its statistics"
        return self._json(doing, "GET", path, timeout_s=policy.KILL_TIMEOUT_S)

    def remove(self, container: str) -> None:
        """Kill and remove a container and its anonymous volumes."""
        path = f"/containers/{quote(container)}?force=1&v=1"
        self._call("removing a container", "DELETE", path, timeout_s=policy.KILL_TIMEOUT_S)

    def has_container(self, container: str) -> bool:
        """Tell whether the engine knows a container."""
        return self._is_there("looking for a container", f"/containers/{quote(container)}/json")

    def list_containers(self, label: str) -> list[Mapping[str, object]]:
        """Return the summaries of all containers that carry a label ("key" or "key=value")."""
        filters = quote(json.dumps({"label": [label]}))
        found = self._call("listing containers", "GET", f"/containers/json?all=1&filters={filters}")
        return cast("list[Mapping[str, object]]", json.loads(found))

    def create_volume(self, name: str, labels: Mapping[str, str], options: Payload) -> None:
        """Create a volume of the local driver; one of this name already there is kept."""
        body = {"Name": name, "Driver": "local", "DriverOpts": options, "Labels": dict(labels)}
        self._call("creating a volume", "POST", "/volumes/create", body)

    def has_volume(self, name: str) -> bool:
        """Tell whether the engine knows a volume."""
        return self._is_there("looking for a volume", f"/volumes/{quote(name)}")

    def remove_volume(self, name: str) -> None:
        """Remove a volume that nothing uses."""
        path = f"/volumes/{quote(name)}?force=1"
        self._call("removing a volume", "DELETE", path, timeout_s=policy.KILL_TIMEOUT_S)

    def put_archive(self, container: str, target: str, source: IO[bytes]) -> None:
        """Unpack a tar archive into a folder of a container."""
        path = self._path(f"/containers/{quote(container)}/archive?{urlencode({'path': target})}")
        self._transport.send("sending files", path, source, timeout_s=SLOW_CALL_TIMEOUT_S)

    def get_archive(self, container: str, folder: str) -> AbstractContextManager[Iterator[bytes]]:
        """Stream a folder of a container as tar."""
        path = self._path(f"/containers/{quote(container)}/archive?{urlencode({'path': folder})}")
        return self._transport.stream("collecting the output", path, timeout_s=SLOW_CALL_TIMEOUT_S)

    @contextmanager
    def attach(self, container: str, *, stdin: bool) -> Iterator["Attached"]:
        """Attach to a container's output, and to its input where asked."""
        wanted = {"stream": 1, "stdout": 1, "stderr": 1, "stdin": int(stdin)}
        path = self._path(f"/containers/{quote(container)}/attach?{urlencode(wanted)}")
        doing = "attaching to the container"
        opened, reader = self._transport.hijack(doing, path, timeout_s=policy.ENGINE_TIMEOUT_S)
        attached = Attached(opened, reader)
        try:
            yield attached
        finally:
            attached.close()

    def _is_there(self, doing: str, path: str) -> bool:
        try:
            self._call(doing, "GET", path, timeout_s=policy.KILL_TIMEOUT_S)
        except EngineRefusalError as error:
            if error.status != http.client.NOT_FOUND:
                raise
            return False
        return True

    def _json(
        self,
        doing: str,
        method: str,
        path: str,
        body: Payload | None = None,
        *,
        timeout_s: float = policy.ENGINE_TIMEOUT_S,
    ) -> Payload:
        found = json.loads(self._call(doing, method, path, body, timeout_s=timeout_s))
        return cast("Payload", found)

    def _call(
        self,
        doing: str,
        method: str,
        path: str,
        body: Payload | None = None,
        *,
        timeout_s: float = policy.ENGINE_TIMEOUT_S,
    ) -> bytes:
        return self._transport.call(doing, method, self._path(path), body=body, timeout_s=timeout_s)

    def _path(self, path: str) -> str:
        return f"/v{self.version()}{path}"

    def version(self) -> str:
        """Return the API version in use: the engine's own, as far as this module knows it."""
        if not self._version:
            found = self._transport.call(
                "connecting", "GET", "/version", timeout_s=policy.ENGINE_TIMEOUT_S
            )
            major, minor = str(json.loads(found)["ApiVersion"]).split(".")[:2]
            self._version = ".".join(map(str, min((int(major), int(minor)), _NEWEST_SPOKEN)))
        return self._version


class Attached:
    """A container's output, taken apart, and its input."""

    def __init__(self, opened: socket.socket, reader: IO[bytes]) -> None:
        self._socket = opened
        self._reader = reader

    def send(self, data: bytes) -> None:
        """Write to the container's input; raise SandboxUnavailableError."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            message = f"container engine, writing to the container: {error}"
            raise SandboxUnavailableError(message) from error

    def wait_at_most(self, seconds: float | None) -> None:
        """Let each read below raise TimeoutError after so long; None waits for ever."""
        self._socket.settimeout(seconds)

    def read(self) -> tuple[int, bytes]:
        """Return the next piece of output and its stream (1 or 2); no bytes at the end.

        Raise OSError when the connection breaks (TimeoutError when it was told to wait no longer).
        """
        while True:
            header = self._reader.read(_FRAME_HEADER)
            if len(header) < _FRAME_HEADER:
                return 0, b""
            size = int.from_bytes(header[4:], "big")
            if size:
                return header[0], self._read_exactly(size)

    def _read_exactly(self, size: int) -> bytes:
        pieces = []
        while size and (piece := self._reader.read(min(size, _LARGEST_READ))):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def hang_up(self) -> None:
        """End a read under way in another thread."""
        with contextlib.suppress(OSError):  # the engine was first
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; the container runs on."""
        self.hang_up()
        self._reader.close()
        self._socket.close()
