"""What a run may not leave on the machine: looked for from outside, by other means than the
sandbox's own bookkeeping."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox import policy
from sandbox.bubblewrap.cgroup import PARENT
from sandbox.bubblewrap.processes import descendants
from sandbox.docker import Engine
from sandbox.docker.labels import INSTALLATION, RUN
from tests.sandbox.conftest import STATE

SETTLE_S = 5.0
PROC = Path("/proc")
SHARED_FOLDERS = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path("/dev/mqueue"))
KERNEL_FACTS = ("core_pattern", "hostname", "domainname", "modprobe", "randomize_va_space")
QUEUES = ("shm", "sem", "msg")


@dataclass(frozen=True, slots=True)
class Remains:
    """What was there before a run, and what marks the run's own things.

    `token` is in the environment of every process of the run, `runs` holds the names of its
    control groups. Whatever other test processes have running is not looked at.
    """

    backend: str
    installation: str
    token: str
    settings: Mapping[str, str]
    runs: Sequence[str]
    began: float
    already: frozenset[str] = frozenset()

    @classmethod
    def before(
        cls, backend: str, installation: str, token: str, runs: Sequence[str] = ()
    ) -> "Remains":
        fresh = cls(backend, installation, token, kernel_settings(), runs, time.time())
        # what one case left is that case's failure, not every later one's
        return replace(fresh, already=frozenset(fresh._look()))

    def found(self) -> list[str]:
        """What is left, described; the kernel and the engine get a moment to let go."""
        deadline = time.monotonic() + SETTLE_S
        while (left := sorted(set(self._look()) - self.already)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left

    def _look(self) -> Iterator[str]:
        yield from self._processes()
        yield from files_of_runs()
        yield from kernel_objects()
        if kernel_settings() != self.settings:
            yield "a setting of this machine's kernel has changed"
        if self.backend == "bubblewrap":
            runs = STATE / "runs" / self.installation
            yield from (str(path) for path in (runs.iterdir() if runs.is_dir() else ()))
            yield from (line for line in mounts() if str(runs.resolve()) in line)
            yield from (str(group) for group in run_groups() if group.name in self.runs)
        else:
            yield from engine_things(self.installation)

    def _processes(self) -> Iterator[str]:
        """Ours by the token; by its container, where the engine no longer knows that; by birth."""
        if self.backend == "bubblewrap":
            yield from (f"process {each.pid}, a child of ours" for each in descendants(os.getpid()))
        ours = (
            [] if self.backend == "bubblewrap" else containers_since(self.began, self.installation)
        )
        for process in PROC.glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if self.token.encode() in (process / "environ").read_bytes():
                    yield f"process {process.name} of the run"
                groups = (process / "cgroup").read_text(encoding="ascii")
                if any(container in groups for container, _ in ours):
                    yield f"process {process.name} of the run's container"
        for line in mounts():
            yield from (line for _, run_id in ours if run_id in line)


def containers_since(began: float, installation: str) -> list[tuple[str, str]]:
    """The containers an installation has made, by the engine's own diary: their ids and runs."""
    command = ["docker", "events", "--since", f"{began:.6f}", "--until", f"{time.time():.6f}"]
    command += ["--filter", "event=create", "--filter", f"label={INSTALLATION}={installation}"]
    command += ["--format", '{{.Actor.ID}} {{index .Actor.Attributes "' + RUN + '"}}']
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [(words[0], words[1]) for line in told.splitlines() if len(words := line.split()) == 2]


def engine_things(installation: str) -> Iterator[str]:
    """The engine's own word on what is left of this installation's runs."""
    engine = Engine()
    api = engine.client().api
    label = {"label": f"{INSTALLATION}={installation}"}
    yield from (f"container {each['Id'][:12]}" for each in api.containers(all=True, filters=label))
    volumes = api.volumes(filters=label)["Volumes"] or []
    yield from (f"volume {each['Name']}" for each in volumes)
    engine.close()


def mounts() -> list[str]:
    return (PROC / "self" / "mountinfo").read_text(encoding="utf-8").splitlines()


def run_groups() -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"{PARENT}/*/")) + list(
        Path("/sys/fs/cgroup").glob(f"*/{PARENT}/*/")
    )


def files_of_runs() -> Iterator[str]:
    """Files of a run's user where everybody may write."""
    for folder in SHARED_FOLDERS:
        with contextlib.suppress(OSError), os.scandir(folder) as listing:
            for entry in listing:
                with contextlib.suppress(OSError):
                    if entry.stat(follow_symlinks=False).st_uid in policy.UIDS:
                        yield entry.path


def kernel_objects() -> Iterator[str]:
    """System V objects of a run's user in this machine's own namespace."""
    for kind in QUEUES:
        with contextlib.suppress(OSError):
            lines = (PROC / "sysvipc" / kind).read_text(encoding="ascii").splitlines()
            owner = lines[0].split().index("uid")
            for line in lines[1:]:
                if int(line.split()[owner]) in policy.UIDS:
                    yield f"{kind}: {line}"


def kernel_settings() -> Mapping[str, str]:
    found = {}
    for name in KERNEL_FACTS:
        with contextlib.suppress(OSError):
            found[name] = (PROC / "sys" / "kernel" / name).read_text(encoding="utf-8")
    return found
