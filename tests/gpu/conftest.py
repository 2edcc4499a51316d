"""An engine with a GPU hook, and no GPU."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.docker import DockerSandbox, Engine, ImageStore
from sandbox.docker.bases import LOCAL_BASE, PUBLIC_BASE, find_image
from sandbox.docker.images import image_tag
from sandbox.recipes import find_recipe
from sandbox.types import Limits, Run
from tests.engines import OwnEngine, own_engine
from tests.fakes.nvml import FakeNvml, cards

IMAGE = "python-cpu"
HOOK = "nvidia-container-runtime-hook"
INSTALLATION = "gpu-tests"

PROGRAM = """
import glob, json, os, socket, time
time.sleep(1)
names = ("NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "GPUS")
seen = {name: os.environ.get(name) for name in names}
seen["nodes"] = sorted(glob.glob("/dev/nvidia*"))
seen["linker"] = os.path.getsize("/etc/ld.so.cache") > 0
seen["localhost"] = socket.gethostbyname("localhost")
seen["etc"] = os.access("/etc", os.W_OK) or os.access("/etc/ld.so.cache", os.W_OK)
print(json.dumps(seen))
"""


@dataclass(frozen=True)
class HookedEngine:
    """An engine of the tests' own whose GPUs exist in its hook alone."""

    own: OwnEngine
    folder: Path
    sandbox: DockerSandbox

    def have(self, nvml: FakeNvml) -> None:
        """Let the hook know the cards that the fake driver lists."""
        (self.folder / "cards").write_text("\n".join(card.uuid for card in nvml.cards))
        (self.folder / "calls").write_text("")

    def calls(self) -> Sequence[Mapping[str, str]]:
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]

    def containers(self) -> list[str]:
        return self.own.cli("ps", "-aq").split()

    def volumes(self) -> list[str]:
        """Those of runs; what is kept by content for later ones is not among them."""
        names = self.own.cli("volume", "ls", "-q").split()
        return [name for name in names if not name.startswith(("baijing-tree-", "baijing-etc-"))]


@pytest.fixture(scope="session")
def hooked_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HookedEngine]:
    folder = tmp_path_factory.mktemp("hook")
    hook = folder / HOOK
    program = (Path(__file__).parent / "hook.py").read_text()
    hook.write_text(f"#!{Path(sys.executable).resolve()} -I\n{program}")
    hook.chmod(0o755)
    with own_engine(path_first=[folder]) as own:
        base = _base()
        own.load(base)
        own.tag(base, image_tag(find_recipe(IMAGE)))
        engine = Engine(own.url)
        images = ImageStore(engine, folder / "state")
        yield HookedEngine(own, folder, DockerSandbox(INSTALLATION, runtime=None, images=images))
        engine.close()


def _base() -> str:
    """A small image with Python: what the images are built on."""
    engine = Engine()
    try:
        found = [name for name in (PUBLIC_BASE, LOCAL_BASE) if find_image(engine, name)]
    finally:
        engine.close()
    if not found:
        pytest.skip("no base image: python -m sandbox image build python-cpu")
    return found[0]


@pytest.fixture
def nvml(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    """The driver of a host with two cards (or as many as asked for), in place of NVIDIA's."""
    fake = cards(getattr(request, "param", 2))
    for module in ("inventory", "health", "watching"):
        monkeypatch.setattr(f"sandbox.gpu.{module}.find_nvml", lambda: fake)
    return fake


@pytest.fixture
def gpu_run(tmp_path: Path) -> Run:
    """A run that says what it sees of GPUs; it has none until it is given some."""
    for name in ("code", "output"):
        (tmp_path / name).mkdir()
    (tmp_path / "code" / "main.py").write_text(PROGRAM)
    return Run(
        image=IMAGE,
        command=("python3", "main.py"),
        code=tmp_path / "code",
        output=tmp_path / "output",
        limits=Limits(wall_s=120.0, memory_bytes=128 << 20, cpus=0.5, processes=32),
    )
