"""The engine's clients: a time-out on every call, and every failure a SandboxError.

Two of them: `api` for what each run asks (fast, standard library alone), and the SDK's `client`
for what is rare (building and pulling images, listing volumes).
"""

import http.client
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException

from sandbox import policy
from sandbox.docker.api import EngineApi
from sandbox.docker.transport import EngineRefusalError, find_address
from sandbox.types import SandboxError, SandboxUnavailableError

_CONNECTIONS = 64
_RETRY_S = 0.05
_UNREACHABLE = (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError)


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Turn what the engine or the way to it throws into a SandboxError saying what failed.

    An engine that does not answer is a SandboxUnavailableError.
    """
    try:
        yield
    except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError) as error:
        message = f"container engine, {doing}: {_explanation(error)}"
        if isinstance(error, _UNREACHABLE) or isinstance(error.__cause__, _UNREACHABLE):
            raise SandboxUnavailableError(message) from error
        raise SandboxError(message) from error


def _explanation(error: Exception) -> str:
    text = error.explanation if isinstance(error, APIError) else str(error)
    return str(text).strip().splitlines()[0] if str(text).strip() else type(error).__name__


class Engine:
    """One engine: at `base_url`, else where DOCKER_HOST says, else at the usual socket.

    Its clients are one per process and purpose: sockets do not survive a fork, threads share one.
    """

    def __init__(self, base_url: str | None = None) -> None:
        self.base_url = base_url
        self._lock = threading.Lock()
        self._clients: dict[tuple[int, int], docker.DockerClient] = {}

    @cached_property
    def api(self) -> EngineApi:
        """Return the client for what runs ask; raise SandboxError for an unusable address."""
        return EngineApi(find_address(self.base_url))

    def client(self, timeout_s: int = policy.ENGINE_TIMEOUT_S) -> docker.DockerClient:
        """Return this process's SDK client with this time-out; raise SandboxError."""
        key = (os.getpid(), timeout_s)
        with self._lock:
            if key not in self._clients:
                with engine_errors("connecting"):
                    self._clients[key] = self._connect(timeout_s)
            return self._clients[key]

    def _connect(self, timeout_s: int) -> docker.DockerClient:
        if self.base_url is None:
            return docker.from_env(version="auto", timeout=timeout_s, max_pool_size=_CONNECTIONS)
        return docker.DockerClient(
            self.base_url, version="auto", timeout=timeout_s, max_pool_size=_CONNECTIONS
        )

    def close(self) -> None:
        """Close this process's connections; the next call opens new ones."""
        self.api.close()
        with self._lock:
            for key in [key for key in self._clients if key[0] == os.getpid()]:
                self._clients.pop(key).close()

    def default_runtime(self) -> str:
        """Return the name of the runtime of containers that ask for none."""
        with engine_errors("reading its properties"):
            return str(self.client().info().get("DefaultRuntime", ""))

    def maps_user_ids(self) -> bool:
        """Tell whether containers have a small range of mapped user ids (rootless and the like)."""
        with engine_errors("reading its properties"):
            options = self.client().info().get("SecurityOptions") or []
        return any("rootless" in option or "userns" in option for option in options)


def remove_container(engine: Engine, container_id: str) -> None:
    """Kill and remove a container and verify that it is gone; raise SandboxError when it is not.

    A container that is not there is what was wanted; one that another worker is removing just now
    is waited for.
    """
    api = engine.api
    _until_gone(
        f"container {container_id[:12]}",
        lambda: api.remove(container_id),
        lambda: api.has_container(container_id),
    )


def remove_volume(engine: Engine, name: str) -> None:
    """Remove a volume and verify that it is gone; one that is not there is what was wanted."""
    api = engine.api
    _until_gone(
        f"volume {name}",
        lambda: api.remove_volume(name),
        lambda: api.has_volume(name),
    )


def _until_gone(what: str, remove: Callable[[], None], is_there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + policy.KILL_TIMEOUT_S
    while True:
        try:
            remove()
        except EngineRefusalError as error:
            if error.status == http.client.NOT_FOUND:
                return
            if error.status != http.client.CONFLICT or time.monotonic() > deadline:
                raise
        if not is_there():
            return
        if time.monotonic() > deadline:
            message = f"{what} is still there after its removal"
            raise SandboxError(message)
        time.sleep(_RETRY_S)
