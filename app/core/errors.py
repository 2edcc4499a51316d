"""The ways a request can be refused. Features subclass these; only `web` knows HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from app.core.i18n import N_


class Localised(Protocol):
    """A message that can say itself in a language."""

    def render(self, locale: str) -> str:
        """Return the text in `zh-Hans` or `en`."""


@dataclass(frozen=True, slots=True)
class FieldIssue:
    """What is wrong with one part of a request."""

    loc: str
    message: Localised
    line: int | None = None


class AppError(Exception):
    """Base of every expected failure.

    `message` is a translatable template, `params` fills it; the edge translates. `details` names
    the fields or lines that are wrong, where there are any.
    """

    code: ClassVar[str] = "error"
    message: ClassVar[str] = N_("Something went wrong.")

    def __init__(self, *, details: Sequence[FieldIssue] = (), **params: object) -> None:
        self.params = params
        self.details = tuple(details)
        super().__init__(self.message % params if params else self.message)


class NotFoundError(AppError):
    """The thing does not exist, or the actor may not know that it does."""

    code = "not_found"
    message = N_("There is nothing here, or you may not see it.")


class UnauthenticatedError(AppError):
    """Nobody is signed in, or the token is wrong."""

    code = "unauthenticated"
    message = N_("Please sign in first.")


class ForbiddenError(AppError):
    """The actor is known and may not do this."""

    code = "forbidden"
    message = N_("You are not allowed to do this.")


class ConflictError(AppError):
    """The request was fine, the state of the world is not: stale page, double click."""

    code = "conflict"
    message = N_("This is not possible in the present state.")


class InvalidError(AppError):
    """The request itself is wrong."""

    code = "invalid"
    message = N_("Some of the input is wrong.")


class UnprocessableError(AppError):
    """The request is well formed; what it carries was read and refused."""

    code = "unprocessable"
    message = N_("The content was refused.")


class TooLargeError(AppError):
    """The body is larger than allowed."""

    code = "too_large"
    message = N_("The file is larger than the %(limit)s allowed.")


class LimitedError(AppError):
    """Too much of a good thing; `retry_after` seconds say when to come back."""

    code = "rate_limit"
    message = N_("Too many requests. Please wait a moment.")

    def __init__(self, *, retry_after: int, **params: object) -> None:
        self.retry_after = retry_after
        super().__init__(details=(), **params)
