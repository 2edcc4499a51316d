"""What of a sandbox this machine has: for a team's `baijing doctor`. Looks, and builds nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox import SandboxError
from sandbox.bubblewrap.environments import environment_directory
from sandbox.bubblewrap.tools import find_tools
from sandbox.docker import Engine, ImageStore
from sandbox.docker.engine import engine_errors
from sandbox.recipes import find_recipe, is_by_digest

LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Fact:
    """Whether something is there, and in a few words of English what, or why not."""

    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """A machine's sandboxes; `recipe` is the identity of the image as built here, if it is ours."""

    docker: Fact
    docker_image: Fact
    bubblewrap: Fact
    bubblewrap_image: Fact
    recipe: str


def inspect(image: str, state: Path) -> Inspection:
    """Look for both backends, and for an image in each."""
    engine = Engine()
    try:
        own = is_by_digest(image)
        return Inspection(
            docker=_fact(lambda: _version(engine)),
            docker_image=_fact(lambda: ImageStore(engine, state).find(image)),
            bubblewrap=_fact(lambda: str(find_tools().bwrap)),
            bubblewrap_image=_fact(lambda: _environment(image, state)),
            recipe="" if own else find_recipe(image).digest(),
        )
    finally:
        engine.close()


def _fact(look: Callable[[], str]) -> Fact:
    try:
        return Fact(ok=True, detail=look())
    except SandboxError as error:
        return Fact(ok=False, detail=str(error)[:LONGEST])


def _version(engine: Engine) -> str:
    with engine_errors("asking for its version"):
        return str(engine.client().version().get("Version", ""))


def _environment(image: str, state: Path) -> str:
    directory = environment_directory(find_recipe(image), state.resolve())
    if not directory.is_dir():
        message = f"{directory.name} is not built yet"
        raise SandboxError(message)
    return directory.name
