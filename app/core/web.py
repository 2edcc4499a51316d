"""HTTP: access declarations, and the one table from errors to status codes."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, ParamSpec, TypeVar

from app.core.errors import (
    AppError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    LimitedError,
    NotFoundError,
    TooLargeError,
    UnauthenticatedError,
    UnprocessableError,
)

P = ParamSpec("P")
R = TypeVar("R")

API_PREFIX: Final = "/api/v1"

LARGEST_ID: Final = (1 << 31) - 1
"""Of a row, on every database."""

STATUS: Final[Mapping[type[AppError], int]] = {
    InvalidError: 400,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    TooLargeError: 413,
    UnprocessableError: 422,
    LimitedError: 429,
    AppError: 500,
}


class Access(StrEnum):
    """Who may call a route at all; what they may see there is for the feature's policy."""

    ANYONE = "anyone"
    MEMBER = "member"
    """Signed in, or with a valid token."""
    STAFF = "staff"
    """Judges, organisers and administrators."""
    ORGANISER = "organiser"
    """Organisers and administrators."""
    ADMIN = "admin"


def access(rule: Access) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare who may call a view. A test refuses any route without a declaration.

    Put it directly above the function, below the route.
    """

    def declare(view: Callable[P, R]) -> Callable[P, R]:
        vars(view)["access"] = rule
        return view

    return declare


def without_csrf(view: Callable[P, R]) -> Callable[P, R]:
    """Declare that a view may be posted to without a form of ours: its address is the proof.

    Put it above `access`.
    """
    vars(view)["without_csrf"] = True
    return view


def read_id(text: str | None) -> int | None:
    """Return the number of a row that a query names; None for what cannot be one."""
    number = int(text) if text and text.isascii() and text.isdecimal() and len(text) < 11 else 0  # noqa: PLR2004 — digits of the largest
    return number if 0 < number <= LARGEST_ID else None


def status_of(error: AppError) -> int:
    """Return the HTTP status of an error."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
