"""A Docker engine of a test's own, to kill, freeze and restart: the machine's is not to be touched.

It has its own containerd, data, sockets and configuration, no network and no firewall rules. All of
it lies in one folder, by which what it started is found again and ended.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

START_S = 60
STOP_S = 20
SHIM_SOCKETS = Path("/run/containerd/s")
"""Where every containerd's shims listen; a killed one leaves its socket."""


@dataclass
class OwnEngine:
    """One dockerd and its containerd; `url` is what DOCKER_HOST takes."""

    folder: Path
    arguments: Sequence[str] = ()
    """More flags of dockerd (`--userns-remap=…`, `--add-runtime=…`)."""
    path_first: Sequence[Path] = ()
    """Folders before everything else on dockerd's PATH: where a fake hook or runtime lies."""
    configuration: Mapping[str, object] = field(default_factory=dict)
    """The content of dockerd's daemon.json; the machine's own is never read."""
    containerd: "subprocess.Popen[bytes] | None" = None
    dockerd: "subprocess.Popen[bytes] | None" = None

    @property
    def socket(self) -> Path:
        return self.folder / "docker.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Start what is not running and wait until it answers."""
        if self.containerd is None or self.containerd.poll() is not None:
            self.containerd = self._spawn("containerd", self._containerd_command())
            address = self.folder / "containerd.sock"
            self._wait(lambda: answers(["ctr", "-a", str(address), "version"]), "containerd")
        if self.dockerd is None or self.dockerd.poll() is not None:
            (self.folder / "docker.pid").unlink(missing_ok=True)
            self.dockerd = self._spawn("dockerd", self._dockerd_command())
            self._wait(lambda: answers(["docker", "-H", self.url, "version"]), "dockerd")

    def kill(self) -> None:
        """SIGKILL dockerd alone, as a crash would: what runs in containers lives on."""
        assert self.dockerd is not None
        self.dockerd.kill()
        self.dockerd.wait()

    def restart(self) -> None:
        """Kill dockerd and start it again."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """Let dockerd take connections and never answer."""
        assert self.dockerd is not None
        self.dockerd.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.dockerd is not None
        self.dockerd.send_signal(signal.SIGCONT)

    def cli(self, *arguments: str) -> str:
        """Run the docker client on this engine and return what it prints."""
        done = subprocess.run(
            ["docker", "-H", self.url, *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def load(self, image: str) -> None:
        """Copy an image of the machine's engine into this one (a second per 100 MB or so)."""
        with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saving:
            loading = subprocess.run(
                ["docker", "-H", self.url, "load", "-q"],
                stdin=saving.stdout,
                capture_output=True,
                check=False,
            )
        assert saving.returncode == loading.returncode == 0, loading.stderr.decode()

    def tag(self, image: str, *tags: str) -> None:
        for tag in tags:
            self.cli("tag", image, tag)

    def shims(self) -> list[int]:
        """The containerd-shims of this engine's containers, one each."""
        return [
            pid
            for pid, command in processes_naming(self.folder)
            if "containerd-shim" in command.split()[0]
        ]

    def log(self) -> str:
        names = ("dockerd.log", "containerd.log")
        paths = [self.folder / name for name in names]
        return "\n".join(path.read_text()[-3000:] for path in paths if path.exists())

    def end(self) -> None:
        """End the engine and everything it started, unmount, remove its data."""
        for process in (self.dockerd, self.containerd):
            if process is None or process.poll() is not None:
                continue
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._end_shims()
        unmount_below(self.folder)
        shutil.rmtree(self.folder)

    def _end_shims(self) -> None:
        """A shim outlives its containerd, and so does its container."""
        named = processes_naming(self.folder)
        containers = {command.partition(" -id ")[2].partition(" ")[0] for _pid, command in named}
        doomed = {pid for pid, _command in named}
        doomed |= {below for pid in doomed for below in descendants(pid)}
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._wait(lambda: not any(is_alive(pid) for pid in doomed), "the end of its containers")
        for container in containers - {""}:
            remove_cgroups(container)
            name = f"{self.folder}/containerd.sock/moby/{container}".encode()
            (SHIM_SOCKETS / hashlib.sha256(name).hexdigest()).unlink(missing_ok=True)

    def _spawn(self, name: str, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        first = ":".join(str(path) for path in self.path_first)
        path = f"{first}:{os.environ['PATH']}" if first else os.environ["PATH"]
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PATH": path},
                start_new_session=True,
            )

    def _containerd_command(self) -> list[str]:
        settings = self.folder / "containerd.toml"
        settings.write_text(
            'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
            f'root = "{self.folder}/containerd"\nstate = "{self.folder}/containerd-state"\n'
            f'[grpc]\naddress = "{self.folder}/containerd.sock"\n'
        )
        return ["containerd", "--config", str(settings), "--log-level", "warn"]

    def _dockerd_command(self) -> list[str]:
        settings = self.folder / "daemon.json"
        settings.write_text(json.dumps(dict(self.configuration)))
        return [
            "dockerd",
            f"--config-file={settings}",
            f"--host={self.url}",
            f"--data-root={self.data}",
            f"--exec-root={self.folder / 'exec'}",
            f"--pidfile={self.folder / 'docker.pid'}",
            f"--containerd={self.folder / 'containerd.sock'}",
            "--bridge=none",
            "--iptables=false",
            "--ip-forward=false",
            "--ip-masq=false",
            "--log-level=warn",
            *self.arguments,
        ]

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + START_S
        while not condition():
            ended = [
                process
                for process in (self.containerd, self.dockerd)
                if process is not None and process.poll() is not None
            ]
            assert time.monotonic() < deadline, f"{what}: not within {START_S} s\n{self.log()}"
            assert not ended or what.startswith("the end"), f"{what} ended\n{self.log()}"
            time.sleep(0.1)


