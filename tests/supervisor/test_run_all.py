"""`flask run-all` as an operator has it: a folder, a port, signals."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from app.core.redis import socket_path
from tests.supervisor.programs import ROOT, is_alive, wait_for

pytestmark = [pytest.mark.redis, pytest.mark.bubblewrap, pytest.mark.slow]
SHARED = ROOT / ".services" / "sandbox"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site:
    """An instance folder, a port, and the processes started on them."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir()
        SHARED.mkdir(parents=True, exist_ok=True)
        (folder / "sandbox").symlink_to(SHARED)
        self.folder = folder
        self.port = port
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("BAIJING_")},
            "BAIJING_INSTANCE": str(folder),
            "BAIJING_SANDBOX": "bubblewrap",
            "BAIJING_WEB_WORKERS": "1",
            "PORT": str(port),
        }

    def start(self, log: Path, **changes: str) -> "subprocess.Popen[bytes]":
        with log.open("wb") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "flask", "--app", "app", "run-all", "--concurrency", "1"],
                cwd=ROOT,
                env=self.environment | changes,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def answers(self, path: str) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return bool(answer.status == 200)
        except (HTTPError, URLError, OSError):
            return False


@pytest.fixture
def site(tmp_path: Path, socket_enabled: None) -> Site:
    return Site(tmp_path / "instance", free_port())


@contextmanager
def running(site: Site, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    process = site.start(log)
    try:
        wait_for(lambda: site.answers("/healthz"), log.read_text, 90)
        wait_for(lambda: site.answers("/readyz"), log.read_text, 90)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
            wait_for(lambda: not processes_of(site), lambda: str(processes_of(site)), 10)


def processes_of(site: Site) -> dict[int, str]:
    """Every process whose environment names the instance, with its command line."""
    marker = f"BAIJING_INSTANCE={site.folder}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if marker in (folder / "environ").read_bytes().split(b"\0") and is_alive(
                int(folder.name)
            ):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(folder.name)] = command.decode(errors="replace")
    return found


def test_it_serves_and_an_interrupt_leaves_nothing(site: Site, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(site, log) as process:
        second = site.start(tmp_path / "second", PORT=str(free_port()))
        assert second.wait(60) == 1
        (refusal,) = (tmp_path / "second").read_text().splitlines()
        assert refusal.startswith(f"baijing: {site.folder} is already in use by process ")
        assert f" {process.pid}: " in refusal
        assert len(processes_of(site)) >= 6, processes_of(site)
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0, log.read_text()
        assert processes_of(site) == {}
        assert time.monotonic() - asked < 15
    assert not socket_path(site.folder).exists()
    words = log.read_text()
    assert f"Baijing is ready: http://127.0.0.1:{site.port}" in words
    assert {line.split(" |")[0].strip() for line in words.splitlines() if " |" in line} >= {
        "web",
        "worker",
    }
    assert "Traceback" not in words


def test_killed_it_leaves_no_process_and_starts_again(site: Site, tmp_path: Path) -> None:
    with running(site, tmp_path / "log") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_for(lambda: not processes_of(site), lambda: str(processes_of(site)), 10)
    with running(site, tmp_path / "again") as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert processes_of(site) == {}


def test_a_port_in_use_is_one_line(site: Site, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", site.port))
        taken.listen(1)
        process = site.start(tmp_path / "log")
        assert process.wait(60) == 1
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert line.startswith(
        f"baijing: cannot serve on 127.0.0.1:{site.port}: Address already in use"
    )
    assert processes_of(site) == {}
