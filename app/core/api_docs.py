"""The API describes itself: as OpenAPI for programs, as a page for people, from the same data."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from flask import (
    Blueprint,
    Response,
    current_app,  # noqa: TID251 — the routes are the application's own
    jsonify,
    make_response,
    render_template,
)
from flask_babel import gettext

from app.core.api import Operation, endpoint
from app.core.errors import AppError
from app.core.i18n import N_
from app.core.openapi import build_openapi
from app.core.web import API_PREFIX, Access, access, status_of

blueprint: Final = Blueprint("api", __name__, url_prefix=API_PREFIX, template_folder="templates")

_HOLE: Final = re.compile(r"%\(\w+\)s")


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One stable error code, with its status and its message; dots stand for what varies."""

    code: str
    status: int
    message: str


@blueprint.get("/openapi.json")
@endpoint(Operation(N_("This description as OpenAPI 3.1.")))
@access(Access.ANYONE)
def openapi() -> Response:
    """Return the OpenAPI document."""
    return jsonify(build_openapi(current_app))


@blueprint.get("/docs")
@endpoint(Operation(N_("This description as a page."), media_type="text/html"))
@access(Access.ANYONE)
def docs() -> Response:
    """Render the OpenAPI document for people."""
    page = render_template(
        "api/docs.html",
        document=build_openapi(current_app),
        type_text=type_text,
        errors=list_error_codes(),
        phrase=lambda status: HTTPStatus(int(status)).phrase,
    )
    return make_response(page)


def type_text(schema: Mapping[object, object]) -> str:
    """Write the type of a JSON Schema in a few words: `string | null`, `array of Score`."""
    match schema:
        case {"$ref": str(reference)}:
            text = reference.rpartition("/")[2]
        case {"anyOf": list(choices)}:
            text = " | ".join(type_text(choice) for choice in choices)
        case {"enum": list(values)}:
            text = " | ".join(map(str, values))
        case {"type": "array", "items": {**items}}:
            text = f"array of {type_text(items)}"
        case {"type": "object", "additionalProperties": {**entries}}:
            text = f"object of {type_text(entries)}"
        case _:
            text = str(schema.get("type") or schema.get("const", "any"))
    return text


def list_error_codes() -> list[ErrorCode]:
    """Return every stable error code with its status, by status and code."""
    found: dict[str, ErrorCode] = {}
    for kind in _subclasses(AppError):
        if kind.code not in found and kind is not AppError:
            # made without its constructor: only the class matters for the status
            status = status_of(kind.__new__(kind))
            text = _HOLE.sub("…", gettext(kind.message))
            found[kind.code] = ErrorCode(kind.code, status, text)
    return sorted(found.values(), key=lambda one: (one.status, one.code))


def _subclasses(kind: type[AppError]) -> Iterator[type[AppError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _subclasses(child)
