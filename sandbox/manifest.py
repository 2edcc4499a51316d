"""What is in an image: its packages with versions, licences and import names, as a document.

The document (`packages.json` of a recipe) is written from the locked wheels' own metadata, so the
site can show it without an engine; a build copies it into the image, with the base's own versions.
"""

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from email.message import Message
from email.parser import HeaderParser
from functools import cached_property
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sandbox.recipes import PYTHONS, Recipe, find_recipe, recipe_names
from sandbox.types import SandboxError

_LONGEST_LICENCE = 60
"""Some packages put the whole text where its name belongs."""

_MODULE = re.compile(r"([A-Za-z_]\w*)(?:\.cpython-[\w-]+|\.abi3)?\.(?:py|so)")
_CLASSIFIER = "License :: "


@dataclass(frozen=True, slots=True)
class Package:
    """One Python package of an image.

    `imports` are the names a program imports; `extras` those whose requirements are there too.
    """

    name: str
    version: str
    licence: str
    summary: str
    imports: tuple[str, ...]
    extras: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SystemPart:
    """What an image has beside Python packages; the versions are the base's."""

    name: str
    licence: str
    note: str


SYSTEM = (
    SystemPart("Python", "PSF-2.0", " / ".join(PYTHONS)),
    SystemPart("bash", "GPL-3.0-or-later", "run.sh"),
    SystemPart("libgomp", "GPL-3.0-or-later WITH GCC-exception-3.1", "OpenMP"),
    SystemPart("Noto Sans SC", "OFL-1.1", "NotoSansSC-Regular.ttf"),
)


@dataclass(frozen=True)
class Manifest:
    """Everything a participant can count on in one image."""

    image: str
    packages: tuple[Package, ...]
    system: tuple[SystemPart, ...] = SYSTEM
    pythons: tuple[str, ...] = PYTHONS

    @cached_property
    def by_name(self) -> Mapping[str, Package]:
        """Return the packages by their canonical names."""
        return {canonicalize_name(package.name): package for package in self.packages}

    @cached_property
    def by_import(self) -> Mapping[str, Package]:
        """Return the packages by the names they are imported by."""
        return {name: package for package in self.packages for name in package.imports}

    def to_json(self) -> str:
        """Return the document: the same text for the same content."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"


def read_manifest(recipe: Recipe) -> Manifest:
    """Return what an image of this recipe has; raise SandboxError when its document is no good."""
    try:
        document = json.loads(recipe.packages.read_text(encoding="utf-8"))
        packages = tuple(_package(entry) for entry in document["packages"])
        system = tuple(SystemPart(**entry) for entry in document["system"])
        return Manifest(document["image"], packages, system, tuple(document["pythons"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"image {recipe.name} has no list of its packages: {error}"
        raise SandboxError(message) from error


def find_manifest(name: str) -> Manifest | None:
    """Return what the image `name` has, or None where that is not known (an image by digest)."""
    if name not in recipe_names():
        return None
    try:
        return read_manifest(find_recipe(name))
    except SandboxError:  # a recipe without a list of its packages
        return None


def _package(entry: Mapping[str, object]) -> Package:
    return Package(
        name=str(entry["name"]),
        version=str(entry["version"]),
        licence=str(entry["licence"]),
        summary=str(entry["summary"]),
        imports=_texts(entry["imports"]),
        extras=_texts(entry["extras"]),
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(text) for text in value) if isinstance(value, list) else ()


def marker_environment(python: str, extra: str = "") -> dict[str, str]:
    """Return what environment markers are judged by inside an image with Python `python`."""
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "sys_platform": "linux",
        "python_version": python,
        "python_full_version": f"{python}.9",
        "extra": extra,
    }


def describe_wheels(image: str, wheels: Path) -> Manifest:
    """Return the manifest of an image that has these wheels and nothing else."""
    found = [_read_wheel(path) for path in sorted(wheels.glob("*.whl"))]
    versions: dict[str, str] = {
        canonicalize_name(str(one["Name"])): str(one["Version"]) for one, _ in found
    }
    packages = [_describe(metadata, names, versions) for metadata, names in found]
    return Manifest(image, tuple(sorted(packages, key=lambda package: package.name)))


def _read_wheel(wheel: Path) -> tuple[Message, list[str]]:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        found = next(name for name in names if name.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(archive.read(found).decode("utf-8")), names


def _describe(metadata: Message, names: list[str], versions: Mapping[str, str]) -> Package:
    extras = sorted(map(canonicalize_name, metadata.get_all("Provides-Extra", [])))
    needs = [Requirement(str(line)) for line in metadata.get_all("Requires-Dist", [])]
    own = canonicalize_name(str(metadata["Name"]))
    return Package(
        name=own,
        version=str(metadata["Version"]),
        licence=_licence(metadata),
        summary=str(metadata.get("Summary", "")),
        imports=tuple(sorted(set(_imports(names)))),
        extras=tuple(extra for extra in extras if _is_complete(own, extra, needs, versions)),
    )


def _is_complete(own: str, extra: str, needs: list[Requirement], there: Mapping[str, str]) -> bool:
    """Tell whether everything that an extra brings along is there, under every Python."""
    wanted = [
        need
        for python in PYTHONS
        for need in needs
        if need.marker is not None and need.marker.evaluate(marker_environment(python, extra))
    ]
    # an extra may be made of others of the same package
    others = {other for need in wanted if need.name == own for other in need.extras}
    return all(
        canonicalize_name(need.name) in there
        and need.specifier.contains(there[canonicalize_name(need.name)], prereleases=True)
        for need in wanted
    ) and all(_is_complete(own, other, needs, there) for other in others - {extra})


def _licence(metadata: Message) -> str:
    expression = str(metadata.get("License-Expression") or metadata.get("License") or "").strip()
    if expression and len(expression) <= _LONGEST_LICENCE and "\n" not in expression:
        return expression
    classifiers = [str(line) for line in metadata.get_all("Classifier", [])]
    named = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith(_CLASSIFIER)]
    return ", ".join(named) or expression.partition("\n")[0][:_LONGEST_LICENCE]


def _imports(names: list[str]) -> Iterator[str]:
    """Yield top-level modules and packages; private ones and data folders are nobody's import."""
    for name in names:
        parts = PurePosixPath(name).parts
        if parts[0].endswith((".dist-info", ".data", ".libs")) or parts[0].startswith("_"):
            continue
        if len(parts) == 1:
            module = _MODULE.fullmatch(parts[0])
            if module is not None:
                yield module[1]
        elif parts[0].isidentifier() and parts[-1].endswith((".py", ".so")):
            yield parts[0]
