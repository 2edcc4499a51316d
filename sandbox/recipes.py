"""Image recipes: folders of data under `images/`, identified by the hash of what is in them."""

import hashlib
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from sandbox.types import SandboxError

IMAGES = Path(__file__).parent / "images"
VENV = "/opt/venv"
EXTRA_PACKAGES = "/opt/baijing"
"""Where `scoring` lies inside: on the interpreter's path, apart from the locked packages."""

IMAGE_PATH = f"{VENV}/bin:/usr/local/bin:/usr/bin:/bin"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_SKIPPED = frozenset({"__pycache__"})


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image: its name and its folder (Dockerfile, scoring.Dockerfile, requirements.txt)."""

    name: str
    directory: Path

    @property
    def requirements(self) -> Path:
        """Return the hash-locked list of packages."""
        return self.directory / "requirements.txt"

    def libraries_digest(self) -> str:
        """Return the identity of everything but `scoring`: a change means new packages."""
        return _digest(self.directory, "")

    def digest(self) -> str:
        """Return the identity of the whole recipe, `scoring` included."""
        return _digest(self.directory, self.libraries_digest(), scoring_source())


def find_recipe(name: str) -> Recipe:
    """Return the recipe called `name`; raise SandboxError naming those there are."""
    directory = IMAGES / name
    if _NAME.fullmatch(name) is None or not (directory / "Dockerfile").is_file():
        known = sorted(path.parent.name for path in IMAGES.glob("*/Dockerfile"))
        message = f"there is no image {name!r}; there are: {', '.join(known)}"
        raise SandboxError(message)
    return Recipe(name, directory)


def scoring_source() -> Path | None:
    """Return the folder of the installed `scoring` package, which images carry for scorers."""
    spec = importlib.util.find_spec("scoring")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent


def source_files(directory: Path) -> tuple[Path, ...]:
    """Return the plain files below `directory`, sorted, without compiled leftovers."""
    return tuple(
        path
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not _SKIPPED.intersection(path.relative_to(directory).parts)
    )


def _digest(directory: Path, seed: str, *more: Path | None) -> str:
    digest = hashlib.sha256(seed.encode())
    for root in (directory, *(path for path in more if path is not None)):
        for path in source_files(root):
            digest.update(f"{path.relative_to(root)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
