"""Choose the backend: Docker where an engine answers and the image can be had, else bubblewrap."""

import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from sandbox.bubblewrap import BubblewrapSandbox
from sandbox.docker import DockerSandbox, Engine, ImageStore
from sandbox.docker.engine import engine_errors
from sandbox.probe import require_limits
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
    warm: int = 0,
) -> tuple[Sandbox, str]:
    """Return a backend whose default image is ready and that holds, and the reason in one line.

    `state_dir` keeps what is built (wheels in passing, bubblewrap's environments); `runtime` is the
    engine's runtime for untrusted containers; `warm` is how many containers at most may wait for
    runs of one kind, kept up by whoever calls `tend`. That it holds is proven by `sandbox.probe`,
    once a day for each engine, runtime, image and kernel. Raise SandboxError when the one
    preferred, or under "auto" neither, can be had: the message says what each is missing.
    """
    if preference == "bubblewrap":
        return _bubblewrap(state_dir, installation, progress), f"as set; {DEVELOPMENT_ONLY}"
    try:
        images = ImageStore(Engine(), state_dir)
        docker = DockerSandbox(installation, runtime=runtime, images=images, warm=warm)
        _prepare(docker, images, runtime, progress)
    except SandboxError as error:
        if preference == "docker":
            raise
        return _fall_back(str(error), lambda: _bubblewrap(state_dir, installation, progress))
    return docker, "as set" if preference == "docker" else "a container engine answers"


def _prepare(
    sandbox: DockerSandbox, images: ImageStore, runtime: str | None, progress: Progress
) -> None:
    digest = sandbox.prepare(DEFAULT_IMAGE, progress)
    with engine_errors("reading its properties"):
        facts = images.engine.client().info()
    parts = [str(facts.get(name, "")) for name in ("ID", "ServerVersion", "CgroupVersion")]
    _require_limits(sandbox, images.state_dir, *parts, runtime or "default", digest)


def _bubblewrap(state_dir: Path, installation: str, progress: Progress) -> BubblewrapSandbox:
    sandbox = BubblewrapSandbox(state_dir, installation)
    digest = sandbox.prepare(DEFAULT_IMAGE, progress)
    _require_limits(sandbox, state_dir, str(os.geteuid()), digest)
    return sandbox


def _require_limits(sandbox: Sandbox, state_dir: Path, *about: str) -> None:
    identity = " ".join((sandbox.name, platform.node(), platform.release(), *about))
    require_limits(sandbox, DEFAULT_IMAGE, state_dir=state_dir, identity=identity)


def _fall_back(why_not_docker: str, make: Callable[[], Sandbox]) -> tuple[Sandbox, str]:
    try:
        return make(), f"no Docker ({why_not_docker}); {DEVELOPMENT_ONLY}"
    except SandboxError as error:
        message = f"no sandbox: Docker: {why_not_docker}; bubblewrap: {error}"
        raise SandboxError(message) from error
