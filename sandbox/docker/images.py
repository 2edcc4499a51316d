"""Images by the content of their recipe: the tag is the hash, so a changed recipe is rebuilt."""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from docker.errors import DockerException

from sandbox.docker.api import SLOW_CALL_TIMEOUT_S
from sandbox.docker.bases import base_digest, find_base, find_image
from sandbox.docker.engine import Engine, engine_errors
from sandbox.locks import file_lock
from sandbox.recipes import (
    COMMON,
    Recipe,
    find_recipe,
    is_by_digest,
    scoring_source,
    source_files,
)
from sandbox.trees import walk_tree, write_tar
from sandbox.types import ImageMissingError, Progress, SandboxError
from sandbox.wheels import download_wheels

TITLE = "org.opencontainers.image.title"
VERSION = "org.opencontainers.image.version"
BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"
RECIPE = "org.baijing.image.recipe"
PYTHON = "org.baijing.image.python"
STAGE = "org.baijing.image.stage"
"""What a build leaves of its first stage; `sandbox.docker.retention` removes it later."""

POLICY = "org.baijing.image.policy"

_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}


class ImageStore:
    """The images of this engine. `state_dir` holds wheels while they are needed, and the lock.

    `base_image` and `wheels` (a folder) are for building without a registry and without an index.
    """

    def __init__(
        self,
        engine: Engine,
        state_dir: Path,
        *,
        base_image: str | None = None,
        wheels: Path | None = None,
    ) -> None:
        self.engine = engine
        self._state_dir = state_dir
        self._base_image = base_image
        self._wheels = wheels
        self._found: dict[str, str] = {}

    @property
    def state_dir(self) -> Path:
        """Return the folder of what is kept between runs."""
        return self._state_dir

    def find(self, name: str) -> str:
        """Return the id of an image that is ready; raise ImageMissingError when it is not here."""
        if name not in self._found:
            found = self._find_own(name) if is_by_digest(name) else self._find_built(name)
            if found is None:
                message = f"image {name} is not here: flask image build {name}"
                raise ImageMissingError(message)
            self._found[name] = found
        return self._found[name]

    def ensure(self, name: str, progress: Progress) -> str:
        """Return the id of an image, building or pulling it first where needed.

        Raise SandboxError when there is no such recipe, or the build or the pull fails.
        """
        if is_by_digest(name):
            if self._find_own(name) is None:
                self._pull_own(name, progress)
        elif self._find_built(name) is None:
            recipe = find_recipe(name)
            self._state_dir.mkdir(parents=True, exist_ok=True)
            with file_lock(self._state_dir / f"{name}.lock"):
                if self._find_built(name) is None:
                    self._build(recipe, progress)
        self._found.pop(name, None)
        return self.find(name)

    def rebuild(self, name: str, progress: Progress) -> str:
        """Build an image from its beginning although it is there; return its id.

        The same recipe on the same base gives the same content. Raise SandboxError.
        """
        recipe = find_recipe(name)
        self._state_dir.mkdir(parents=True, exist_ok=True)
        with file_lock(self._state_dir / f"{name}.lock"):
            self._build_libraries(recipe, libraries_tag(recipe), progress, fresh=True)
            self._build_scoring(recipe, progress, fresh=True)
        self._found.pop(name, None)
        return self.find(name)

    def _find_built(self, name: str) -> str | None:
        return find_image(self.engine, image_tag(find_recipe(name)))

    def _find_own(self, name: str) -> str | None:
        """Find a problem's own image by the digest of its registry, else by its id here.

        Both are hashes of the content. An image that was loaded from a file and never saw a
        registry has only the id.
        """
        digest = name.rpartition("@")[2]
        found = find_image(self.engine, name) or find_image(self.engine, digest)
        if found is not None:
            self._refuse_volumes(name, found)
        return found

    def _refuse_volumes(self, name: str, image_id: str) -> None:
        with engine_errors("looking at an image"):
            config = self.engine.client().images.get(image_id).attrs["Config"]
        if config.get("Volumes"):
            places = ", ".join(sorted(config["Volumes"]))
            message = f"image {name} declares volumes ({places}): disk that no limit covers"
            raise SandboxError(message)

    def _pull_own(self, name: str, progress: Progress) -> None:
        repository, _, digest = name.rpartition("@")
        progress(f"pulling {name}")
        try:
            self.engine.client(SLOW_CALL_TIMEOUT_S).images.pull(repository, tag=digest)
        except (DockerException, OSError) as error:
            message = f"image {name} is not here and cannot be pulled: {error}"
            raise SandboxError(message) from error

    def _build(self, recipe: Recipe, progress: Progress) -> None:
        libraries = libraries_tag(recipe)
        if find_image(self.engine, libraries) is None:
            self._build_libraries(recipe, libraries, progress, fresh=False)
        self._build_scoring(recipe, progress, fresh=False)

    def _build_scoring(self, recipe: Recipe, progress: Progress, *, fresh: bool) -> None:
        progress(f"image {recipe.name}: adding the scoring package")
        with tempfile.TemporaryDirectory(dir=self._state_dir) as name:
            context = Path(name)
            (context / "Dockerfile").write_text(recipe.scoring_layer(), encoding="utf-8")
            _copy_files(COMMON, context)
            copy_scoring(context / "scoring")
            labels = {VERSION: recipe.digest()[:16], RECIPE: recipe.digest()}
            wanted = _Wanted(image_tag(recipe), libraries_tag(recipe), labels, fresh=fresh)
            self._build_context(context, wanted, progress)

    def _build_libraries(
        self, recipe: Recipe, tag: str, progress: Progress, *, fresh: bool
    ) -> None:
        base = find_base(self.engine, self._base_image, self._state_dir, progress)
        python = self._python_version(base)
        progress(f"image {recipe.name}: base {base}, Python {python}; gathering packages")
        with tempfile.TemporaryDirectory(dir=self._state_dir) as name:
            context = Path(name)
            _copy_files(recipe.directory, context)
            _copy_files(COMMON, context)
            download_wheels(
                recipe.requirements,
                context / "wheels",
                python,
                self._architecture(),
                source=self._wheels,
            )
            progress(f"image {recipe.name}: installing packages")
            labels = {
                TITLE: f"baijing/{recipe.name}",
                VERSION: recipe.libraries_digest()[:16],
                BASE_NAME: base,
                BASE_DIGEST: base_digest(self.engine, base),
                PYTHON: python,
                POLICY: "reproducible",
            }
            self._build_context(context, _Wanted(tag, base, labels, fresh=fresh), progress)

    def _python_version(self, base: str) -> str:
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        with engine_errors(f"asking {base} for its Python"):
            output: bytes = self.engine.client().containers.run(
                base, ["python3", "-c", code], network_disabled=True, remove=True
            )
        return output.decode().strip()

    def _architecture(self) -> str:
        with engine_errors("asking for its architecture"):
            found = str(self.engine.client().version()["Arch"])
        return _ARCHITECTURES.get(found, found)

    def _build_context(self, context: Path, wanted: "_Wanted", progress: Progress) -> None:
        """Build with no network; raise SandboxError with the builder's own error."""
        with tempfile.TemporaryFile(dir=self._state_dir) as spool:
            write_tar(context, walk_tree(context), spool)
            spool.seek(0)
            with engine_errors(f"building {wanted.tag}"):
                lines = self.engine.client(SLOW_CALL_TIMEOUT_S).api.build(
                    fileobj=spool,
                    custom_context=True,
                    tag=wanted.tag,
                    buildargs={"BASE_IMAGE": wanted.base},
                    labels=dict(wanted.labels),
                    nocache=wanted.fresh,
                    network_mode="none",
                    rm=True,
                    forcerm=True,
                    decode=True,
                )
                found = cast("Iterable[Mapping[str, object]]", lines)
                _follow_build(found, wanted.tag, progress)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One image to build: its tag, what it is built on, its labels, whether no step is reused."""

    tag: str
    base: str
    labels: Mapping[str, str]
    fresh: bool


def _follow_build(lines: Iterable[Mapping[str, object]], tag: str, progress: Progress) -> None:
    for line in lines:
        if "error" in line:
            message = f"building {tag} failed: {str(line['error']).strip()}"
            raise SandboxError(message)
        text = str(line.get("stream", "")).strip()
        if text.startswith("Step "):
            progress(text.splitlines()[0][:160])


def copy_scoring(destination: Path) -> None:
    """Copy the scoring package's sources; an installation without it gets an empty folder."""
    destination.mkdir()
    source = scoring_source()
    if source is not None:
        _copy_files(source, destination)


def _copy_files(source: Path, destination: Path) -> None:
    for path in source_files(source):
        target = destination / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def image_tag(recipe: Recipe) -> str:
    """Return the tag of the image a recipe makes: it changes with the recipe."""
    return f"baijing/{recipe.name}:{recipe.digest()[:16]}"


def libraries_tag(recipe: Recipe) -> str:
    """Return the tag of the same image without `scoring`."""
    return f"baijing/{recipe.name}:libs-{recipe.libraries_digest()[:16]}"
