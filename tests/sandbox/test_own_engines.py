"""Engines set up otherwise than the machine's: one that maps user ids, one that ignores limits.

Each is a dockerd of the test's own (`tests.engines`), with a small base in the place of the image.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox import policy
from sandbox.docker import DockerSandbox, Engine, ImageStore
from sandbox.docker.images import image_tag
from sandbox.probe import check_limits, require_limits
from sandbox.recipes import find_recipe
from sandbox.types import Run, SandboxError, Verdict
from tests.engines import OwnEngine, own_engine
from tests.sandbox.conftest import FULL, IMAGE, with_program

pytestmark = [pytest.mark.docker, pytest.mark.slow]

BASE = "baijing/base:local"
SUBORDINATE = "daemon:300000:65536\n"
FIRST_MAPPED = 300_000

IN_A_NAMESPACE = """#!/bin/sh
exec unshare --mount --propagation private sh -c '
  mount --bind {folder}/subuid /etc/subuid && mount --bind {folder}/subuid /etc/subgid &&
  echo $$ > {folder}/pid && exec {containerd} "$@"' sh "$@"
"""
IN_THE_SAME = """#!/bin/sh
exec nsenter --mount --target "$(cat {folder}/pid)" {dockerd} "$@"
"""


def wrappers(folder: Path) -> Path:
    """Programs that show containerd and dockerd another /etc/subuid, and nobody else."""
    (folder / "subuid").write_text(SUBORDINATE)
    places = {name: shutil.which(name) for name in ("containerd", "dockerd")}
    for name, text in (("containerd", IN_A_NAMESPACE), ("dockerd", IN_THE_SAME)):
        script = folder / name
        script.write_text(text.format(folder=folder, **places))
        script.chmod(0o755)
    return folder


@contextmanager
def sandbox_in(engine: OwnEngine, runtime: str | None, state_dir: Path) -> Iterator[DockerSandbox]:
    engine.load(BASE)
    engine.tag(BASE, image_tag(find_recipe(IMAGE)))
    client = Engine(engine.url)
    images = ImageStore(client, state_dir)
    sandbox = DockerSandbox("own-engine", runtime=runtime, images=images)
    try:
        sandbox.prepare(IMAGE, print)
        yield sandbox
    finally:
        sandbox.close()
        client.close()


def test_an_engine_that_maps_user_ids(run: Run, tmp_path: Path) -> None:
    """Root inside is nobody outside, and runs have users of the small range there is."""
    tools = tmp_path / "tools"
    tools.mkdir()
    arguments = ["--userns-remap=daemon:daemon"]
    with (
        own_engine(arguments=arguments, path_first=[wrappers(tools)]) as engine,
        sandbox_in(engine, None, tmp_path / "state") as sandbox,
    ):
        assert Engine(engine.url).maps_user_ids()
        program = """
import os
open("/output/answer.csv", "w").write(open("/input/data.csv").read())
print(os.getuid(), open("/proc/self/uid_map").read())
"""
        result = sandbox.execute(replace(with_program(run, program), collect=("answer.csv",)))
        assert result.verdict is None, (result.message, result.log)
        assert (run.output / "answer.csv").read_text() == "id\n1\n"
        uid, inside, outside, count = map(int, result.log.split()[:4])
        assert uid in policy.MAPPED_UIDS
        assert (inside, outside, count) == (0, FIRST_MAPPED, 65536)
        assert [each for each in check_limits(sandbox, IMAGE) if not each.held] == []
        assert engine.cli("ps", "-aq") == ""


@pytest.mark.skipif(not FULL, reason="the same refusal as in the unit tests, with a real gVisor")
def test_gvisor_that_ignores_control_groups_is_refused(run: Run, tmp_path: Path) -> None:
    runsc = shutil.which("runsc")
    if runsc is None:
        pytest.skip("gVisor (runsc) is not installed")
    loose = {"path": runsc, "runtimeArgs": ["--ignore-cgroups", "--network=none"]}
    with (
        own_engine(configuration={"runtimes": {"runsc-loose": loose}}) as engine,
        sandbox_in(engine, "runsc-loose", tmp_path / "state") as sandbox,
    ):
        bomb = with_program(run, "x = bytearray(b'x') * (1 << 30)\n")
        assert sandbox.execute(bomb).verdict is not Verdict.MEMORY_LIMIT
        with pytest.raises(SandboxError, match="memory limit"):
            require_limits(sandbox, IMAGE, state_dir=tmp_path / "state", identity="loose")
