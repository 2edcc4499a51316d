"""Uploads of programs: a token says who sends."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, url_for

from app.accounts.identity import get_actor
from app.core.api import Operation, endpoint
from app.core.i18n import N_
from app.core.uploads import accepts_files
from app.core.web import API_PREFIX, Access, access
from app.uploads import protocol

blueprint = Blueprint("uploads_api", __name__, url_prefix=API_PREFIX)

_VERSION: Final = {"Tus-Resumable": N_("1.0.0, the version of the protocol (tus.io).")}
_OFFSET: Final[Mapping[str, str]] = {"Upload-Offset": N_("How many bytes have arrived.")}
_KEY: Final = "/uploads/<key>"


@blueprint.post("/problems/<slug>/uploads", provide_automatic_options=False)
@endpoint(
    Operation(
        summary=N_("Begin a resumable upload (tus creation)"),
        status=HTTPStatus.CREATED,
        headers={
            **_VERSION,
            "Upload-Length": N_("Bytes of the whole file."),
            "Upload-Metadata": N_("`kind` (predictions, code) and `filename`, each in Base64."),
        },
        sends={
            "Location": N_("Where to send the pieces."),
            "Upload-Expires": N_("When the upload is given up; each piece moves it on."),
        },
        errors=(
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.FORBIDDEN,
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        ),
    )
)
@access(Access.MEMBER)
def create(slug: str) -> Response:
    """Begin an upload for a problem."""
    upload, response = protocol.begin(get_actor(), slug)
    response.headers["Location"] = url_for(".show", key=upload.key)
    return response


@blueprint.route("/problems/<slug>/uploads", methods=["OPTIONS"])
@endpoint(Operation(summary=N_("Say what resumable uploads can do"), status=HTTPStatus.NO_CONTENT))
@access(Access.ANYONE)
def options(slug: str) -> Response:
    """Describe the server; the same for every problem."""
    del slug
    return protocol.describe_server()


@blueprint.route(_KEY, methods=["HEAD"])
@endpoint(Operation(summary=N_("Say how far an upload is"), headers=_VERSION, sends=_OFFSET))
@access(Access.MEMBER)
def show(key: str) -> Response:
    """Say how far an upload is."""
    return protocol.look(get_actor(), key)


@blueprint.patch(_KEY)
@endpoint(
    Operation(
        summary=N_("Send the next piece of an upload"),
        status=HTTPStatus.NO_CONTENT,
        headers={
            **_VERSION,
            "Upload-Offset": N_("Where the piece begins: where the file ends so far."),
            "Upload-Checksum": N_("`sha256` or `sha1` and the digest of the piece in Base64."),
        },
        sends=_OFFSET,
        errors=(
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        ),
    )
)
@access(Access.MEMBER)
@accepts_files
def append(key: str) -> Response:
    """Take the next piece in."""
    return protocol.append(get_actor(), key)


@blueprint.delete(_KEY)
@endpoint(
    Operation(summary=N_("Give an upload up"), status=HTTPStatus.NO_CONTENT, headers=_VERSION)
)
@access(Access.MEMBER)
def cancel(key: str) -> Response:
    """Give an upload up."""
    return protocol.cancel(get_actor(), key)
