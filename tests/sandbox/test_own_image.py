"""A problem's own image, named by its content: what it brings along is not believed."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sandbox.docker import DockerSandbox, Engine, ImageStore
from sandbox.types import Run, Sandbox, SandboxError
from tests.sandbox.conftest import IMAGE, STATE, with_program

pytestmark = pytest.mark.docker

MakeImage = Callable[..., str]

PROGRAM = """
import json, os
print(json.dumps({"own": os.environ.get("OWN"), "path": os.environ["PATH"], "at": os.getcwd(),
                  "uid": os.getuid()}))
"""


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def make_image(engine: Engine) -> Iterator[MakeImage]:
    """Make an image that nobody pushed anywhere, like the default one but for what is said."""
    base = ImageStore(engine, STATE).ensure(IMAGE, print)
    made: list[str] = []

    def make(*changes: str) -> str:
        container = docker("create", base, "true")
        words = [word for change in changes for word in ("--change", change)]
        made.append(docker("commit", *words, container))
        docker("rm", "-v", container)
        return f"registry.example.org/team/image@{made[-1]}"

    yield make
    for image in made:
        docker("rmi", "-f", image)


@pytest.mark.parametrize("by_socket", [True, False])
def test_it_runs_as_any_image_does(
    make_image: MakeImage, engine: Engine, run: Run, installation: str, by_socket: bool
) -> None:
    image = make_image(
        'ENTRYPOINT ["/bin/echo", "from the entry point"]',
        'CMD ["/bin/false"]',
        "USER nobody",
        "WORKDIR /nowhere",
        "ENV OWN=yes PATH=/nowhere NVIDIA_VISIBLE_DEVICES=all",
    )
    sandbox = DockerSandbox(
        installation, runtime=None, images=ImageStore(engine, STATE), by_socket=by_socket
    )
    result = sandbox.execute(replace(with_program(run, PROGRAM), image=image))
    assert result.verdict is None, result.log
    said = json.loads(result.log)
    assert (said["own"], said["at"]) == ("yes", "/code")
    assert said["path"].startswith("/opt/venv/bin:")
    assert said["uid"] > 65_535
    assert result.image_digest == image.rpartition("@")[2]


@pytest.mark.parametrize("backend", ["docker"], indirect=True)
def test_one_with_a_volume_is_refused(make_image: MakeImage, sandbox: Sandbox, run: Run) -> None:
    image = make_image("VOLUME /var/space")
    for use in (
        lambda: sandbox.execute(replace(run, image=image)),
        lambda: sandbox.prepare(image, print),
    ):
        with pytest.raises(SandboxError, match=r"declares volumes \(/var/space\)"):
            use()


@pytest.mark.parametrize("backend", ["docker"], indirect=True)
def test_one_that_is_not_here_is_not_pulled_by_a_run(sandbox: Sandbox, run: Run) -> None:
    image = f"registry.example.org/team/image@sha256:{'0' * 64}"
    with pytest.raises(SandboxError, match="is not here"):
        sandbox.execute(replace(run, image=image))
