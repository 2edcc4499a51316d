"""The engine's client: a time-out on every call, and every failure a SandboxError."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException, NotFound

from sandbox import policy
from sandbox.types import SandboxError

SLOW_CALL_TIMEOUT_S = 900
"""Sending a large tree, pulling or building an image."""

_CONNECTIONS = 64
_CONFLICT = 409
_RETRY_S = 0.1


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Turn what the engine or the way to it throws into a SandboxError saying what failed."""
    try:
        yield
    except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError) as error:
        message = f"container engine, {doing}: {_explanation(error)}"
        raise SandboxError(message) from error


def _explanation(error: Exception) -> str:
    text = error.explanation if isinstance(error, APIError) else str(error)
    return str(text).strip().splitlines()[0] if str(text).strip() else type(error).__name__


class Engine:
    """One client per process and purpose: sockets do not survive a fork, and threads share one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[tuple[int, int], docker.DockerClient] = {}

    def client(self, timeout_s: int = policy.ENGINE_TIMEOUT_S) -> docker.DockerClient:
        """Return this process's client whose calls end after `timeout_s`; raise SandboxError."""
        key = (os.getpid(), timeout_s)
        with self._lock:
            if key not in self._clients:
                with engine_errors("connecting"):
                    self._clients[key] = docker.from_env(
                        version="auto", timeout=timeout_s, max_pool_size=_CONNECTIONS
                    )
            return self._clients[key]

    def close(self) -> None:
        """Close this process's connections; the next call opens new ones."""
        with self._lock:
            for key in [key for key in self._clients if key[0] == os.getpid()]:
                self._clients.pop(key).close()

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
    api = engine.client(policy.KILL_TIMEOUT_S).api
    _until_gone(
        f"container {container_id[:12]}",
        lambda: api.remove_container(container_id, force=True, v=True),
        lambda: api.inspect_container(container_id),
    )


def remove_volume(engine: Engine, name: str) -> None:
    """Remove a volume and verify that it is gone; one that is not there is what was wanted."""
    api = engine.client(policy.KILL_TIMEOUT_S).api
    _until_gone(
        f"volume {name}",
        lambda: api.remove_volume(name, force=True),
        lambda: api.inspect_volume(name),
    )


def _until_gone(what: str, remove: Callable[[], object], inspect: Callable[[], object]) -> None:
    deadline = time.monotonic() + policy.KILL_TIMEOUT_S
    while True:
        with engine_errors(f"removing {what}"):
            try:
                remove()
            except NotFound:
                return
            except APIError as error:
                if error.status_code != _CONFLICT or time.monotonic() > deadline:
                    raise
            try:
                inspect()
            except NotFound:
                return
        if time.monotonic() > deadline:
            message = f"{what} is still there after its removal"
            raise SandboxError(message)
        time.sleep(_RETRY_S)
