"""Image recipes: folders of data under `images/`, identified by the hash of what is in them."""

import hashlib
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from sandbox.stacks import REGISTER, REGISTER_FILE
from sandbox.types import SandboxError

IMAGES = Path(__file__).parent / "images"
COMMON = IMAGES / "common"
"""What every recipe's build context has beside its own files."""

VENV = "/opt/venv"
EXTRA_PACKAGES = "/opt/baijing"
"""Where `scoring` lies inside: on the interpreter's path, apart from the locked packages."""

MANIFEST = f"{EXTRA_PACKAGES}/manifest.json"
"""Where an image says what is in it."""

IMAGE_PATH = f"{VENV}/bin:/usr/local/bin:/usr/bin:/bin"
PYTHONS = ("3.11", "3.12")
"""The Pythons a base image may have; locks and manifests hold for both."""

_REGISTER_LAYER = f"""
RUN site="$(python -c 'import site; print(site.getsitepackages()[0])')" \\
 && echo '{REGISTER.strip()}' > "$site/{REGISTER_FILE}" \\
 && touch -d @315532800 "$site/{REGISTER_FILE}" "$site"
"""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_BY_DIGEST = re.compile(r"[a-z0-9][a-z0-9._/:-]{0,254}@sha256:[0-9a-f]{64}")
_SKIPPED = frozenset({"__pycache__"})
_OUTSIDE = frozenset({"preload.txt", "requirements.in"})
"""Files of a recipe that nothing in the image depends on."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image: its name and its folder.

    Dockerfile, scoring.Dockerfile, requirements.txt (the lock), packages.json (what the lock
    installs, see `sandbox.manifest`) and preload.txt (what a warm container imports).
    """

    name: str
    directory: Path

    @property
    def requirements(self) -> Path:
        """Return the hash-locked list of packages."""
        return self.directory / "requirements.txt"

    @property
    def packages(self) -> Path:
        """Return what the lock installs, as a document."""
        return self.directory / "packages.json"

    @property
    def preloaded(self) -> tuple[str, ...]:
        """Return the modules that a container waiting for its run imports."""
        file = self.directory / "preload.txt"
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))

    def libraries_digest(self) -> str:
        """Return the identity of everything but `scoring`: a change means new packages."""
        return _digest("", self.directory, COMMON)

    def scoring_layer(self) -> str:
        """Return the Dockerfile of the layer with what is ours: small, so rebuilt in seconds."""
        return (self.directory / "scoring.Dockerfile").read_text("utf-8") + _REGISTER_LAYER

    def digest(self) -> str:
        """Return the identity of the whole recipe, `scoring` included."""
        return _digest(self.libraries_digest() + REGISTER, scoring_source())


def find_recipe(name: str) -> Recipe:
    """Return the recipe called `name`; raise SandboxError naming those there are."""
    directory = IMAGES / name
    if _NAME.fullmatch(name) is None or not (directory / "Dockerfile").is_file():
        message = f"there is no image {name!r}; there are: {', '.join(recipe_names())}"
        raise SandboxError(message)
    return Recipe(name, directory)


def recipe_names() -> tuple[str, ...]:
    """Return the names of all recipes, sorted."""
    return tuple(sorted(path.parent.name for path in IMAGES.glob("*/Dockerfile")))


def is_by_digest(name: str) -> bool:
    """Tell whether an image is named by its content, `NAME@sha256:…`: a problem's own."""
    return _BY_DIGEST.fullmatch(name) is not None


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


def _digest(seed: str, *directories: Path | None) -> str:
    digest = hashlib.sha256(seed.encode())
    for root in (path for path in directories if path is not None):
        for path in source_files(root):
            if path.name in _OUTSIDE:
                continue
            digest.update(f"{path.relative_to(root)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
