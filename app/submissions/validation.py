"""What the web process checks of an upload before it is accepted: no transaction, no charge."""

import tempfile
from pathlib import Path
from typing import Final

from app.compute.images import find_manifest
from app.core.blobs import BlobStore
from app.core.errors import FieldIssue
from app.problems.models import Revision
from app.submissions.errors import KindNotAcceptedError, RefusedUploadError
from app.submissions.models import Kind
from problems.spec import ProblemSpec
from scoring import Keys
from trial.uploads import UploadError, check_code, check_predictions

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
        try:
            if kind is Kind.CODE:
                manifest = find_manifest(spec.resources.image)
                check_code(file, Path(folder) / "code", spec, manifest)
            else:
                check_predictions(file, spec, _read_keys(blobs, spec, keys_blob, Path(folder)))
        except UploadError as error:
            details = [FieldIssue(FIELD, fault.sentence, fault.line) for fault in error.faults]
            raise RefusedUploadError(details=details) from error


def _read_keys(
    blobs: BlobStore, spec: ProblemSpec, keys_blob: str | None, folder: Path
) -> Keys | None:
    if keys_blob is None or spec.submission.table is None:
        return None
    stored = folder / "keys"
    blobs.fetch(keys_blob, stored)
    return Keys.read(stored)
