"""Uploads of a page: a cookie says who sends."""

from flask import Blueprint, Response, url_for

from app.accounts.identity import get_actor
from app.core.uploads import accepts_files
from app.core.web import Access, access
from app.uploads import protocol

blueprint = Blueprint("uploads", __name__)


@blueprint.post("/problems/<slug>/uploads")
@access(Access.MEMBER)
def create(slug: str) -> Response:
    """Begin an upload for a problem."""
    upload, response = protocol.begin(get_actor(), slug)
    response.headers["Location"] = url_for(".show", key=upload.key)
    return response


@blueprint.route("/uploads/<key>", methods=["HEAD"])
@access(Access.MEMBER)
def show(key: str) -> Response:
    """Say how far an upload is."""
    return protocol.look(get_actor(), key)


@blueprint.patch("/uploads/<key>")
@access(Access.MEMBER)
@accepts_files
def append(key: str) -> Response:
    """Take the next piece in."""
    return protocol.append(get_actor(), key)


@blueprint.delete("/uploads/<key>")
@access(Access.MEMBER)
def cancel(key: str) -> Response:
    """Give an upload up."""
    return protocol.cancel(get_actor(), key)
