"""Handing in what a page has sent in pieces; the page itself asks, so the answer is JSON."""

from http import HTTPStatus

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.identity import get_actor
from app.core.api import parse_model
from app.core.current import platform
from app.core.web import Access, access
from app.evaluations.api_models import HandInForm
from app.evaluations.arrivals import hand_in_upload

blueprint = Blueprint("arrivals", __name__)


@blueprint.post("/uploads/<key>/submission")
@access(Access.MEMBER)
def create(key: str) -> ResponseReturnValue:
    """Accept a complete upload as a submission, and say where its page is."""
    form = parse_model(HandInForm, request.form, "form")
    submission_id = hand_in_upload(platform(), get_actor(), key, board=form.board, note=form.note)
    location = url_for("submissions.show", submission_id=submission_id)
    return {"location": location}, HTTPStatus.CREATED
