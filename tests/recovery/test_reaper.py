"""What dead workers left in an engine is removed, and nothing else: on a real engine."""

import os
import subprocess
import time
import uuid
from collections.abc import Iterator

import pytest

from sandbox import SandboxError
from sandbox.docker import Engine, labels
from sandbox.docker.reaper import reap
from tests.chaos.rig import small_image

pytestmark = pytest.mark.docker
DEAD, ALIVE = "x/1/1", "x/2/1"


class Shelf:
    """Containers and volumes of this test on the machine's engine, never started."""

    def __init__(self) -> None:
        self.installation = f"reaper-{uuid.uuid4().hex[:12]}"
        self._mark = f"reaper-test={self.installation}"
        self._image = small_image()

    def container(self, name: str, *mounts: str, **marks: str) -> None:
        volumes = [part for mount in mounts for part in ("-v", f"{self.installation}-{mount}:/v")]
        self._docker("create", *volumes, *self._named(name, marks), self._image, "true")

    def volume(self, name: str, **marks: str) -> None:
        self._docker("volume", "create", *self._named(name, marks))

    def ours(self, owner: str = "", **marks: str) -> dict[str, str]:
        return {
            labels.INSTALLATION: self.installation,
            labels.OWNER: owner,
            labels.EXPIRES: str(int(time.time()) + 900),
            **marks,
        }

    def left(self) -> set[str]:
        found = self._docker("ps", "-a", "--format", "{{.Names}}", "--filter", self._filter)
        found += self._docker("volume", "ls", "-q", "--filter", self._filter)
        return {name.removeprefix(f"{self.installation}-") for name in found.split()}

    def clear(self) -> None:
        for name in self._docker("ps", "-aq", "--filter", self._filter).split():
            self._docker("rm", "-f", name)
        for name in self._docker("volume", "ls", "-q", "--filter", self._filter).split():
            self._docker("volume", "rm", name)

    @property
    def _filter(self) -> str:
        return f"label={self._mark}"

    def _named(self, name: str, marks: dict[str, str]) -> list[str]:
        given = [f"{key}={value}" for key, value in marks.items()]
        flags = [part for mark in (self._mark, *given) for part in ("--label", mark)]
        return [*flags, "--name" if "volume" not in name else "--", f"{self.installation}-{name}"]

    def _docker(self, *arguments: str) -> str:
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    made = Shelf()
    yield made
    made.clear()


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


def reap_for(shelf: Shelf, engine: Engine) -> int:
    return reap(engine, shelf.installation, lambda owner: owner == ALIVE)


def test_only_the_runs_of_the_dead_go(shelf: Shelf, engine: Engine) -> None:
    ended = subprocess.Popen(["true"])
    neighbourhood = labels.this_process().rpartition(".")[0]
    gone = f"{neighbourhood}.{ended.pid}-1"
    ended.wait()
    elsewhere = f"another-boot.1.{os.getpid()}-1"
    past = str(int(time.time()) - 1)
    shelf.container("unlabelled")
    shelf.container("foreign", **(shelf.ours(DEAD) | {labels.INSTALLATION: "somebody"}))
    shelf.container("of-the-dead", **shelf.ours(DEAD))
    shelf.container("of-the-living", **shelf.ours(ALIVE))
    shelf.container("waiting", **shelf.ours())
    shelf.container("of-a-gone-process", **shelf.ours(**{labels.PROCESS: gone}))
    shelf.container("of-this-process", **shelf.ours(**{labels.PROCESS: labels.this_process()}))
    shelf.container("of-elsewhere", **shelf.ours(**{labels.PROCESS: elsewhere}))
    shelf.container("expired", **shelf.ours(**{labels.EXPIRES: past}))
    kept = {"unlabelled", "foreign", "of-the-living", "waiting", "of-this-process", "of-elsewhere"}
    assert reap_for(shelf, engine) == 3
    assert shelf.left() == kept
    assert reap_for(shelf, engine) == 0


def test_volumes_go_with_their_runs_and_caches_stay(shelf: Shelf, engine: Engine) -> None:
    shelf.volume("volume-of-the-dead", **shelf.ours(DEAD))
    shelf.volume("volume-of-the-living", **shelf.ours(ALIVE))
    shelf.volume("volume-cached", **{labels.CACHE: shelf.installation})
    shelf.volume("volume-unlabelled")
    shelf.container("of-the-dead", "volume-of-the-dead", **shelf.ours(DEAD))
    assert reap_for(shelf, engine) == 2
    kept = {"volume-of-the-living", "volume-cached", "volume-unlabelled"}
    assert shelf.left() == kept


def test_what_cannot_be_removed_keeps_nothing_else(shelf: Shelf, engine: Engine) -> None:
    shelf.volume("volume-in-use", **shelf.ours(DEAD))
    shelf.volume("volume-of-the-dead", **shelf.ours(DEAD))
    shelf.container("somebodys", "volume-in-use")
    with pytest.raises(SandboxError, match="in use"):
        reap_for(shelf, engine)
    assert shelf.left() == {"volume-in-use", "somebodys"}
