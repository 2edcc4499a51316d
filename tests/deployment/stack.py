"""A compose project under test: started, talked to, hurt, and taken down without a trace."""

import io
import json
import secrets
import shutil
import socket
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import requests

from app.core.sealing import Seal
from tests.deployment.images import run

TINY = Path(__file__).parent / "tiny-pack"
Found = TypeVar("Found")
FINISHED = frozenset({"scored", "failed", "cancelled"})
KILL_MAIN_PROGRAM = (
    "import os,signal;from pathlib import Path;"
    "os.kill(int(Path('/proc/1/task/1/children').read_text().split()[0]),signal.SIGKILL)"
)


def compose_command() -> tuple[str, ...]:
    """Return Debian's docker-compose or, where only that is there, the engine's own plug-in."""
    return ("docker-compose",) if shutil.which("docker-compose") else ("docker", "compose")


def wait_for(probe: Callable[[], Found | None], what: str, timeout: float) -> Found:
    """Return the first true thing the probe gives."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(0.3)
    message = f"not within {timeout} s: {what}"
    raise AssertionError(message)


@dataclass(frozen=True, slots=True)
class Stack:
    """One project: its folder holds the variables' file and nothing else."""

    project: str
    variables: Path
    key: str
    url: str

    def compose(self, *arguments: str, timeout: float = 300) -> str:
        """Run docker-compose on the repository's own file."""
        options = ("--project-name", self.project, "--env-file", str(self.variables))
        return run(*compose_command(), *options, *arguments, timeout=timeout)

    def script(self, name: str, *arguments: str | Path) -> str:
        """Run one of the scripts in deploy/ on this project."""
        options = ("--project-name", self.project, "--env-file", str(self.variables))
        command = " ".join((*compose_command(), *options))
        return run("env", f"COMPOSE={command}", f"deploy/{name}", *arguments)

    def flask(self, service: str, *arguments: str) -> list[str]:
        """Run one of our commands inside a running service; return the lines it printed."""
        return self.compose("exec", "-T", service, "flask", *arguments).splitlines()

    def container(self, service: str) -> str:
        """Return the id of a service's container."""
        return self.compose("ps", "-q", service).strip()

    def is_ready(self) -> bool:
        """Tell whether database, Redis and a worker are all there."""
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def publish(self) -> None:
        """Publish the tiny pack from a worker, which alone reaches the engine."""
        run("docker", "cp", str(TINY), f"{self.container('worker-cpu')}:/tmp/tiny-pack")
        self.flask("worker-cpu", "problem", "publish", "/tmp/tiny-pack", "--seed", "7")

    def kill_worker(self) -> None:
        """End the worker's main program with SIGKILL: its container dies and everything in it."""
        before = self._started_at("worker-cpu")
        run("docker", "exec", self.container("worker-cpu"), "python", "-c", KILL_MAIN_PROGRAM)
        wait_for(
            lambda: self._started_at("worker-cpu") != before, "the engine restarts the worker", 60
        )

    def belongings(self) -> set[str]:
        """Return the ids of containers, volumes and networks of this project and of its runs."""
        installation = Seal.fingerprint(self.key)
        labels = (
            f"com.docker.compose.project={self.project}",
            f"org.baijing.sandbox.installation={installation}",
        )
        found: set[str] = set()
        for label in labels:
            match = f"--filter=label={label}"
            found.update(run("docker", "ps", "-aq", "--no-trunc", match).split())
            found.update(run("docker", "volume", "ls", "-q", match).split())
            found.update(run("docker", "network", "ls", "-q", match).split())
        return found

    def volumes(self) -> set[str]:
        """Return the names of all volumes its containers have, the nameless ones too."""
        names: set[str] = set()
        for container in self.compose("ps", "-q").split():
            mounts = json.loads(run("docker", "inspect", "-f", "{{json .Mounts}}", container))
            names.update(mount["Name"] for mount in mounts if mount["Type"] == "volume")
        return names

    def _started_at(self, service: str) -> str:
        format_ = "{{.State.Running}} {{.State.StartedAt}}"
        running, _, started = run(
            "docker", "inspect", "-f", format_, self.container(service)
        ).partition(" ")
        return started if running == "true" else ""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a token, over HTTP."""

    url: str
    token: str

    def get(self, path: str) -> requests.Response:
        """GET below the API."""
        answer = requests.get(f"{self.url}/api/v1{path}", headers=self._headers(), timeout=20)
        assert answer.ok, answer.text
        return answer

    def submit(self, kind: str, name: str, content: bytes) -> str:
        """Hand something in; return its id."""
        answer = requests.post(
            f"{self.url}/api/v1/problems/deployment-tiny/submissions",
            headers=self._headers(),
            files={"file": (name, content)},
            data={"kind": kind},
            timeout=60,
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def state(self, submission: str) -> Mapping[str, object]:
        """Return a submission as the API shows it."""
        shown: Mapping[str, object] = self.get(f"/submissions/{submission}").json()
        return shown

    def wait(self, submission: str, *states: str, timeout: float = 90) -> Mapping[str, object]:
        """Return a submission once it is in one of the states, by default a final one."""
        wanted = frozenset(states) or FINISHED

        def probe() -> Mapping[str, object] | None:
            shown = self.state(submission)
            return shown if shown["state"] in wanted else None

        return wait_for(probe, f"submission {submission} in {sorted(wanted)}", timeout)

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@contextmanager
def described(folder: Path, images: Mapping[str, str]) -> Iterator[Stack]:
    """Give a project that is not started yet; take it down afterwards whatever happened."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    key = secrets.token_hex(32)
    values = {
        **images,
        "BAIJING_SECRET_KEY": key,
        "POSTGRES_PASSWORD": secrets.token_hex(16),
        "REDIS_PASSWORD": secrets.token_hex(16),
        "DOCKER_GID": str(Path("/var/run/docker.sock").stat().st_gid),
        "BAIJING_PUBLISH": address,
        "BAIJING_BUILD_NETWORK": "none",
        "BAIJING_LEASE_SECONDS": "6",
        "BAIJING_HEARTBEAT_SECONDS": "1",
        "BAIJING_SWEEP_SECONDS": "1",
    }
    variables = folder / "variables"
    variables.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    stack = Stack(f"baijingtest{secrets.token_hex(4)}", variables, key, f"http://{address}")
    try:
        yield stack
    except BaseException as error:
        error.add_note(stack.compose("logs", "--no-color", "--tail=40"))
        raise
    finally:
        stack.compose("down", "-v", "--remove-orphans", timeout=180)


def zipped(files: Mapping[str, str]) -> bytes:
    """Return a zip of texts."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()
