"""Requests no form of ours sends are refused before a view reads them."""

from typing import Final

from flask import Flask, Request, request
from werkzeug.sansio.utils import host_is_trusted

from app.core.current import settings
from app.core.errors import InvalidError, NotFoundError
from app.core.uploads import takes_files
from app.core.web import API_PREFIX, LARGEST_ID

_FORM_BYTES: Final = 2 << 20
_NUL: Final = "\0"
_LOCAL: Final = ("127.0.0.1", "localhost")  # health checks on the machine itself


def register_guards(app: Flask) -> None:
    """Bound every request; to be called before anything that reads forms."""

    @app.before_request
    def _guard() -> None:
        view = app.view_functions.get(request.endpoint or "")
        if view is None or not takes_files(view):
            # read from the route's declaration, so that a form cannot be used to fill the disk
            request.max_content_length = _FORM_BYTES
        check_host(request, settings().trusted_hosts)
        check_numbers(request)
        check_texts(request)


def check_host(asked: Request, names: str) -> None:
    """Refuse a forged Host header, from which links would be built, where `names` are known.

    Raises:
        InvalidError: the request is for another host.
    """
    trusted = [name.strip() for name in names.split(",") if name.strip()]
    if trusted and not host_is_trusted(asked.host, [*trusted, *_LOCAL]):
        raise InvalidError


def check_numbers(asked: Request) -> None:
    """Refuse the number of a row that no table can hold.

    Raises:
        NotFoundError: there cannot be such a row.
    """
    if any(isinstance(one, int) and one > LARGEST_ID for one in (asked.view_args or {}).values()):
        raise NotFoundError


def check_texts(asked: Request) -> None:
    """Refuse NUL, which PostgreSQL does not store, in the address and in a browser's form.

    The API's own forms are checked where they are parsed: their files may be large.

    Raises:
        InvalidError: there is one.
    """
    texts = [asked.path, *asked.args.values()]
    if not asked.path.startswith(f"{API_PREFIX}/"):
        texts += asked.form.values()
    if any(_NUL in text for text in texts):
        raise InvalidError