@contextmanager
def own_engine(
    *,
    arguments: Sequence[str] = (),
    path_first: Sequence[Path] = (),
    configuration: Mapping[str, object] | None = None,
) -> Iterator[OwnEngine]:
    """Start an engine and end it with all its doings; skip the test where that cannot be done."""
    if os.geteuid() != 0 or not all(shutil.which(name) for name in ("dockerd", "containerd")):
        pytest.skip("an engine of one's own takes root, dockerd and containerd")
    # a short path: a socket's name has at most 107 bytes
    folder = Path(tempfile.mkdtemp(prefix="engine-"))
    folder.chmod(0o755)  # with --userns-remap, container users look into it
    engine = OwnEngine(folder, arguments, path_first, configuration or {})
    try:
        engine.start()
        yield engine
    finally:
        engine.end()


def answers(command: Sequence[str]) -> bool:
    """Tell whether a command ends well within two seconds."""
    try:
        return subprocess.run(command, capture_output=True, timeout=2, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def processes_naming(folder: Path) -> list[tuple[int, str]]:
    """The processes that have a folder in their command line, with it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if f"{folder}/" in command:
                found.append((int(path.parent.name), command))
    return found


def descendants(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in path.read_text().split()]
    return found + [deeper for child in found for deeper in descendants(child)]


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def mounts_below(folder: Path) -> list[str]:
    """The mount points below a folder, the deepest first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return sorted((point for point in points if point.startswith(f"{folder}/")), reverse=True)


def remove_cgroups(container: str) -> None:
    """Remove the control groups that a killed shim left: its runtime would have."""
    for group in Path("/sys/fs/cgroup").glob(f"**/docker/{container}"):
        for below in sorted(group.glob("**/"), reverse=True):
            with contextlib.suppress(OSError):
                below.rmdir()


def unmount_below(folder: Path) -> None:
    for point in mounts_below(folder):
        subprocess.run(["umount", "-l", point], check=True, capture_output=True)
