"""What an organiser wishes of an import, and what became of it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.bundles.errors import ProblemExistsError
from app.core.platform import Platform
from app.problems.queries import find_problem
from problems.bundles.notes import Note
from problems.bundles.writing import Choices
from problems.report import Finding


@dataclass(frozen=True, slots=True)
class Wish:
    """What an organiser chooses about an import."""

    choices: Choices = field(default_factory=Choices)
    contest: str | None = None
    is_update: bool = False
    """Whether problems that are there get a new revision; their settings stay."""
    is_tried: bool = True
    """Whether the samples that came along are scored, and leaks looked for, before publishing."""


@dataclass(frozen=True, slots=True)
class Made:
    """One problem that was made of a bundle; `findings` are of its sample and of leaks."""

    slug: str
    revision: int
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a bundle."""

    format: str
    problems: tuple[Made, ...]
    notes: tuple[Note, ...]


def require_free(platform: Platform, slugs: Sequence[str], wish: Wish) -> None:
    """Raise `ProblemExistsError` where a name is taken and no update was wished."""
    with platform.database.reading() as session:
        for slug in slugs:
            if not wish.is_update and find_problem(session, slug) is not None:
                raise ProblemExistsError(slug=slug)


def digest_of(archive: Path) -> str:
    """Return the SHA-256 of a file."""
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
