"""A team's `requirements.txt` against what an image has: nothing is ever installed for a run.

Every line is answered: satisfied, or a problem with its number. Pure: the image's manifest in,
findings out. The syntax is the dependency specifiers' of packaging.python.org (PEP 508).
"""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from types import MappingProxyType
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from sandbox.manifest import Manifest, Package, marker_environment

FILE: Final = "requirements.txt"
LONGEST_BYTES: Final = 64 << 10
MOST_FINDINGS: Final = 20
_LONGEST_SHOWN: Final = 200

STANDS_IN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "opencv-python": "opencv-python-headless",
        "opencv-contrib-python": "opencv-python-headless",
        "xgboost": "xgboost-cpu",
        "tensorflow-cpu": "tensorflow",
        "psycopg2": "psycopg2-binary",
    }
)
"""Packages that another one is the same as without a screen or a graphics card."""

_OTHER_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"pil": "pillow", "opencv": "opencv-python-headless", "ortools-python": "ortools"}
)
"""Names people write that are neither the package's nor its import's."""

_LOCATION: Final = re.compile(
    r"(?:[a-z+]+://|git@|\.{0,2}/|.+\.(?:whl|zip|tar\.gz)$)", re.IGNORECASE
)
# a match starts where its white space starts: else a line of spaces takes the square of its length
_COMMENT: Final = re.compile(r"(?:^|(?<!\s)\s+)#.*$")
_HASH: Final = re.compile(r"(?<!\s)\s+--hash[= ]\S+")


class FindingCode(StrEnum):
    """Why a line is not satisfied; stable, so that the edge can translate it."""

    UNREADABLE = "unreadable"  # no requirement by the rules of the syntax
    OPTION = "option"  # -r, -e, --index-url …
    LOCATION = "location"  # a URL or a path
    UNAVAILABLE = "unavailable"
    MISNAMED = "misnamed"  # an import name; `package` is what is meant and there
    LACKS_EXTRA = "lacks_extra"  # `package` is "name[extra]": what the extra needs is not there
    OTHER_VERSION = "other_version"  # it is there in version `version`
    NOT_TEXT = "not_text"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line that the image cannot answer. Empty fields do not apply."""

    code: FindingCode
    line: int
    text: str
    package: str = ""
    version: str = ""


def check_requirements(
    content: bytes, manifest: Manifest, own: AbstractSet[str] = frozenset()
) -> tuple[Finding, ...]:
    """Return what an image cannot give of a requirements file: at most 20, by line.

    `own` are the modules at the root of the submission: a package that a team brings itself is
    there, in whatever version it is.
    """
    if len(content) > LONGEST_BYTES:
        return (Finding(FindingCode.TOO_LONG, 1, ""),)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return (Finding(FindingCode.NOT_TEXT, content.count(b"\n", 0, error.start) + 1, ""),)
    brought = frozenset(canonicalize_name(name) for name in own)
    found = (check_line(number, line, manifest, brought) for number, line in logical_lines(text))
    return tuple(islice((finding for finding in found if finding is not None), MOST_FINDINGS))


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield what the lines say, with the number each starts at: joined, without comments."""
    start, pending = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        start = start or number
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            pending += line[:-1] + " "
            continue
        said = _HASH.sub("", _COMMENT.sub("", pending + line)).strip()
        if said:
            yield start, said
        start, pending = 0, ""
    if pending.strip():
        yield start, pending.strip()


def check_line(number: int, line: str, manifest: Manifest, own: AbstractSet[str]) -> Finding | None:
    """Return what is wrong with one requirement, or None when the image satisfies it."""
    wanted = _read(line)
    shown = line[:_LONGEST_SHOWN]
    if isinstance(wanted, FindingCode):
        return Finding(wanted, number, shown)
    try:
        if canonicalize_name(wanted.name) in own or not _applies(wanted, manifest):
            return None
    except (ValueError, RecursionError):  # a marker that compares what nobody can compare
        return Finding(FindingCode.UNREADABLE, number, shown)
    package = _find(wanted, manifest)
    if package is None:
        return _unavailable(number, shown, wanted, manifest)
    return _compare(number, shown, wanted, package)


def _compare(number: int, shown: str, wanted: Requirement, package: Package) -> Finding | None:
    if not wanted.specifier.contains(package.version, prereleases=True):
        return Finding(FindingCode.OTHER_VERSION, number, shown, package.name, package.version)
    lacking = {canonicalize_name(extra) for extra in wanted.extras} - set(package.extras)
    if lacking:
        return Finding(FindingCode.LACKS_EXTRA, number, shown, f"{package.name}[{min(lacking)}]")
    return None


def _read(line: str) -> Requirement | FindingCode:
    """Return a line as a requirement, or why it is none that could be satisfied."""
    if line.startswith("-"):
        return FindingCode.OPTION
    if _LOCATION.match(line):
        return FindingCode.LOCATION
    try:
        wanted = Requirement(line)
    except (InvalidRequirement, RecursionError):
        return FindingCode.UNREADABLE
    return wanted if wanted.url is None else FindingCode.LOCATION


def _applies(wanted: Requirement, manifest: Manifest) -> bool:
    """Tell whether the line is meant for every Python the image may have."""
    return wanted.marker is None or all(
        wanted.marker.evaluate(marker_environment(python)) for python in manifest.pythons
    )


def _find(wanted: Requirement, manifest: Manifest) -> Package | None:
    name = canonicalize_name(wanted.name)
    found = manifest.by_name.get(name)
    if found is None and name in STANDS_IN:
        found = manifest.by_name.get(STANDS_IN[name])
    return found


def _unavailable(number: int, shown: str, wanted: Requirement, manifest: Manifest) -> Finding:
    name = canonicalize_name(wanted.name)
    meant = manifest.by_import.get(wanted.name) or manifest.by_name.get(_OTHER_NAMES.get(name, ""))
    if meant is None:
        lowered = {module.lower(): package for module, package in manifest.by_import.items()}
        meant = lowered.get(wanted.name.lower().replace("-", "_"))
    if meant is not None:
        return Finding(FindingCode.MISNAMED, number, shown, meant.name, meant.version)
    return Finding(FindingCode.UNAVAILABLE, number, shown, name)
