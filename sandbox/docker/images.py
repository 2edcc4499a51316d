"""Images by the content of their recipe: the tag is the hash, so a changed recipe is rebuilt."""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from sandbox.docker.bases import find_base, find_image
from sandbox.docker.engine import SLOW_CALL_TIMEOUT_S, Engine, engine_errors
from sandbox.locks import file_lock
from sandbox.recipes import Recipe, find_recipe, scoring_source, source_files
from sandbox.trees import walk_tree, write_tar
from sandbox.types import Progress, SandboxError
from sandbox.wheels import download_wheels

_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}


class ImageStore:
    """The images of this engine. `state_dir` holds wheels while they are needed, and the lock."""

    def __init__(self, engine: Engine, state_dir: Path, *, base_image: str | None = None) -> None:
        self.engine = engine
        self._state_dir = state_dir
        self._base_image = base_image
        self._found: dict[str, str] = {}

    def find(self, name: str) -> str:
        """Return the id of an image that is ready; raise SandboxError when it is not built."""
        if name not in self._found:
            found = find_image(self.engine, _tag(find_recipe(name)))
            if found is None:
                message = f"image {name} is not built: python -m sandbox image build {name}"
                raise SandboxError(message)
            self._found[name] = found
        return self._found[name]

    def ensure(self, name: str, progress: Progress) -> str:
        """Return the id of an image, building it first where needed; raise SandboxError."""
        recipe = find_recipe(name)
        if find_image(self.engine, _tag(recipe)) is None:
            self._state_dir.mkdir(parents=True, exist_ok=True)
            with file_lock(self._state_dir / f"{name}.lock"):
                if find_image(self.engine, _tag(recipe)) is None:
                    self._build(recipe, progress)
        self._found.pop(name, None)
        return self.find(name)

    def _build(self, recipe: Recipe, progress: Progress) -> None:
        libraries = f"baijing/{recipe.name}:libs-{recipe.libraries_digest()[:16]}"
        if find_image(self.engine, libraries) is None:
            self._build_libraries(recipe, libraries, progress)
        progress(f"image {recipe.name}: adding the scoring package")
        with tempfile.TemporaryDirectory(dir=self._state_dir) as name:
            context = Path(name)
            shutil.copy(recipe.directory / "scoring.Dockerfile", context / "Dockerfile")
            copy_scoring(context / "scoring")
            self._build_context(context, _tag(recipe), libraries, progress)

    def _build_libraries(self, recipe: Recipe, tag: str, progress: Progress) -> None:
        base = find_base(self.engine, self._base_image, self._state_dir, progress)
        python = self._python_version(base)
        progress(f"image {recipe.name}: base {base}, Python {python}; downloading packages")
        with tempfile.TemporaryDirectory(dir=self._state_dir) as name:
            context = Path(name)
            for file in ("Dockerfile", "requirements.txt"):
                shutil.copy(recipe.directory / file, context)
            download_wheels(recipe.requirements, context / "wheels", python, self._architecture())
            progress(f"image {recipe.name}: installing packages")
            self._build_context(context, tag, base, progress)

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

    def _build_context(self, context: Path, tag: str, base: str, progress: Progress) -> None:
        """Build with no network; raise SandboxError with the builder's own error."""
        with tempfile.TemporaryFile(dir=self._state_dir) as spool:
            write_tar(context, walk_tree(context), spool)
            spool.seek(0)
            with engine_errors(f"building {tag}"):
                lines = self.engine.client(SLOW_CALL_TIMEOUT_S).api.build(
                    fileobj=spool,
                    custom_context=True,
                    tag=tag,
                    buildargs={"BASE_IMAGE": base},
                    network_mode="none",
                    rm=True,
                    forcerm=True,
                    decode=True,
                )
                _follow_build(cast("Iterable[Mapping[str, object]]", lines), tag, progress)


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
    for path in source_files(source) if source is not None else ():
        target = destination / path.relative_to(cast("Path", source))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def _tag(recipe: Recipe) -> str:
    return f"baijing/{recipe.name}:{recipe.digest()[:16]}"
