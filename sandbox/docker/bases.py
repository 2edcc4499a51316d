"""Find something to build on: an image that is here, one that can be pulled, or a debootstrap."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import DockerException, ImageNotFound

from sandbox.docker.api import SLOW_CALL_TIMEOUT_S
from sandbox.docker.engine import Engine, engine_errors
from sandbox.recipes import IMAGES
from sandbox.types import Progress, SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable

PUBLIC_BASE = "python:3.11-slim-bookworm"
LOCAL_BASE = "baijing/base:local"
_PULL_TIMEOUT_S = 600
_PROGRESS_EVERY_S = 5.0


def find_image(engine: Engine, reference: str) -> str | None:
    """Return the id of a local image, or None."""
    with engine_errors("looking for an image"):
        try:
            return str(engine.client().images.get(reference).id)
        except ImageNotFound:
            return None


def base_digest(engine: Engine, reference: str) -> str:
    """Return what a base is, whatever its name means tomorrow: its digest, else its id."""
    with engine_errors("reading the base image"):
        image = engine.client().images.get(reference)
    pinned = sorted(str(entry) for entry in image.attrs.get("RepoDigests") or [])
    return pinned[0].rpartition("@")[2] if pinned else str(image.id)


def find_base(engine: Engine, wanted: str | None, state_dir: Path, progress: Progress) -> str:
    """Return the reference of a base image; raise SandboxError saying all that was tried.

    `wanted` alone is considered where given. Otherwise: the public Python image or our own base
    where either is here, else a pull, else debootstrap (root, with the tool installed).
    """
    candidates = (wanted,) if wanted else (PUBLIC_BASE, LOCAL_BASE)
    for reference in candidates:
        if find_image(engine, reference) is not None:
            return reference
    reasons: list[str] = []
    attempts: tuple[Callable[[], str], ...] = (
        lambda: _pull(engine, wanted or PUBLIC_BASE, progress),
        lambda: _debootstrap(engine, state_dir, progress),
    )
    for attempt in attempts[:1] if wanted else attempts:
        try:
            return attempt()
        except SandboxError as error:
            reasons.append(str(error))
    raise SandboxError("no base image: " + "; ".join(reasons))


def _pull(engine: Engine, reference: str, progress: Progress) -> str:
    progress(f"pulling {reference}")
    repository, _, tag = reference.rpartition(":")
    try:
        engine.client(_PULL_TIMEOUT_S).images.pull(repository, tag=tag)
    except (DockerException, OSError) as error:
        message = f"{reference} is not here and cannot be pulled"
        raise SandboxError(message) from error
    return reference


def _debootstrap(engine: Engine, state_dir: Path, progress: Progress) -> str:
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        message = "making one takes root and the package debootstrap"
        raise SandboxError(message)
    progress("no registry reachable: making a base with debootstrap (a minute or two)")
    archive = state_dir / "base.tar"
    try:
        _run_lines([str(IMAGES / "debootstrap.sh"), str(archive)], progress)
        progress("importing the base")
        repository, _, tag = LOCAL_BASE.rpartition(":")
        with engine_errors("importing the base image"):
            engine.client(SLOW_CALL_TIMEOUT_S).api.import_image_from_file(
                str(archive), repository=repository, tag=tag
            )
    finally:
        archive.unlink(missing_ok=True)
    return LOCAL_BASE


def _run_lines(command: list[str], progress: Progress) -> None:
    """Run a tool of ours, passing on a line now and then; raise SandboxError with the last one."""
    last = ""
    shown = -_PROGRESS_EVERY_S
    with subprocess.Popen(  # noqa: S603  our own script, no shell
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            last = line.strip() or last
            if time.monotonic() - shown >= _PROGRESS_EVERY_S:
                shown = time.monotonic()
                progress(last)
    if process.returncode:
        message = f"{Path(command[0]).name} failed: {last}"
        raise SandboxError(message)
