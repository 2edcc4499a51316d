"""Choose the backend: Docker where an engine answers and the image can be had, else bubblewrap."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from sandbox.bubblewrap import BubblewrapSandbox
from sandbox.docker import DockerSandbox, Engine, ImageStore
from sandbox.types import Progress, Sandbox, SandboxError

Preference = Literal["auto", "docker", "bubblewrap"]

DEFAULT_IMAGE = "python-cpu"

DEVELOPMENT_ONLY = (
    "bubblewrap is for development: it shares the machine's kernel, memory and disk with whatever"
    " it runs; use Docker for a competition"
)


def choose_sandbox(
    preference: Preference,
    *,
    runtime: str | None,
    state_dir: Path,
    installation: str,
    progress: Progress,
) -> tuple[Sandbox, str]:
    """Return a backend whose default image is ready, and the reason for it in one line.

    `state_dir` keeps what is built (wheels in passing, bubblewrap's environments); `runtime` is the
    engine's runtime for untrusted containers. Raise SandboxError when the one preferred, or under
    "auto" neither, can be had: the message says what each is missing.
    """
    if preference == "bubblewrap":
        return _bubblewrap(state_dir, installation, progress), f"as set; {DEVELOPMENT_ONLY}"
    try:
        docker = _docker(runtime, state_dir, installation, progress)
    except SandboxError as error:
        if preference == "docker":
            raise
        return _fall_back(str(error), lambda: _bubblewrap(state_dir, installation, progress))
    return docker, "as set" if preference == "docker" else "a container engine answers"


def _docker(
    runtime: str | None, state_dir: Path, installation: str, progress: Progress
) -> DockerSandbox:
    images = ImageStore(Engine(), state_dir)
    sandbox = DockerSandbox(installation, runtime=runtime, images=images)
    sandbox.prepare(DEFAULT_IMAGE, progress)
    return sandbox


def _bubblewrap(state_dir: Path, installation: str, progress: Progress) -> BubblewrapSandbox:
    sandbox = BubblewrapSandbox(state_dir, installation)
    sandbox.prepare(DEFAULT_IMAGE, progress)
    return sandbox


def _fall_back(why_not_docker: str, make: Callable[[], Sandbox]) -> tuple[Sandbox, str]:
    try:
        return make(), f"no Docker ({why_not_docker}); {DEVELOPMENT_ONLY}"
    except SandboxError as error:
        message = f"no sandbox: Docker: {why_not_docker}; bubblewrap: {error}"
        raise SandboxError(message) from error
