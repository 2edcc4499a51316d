"""What a container's health check asks: `python deploy/healthcheck.py web | engine`.

Exit 0 and silence when all is well, else exit 1 and one line. Only the standard library: a check
runs every few seconds and must cost nothing.
"""

import http.client
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Final

SOCKET: Final = "/var/run/docker.sock"
TIMEOUT_S: Final = 4.0
OK: Final = 200


class EngineConnection(http.client.HTTPConnection):
    """HTTP over the engine's Unix socket."""

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(SOCKET)


def check_web() -> int:
    """Return the status of the web server's own liveness page."""
    return ask(http.client.HTTPConnection("127.0.0.1", 8000, timeout=TIMEOUT_S), "/healthz")


def check_engine() -> int:
    """Return the status of the container engine's ping: a worker without an engine is no worker."""
    return ask(EngineConnection("localhost", timeout=TIMEOUT_S), "/_ping")


def ask(connection: http.client.HTTPConnection, path: str) -> int:
    """Return the status a GET is answered with."""
    connection.request("GET", path)
    return connection.getresponse().status


CHECKS: Final[Mapping[str, Callable[[], int]]] = {"web": check_web, "engine": check_engine}


def main(name: str) -> int:
    """Run one check; return the exit status."""
    try:
        status = CHECKS[name]()
    except OSError as error:
        print(f"{name}: {error}")
        return 1
    if status != OK:
        print(f"{name}: HTTP {status}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
