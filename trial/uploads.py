"""What can be said of an upload before anything runs: the site's checks, and a team's at home."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from problems.bundles.layout import unpacks_answer
from problems.spec import Kind, ProblemSpec
from sandbox import requirements
from sandbox.archive import ArchiveError, ArchiveLimits, unpack_zip
from sandbox.entrypoint import find_command
from sandbox.manifest import Manifest
from scoring import InvalidSubmission, Keys, validate_answer
from trial.archive_messages import ArchiveMessage
from trial.requirement_messages import RequirementMessage


class Sentence(Protocol):
    """A text in two languages."""

    def render(self, locale: str, /) -> str:
        """Return the sentence in `zh-Hans` or `en`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an upload; `line` counts from 1, where there are lines."""

    sentence: Sentence
    line: int | None = None


class UploadError(Exception):
    """An upload is refused, with up to 20 faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(fault.sentence.render("en") for fault in faults))
        self.faults = tuple(faults)


def most_bytes(spec: ProblemSpec, kind: str) -> int:
    """Return how large an upload of a kind (`code`, `predictions`) may be.

    A pack's `max_bytes` is for the answer file; an archive of code may carry a model, so it has the
    archive's own bound.
    """
    return ArchiveLimits().archive_bytes if kind == Kind.CODE else spec.submission.max_bytes


def check_code(archive: Path, code: Path, spec: ProblemSpec, manifest: Manifest | None) -> None:
    """Unpack an archive of code into the new folder `code` and look it over.

    `manifest` is what its image has; None where nobody knows. Raises `UploadError`.
    """
    unpack(archive, code, strip_top=spec.bundle is None)
    if spec.bundle is None:  # else the bundle's own program starts it, however it is called
        with _refusing():
            find_command(code)
    _check_requirements(code, spec.resources.image, manifest)


def check_predictions(file: Path, spec: ProblemSpec, keys: Keys | None) -> None:
    """Look over an answer that was made elsewhere.

    `keys` are those it must hold, where they are known. Raises `UploadError`.
    """
    if spec.bundle is not None and unpacks_answer(spec.bundle.format):
        with tempfile.TemporaryDirectory(prefix="answer-") as folder:
            unpack(file, Path(folder) / "answer")
    elif spec.submission.table is not None:  # what only a scorer can judge is found later
        try:
            validate_answer(
                file, spec.submission.table, keys, spec.table_formats, spec.table_encodings
            )
        except InvalidSubmission as error:
            raise UploadError([Fault(one, one.line) for one in error.messages]) from error


def unpack(archive: Path, destination: Path, *, strip_top: bool = False) -> None:
    """Unpack into a new folder. Raises `UploadError`."""
    destination.mkdir()
    with _refusing():
        unpack_zip(archive, destination, strip_top=strip_top)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except ArchiveError as error:
        raise UploadError([Fault(ArchiveMessage(error))]) from error


def _check_requirements(code: Path, image: str, manifest: Manifest | None) -> None:
    """Answer a requirements.txt before anything runs; an image of unknown content answers none."""
    wanted = code / requirements.FILE
    if manifest is None or not wanted.is_file():
        return
    with wanted.open("rb") as file:
        content = file.read(requirements.LONGEST_BYTES + 1)
    own = {path.stem if path.is_file() else path.name for path in code.iterdir()}
    faults = [
        Fault(RequirementMessage(finding, image), finding.line)
        for finding in requirements.check_requirements(content, manifest, own)
    ]
    if faults:
        raise UploadError(faults)
