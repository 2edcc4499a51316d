"""What the web process checks of an upload before it is accepted: no transaction, no charge."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.compute.images import find_manifest
from app.core.blobs import BlobStore
from app.core.errors import FieldIssue
from app.problems.archive_messages import ArchiveMessage
from app.problems.models import Revision
from app.submissions.errors import KindNotAcceptedError, RefusedUploadError
from app.submissions.models import Kind
from app.submissions.requirement_messages import RequirementMessage
from problems.bundles.layout import unpacks_answer
from problems.spec import ProblemSpec
from sandbox import requirements
from sandbox.archive import ArchiveError, unpack_zip
from sandbox.entrypoint import find_command
from scoring import InvalidSubmission, Keys, validate_answer

FIELD: Final = "file"


def check_upload(
    blobs: BlobStore, revision: Revision, kind: Kind, blob: str, *, keys_blob: str | None
) -> None:
    """Read an upload as far as the web process can without the truth.

    `keys_blob` names the keys an answer must hold (`find_keys_blob`), where they are known.

    Raises:
        KindNotAcceptedError: the problem does not take this kind.
        RefusedUploadError: with up to 20 messages, line-numbered where there are lines.
    """
    spec = ProblemSpec.model_validate(revision.spec)
    if kind.value not in spec.submission.kinds:
        raise KindNotAcceptedError(kind=kind)
    with tempfile.TemporaryDirectory(prefix="baijing-upload-") as folder:
        file = Path(folder) / spec.submission.file
        blobs.fetch(blob, file)
        if kind is Kind.CODE:
            _check_code(file, Path(folder) / "code", spec)
        elif spec.bundle is not None and unpacks_answer(spec.bundle.format):
            _unpack(file, Path(folder) / "answer")
        else:
            _check_answer(blobs, spec, keys_blob, file)


def _check_code(archive: Path, destination: Path, spec: ProblemSpec) -> None:
    _unpack(archive, destination, strip_top=spec.bundle is None)
    if spec.bundle is None:  # else the bundle's own program starts it, however it is called
        with _refusing():
            find_command(destination)
    _check_requirements(destination, spec.resources.image)


def _unpack(archive: Path, destination: Path, *, strip_top: bool = False) -> None:
    destination.mkdir()
    with _refusing():
        unpack_zip(archive, destination, strip_top=strip_top)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except ArchiveError as error:
        raise RefusedUploadError(details=[FieldIssue(FIELD, ArchiveMessage(error))]) from error


def _check_requirements(code: Path, image: str) -> None:
    """Answer a requirements.txt before anything runs; an image of unknown content answers none."""
    wanted, manifest = code / requirements.FILE, find_manifest(image)
    if manifest is None or not wanted.is_file():
        return
    with wanted.open("rb") as file:
        content = file.read(requirements.LONGEST_BYTES + 1)
    own = {path.stem if path.is_file() else path.name for path in code.iterdir()}
    details = [
        FieldIssue(FIELD, RequirementMessage(finding, image), finding.line)
        for finding in requirements.check_requirements(content, manifest, own)
    ]
    if details:
        raise RefusedUploadError(details=details)


def _check_answer(blobs: BlobStore, spec: ProblemSpec, keys_blob: str | None, file: Path) -> None:
    if spec.submission.table is None:
        return  # what only a scorer can judge is found later
    keys = None
    if keys_blob is not None:
        stored = file.with_name("keys")
        blobs.fetch(keys_blob, stored)
        keys = Keys.read(stored)
    try:
        validate_answer(file, spec.submission.table, keys, spec.table_formats, spec.table_encodings)
    except InvalidSubmission as error:
        details = [FieldIssue(FIELD, message, message.line) for message in error.messages]
        raise RefusedUploadError(details=details) from error
