"""Where organisers bring competitions of other platforms, and judges look on."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, cast

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from app.accounts.identity import get_actor
from app.bundles import policy
from app.bundles.forms import BundleForm
from app.bundles.operations import MAX_UPLOAD_BYTES, UPLOAD_LIMITS, drafted, receive_bundle
from app.core.current import platform
from app.core.errors import AppError
from app.core.uploads import accepts_files
from app.core.web import Access, access
from app.problems.jobs import send_publication
from app.ui.error_pages import error_text
from app.ui.i18n import as_shown, current_locale
from problems.bundles.notes import BundleError, Note
from sandbox.archive import ArchiveError
from trial.archive_messages import ArchiveMessage

blueprint = Blueprint("bundles_staff", __name__, template_folder="templates", url_prefix="/staff")


@blueprint.get("/bundles")
@access(Access.STAFF)
def index() -> ResponseReturnValue:
    """Show the upload of a bundle."""
    return _page(BundleForm())


@blueprint.post("/bundles")
@access(Access.ORGANISER)
@accepts_files
def upload() -> ResponseReturnValue:
    """Take a bundle, or only say what would be made of it."""
    form = BundleForm()
    if not form.validate_on_submit():
        return _page(form), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with _stored(form.bundle.data) as archive:
            if form.only_looks.data:
                with drafted(platform(), archive, form.as_wish(), UPLOAD_LIMITS) as (bundle, made):
                    return _page(form, bundle.notes, planned=[draft.slug for draft in made])
            notes, publications = receive_bundle(
                platform(), archive, form.as_wish(), uploader=get_actor(), send=send_publication
            )
        return _page(form, notes, publications=publications)
    except BundleError as error:
        return _page(form, error.notes, is_refused=True), HTTPStatus.UNPROCESSABLE_ENTITY
    except ArchiveError as error:
        form.bundle.errors = [as_shown(ArchiveMessage(error).render(current_locale()))]
    except AppError as error:
        form.bundle.errors = [error_text(error)]
    return _page(form), HTTPStatus.UNPROCESSABLE_ENTITY


@contextmanager
def _stored(upload: FileStorage) -> Iterator[Path]:
    """Give the upload as a file that is gone afterwards; its size is counted while it arrives."""
    port = platform()
    blob = port.blobs.put(cast("BinaryIO", upload.stream), max_bytes=MAX_UPLOAD_BYTES)
    with TemporaryDirectory(dir=port.cache, prefix="upload-") as scratch:
        archive = Path(scratch) / "bundle.zip"
        port.blobs.fetch(blob.digest, archive)
        yield archive


def _page(
    form: BundleForm,
    notes: Sequence[Note] = (),
    *,
    planned: Sequence[str] = (),
    publications: Mapping[str, int] | None = None,
    is_refused: bool = False,
) -> str:
    return render_template(
        "bundles/staff_import.html",
        form=form,
        notes=[(note.level.value, as_shown(note.render(current_locale()))) for note in notes],
        planned=planned,
        publications=publications or {},
        is_refused=is_refused,
        can_import=policy.can_import_bundle(get_actor()),
    )
