"""What can go wrong, with the exit status that scripts see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses of every command."""

    OK = 0
    FAILED = 1
    """The command did its work and the outcome is bad: a failed submission, a finding."""
    USAGE = 2
    DENIED = 3
    """Not logged in, or not allowed."""
    MISSING = 4
    """There is no such problem, file or submission."""
    REFUSED = 5
    """The site refused what was handed in, or its state does not allow it."""
    LIMITED = 6
    """The daily quota or the rate limit."""
    UNREACHABLE = 7
    """No answer, or an answer that makes no sense."""
    LOCAL = 8
    """A file or folder on this machine."""
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Issue:
    """One wrong line or field of what was handed in."""

    loc: str
    line: int | None
    message: str


class ClientError(Exception):
    """A failure told to the person in one line; `text` is a key of `baijing.texts`."""

    exit = Exit.FAILED

    def __init__(
        self,
        text: str,
        params: Mapping[str, object] | None = None,
        *,
        code: str = "",
        issues: Sequence[Issue] = (),
    ) -> None:
        """Keep the template apart from its values, so that it can be said in any language."""
        super().__init__(text)
        self.text, self.params, self.code = text, dict(params or {}), code
        self.issues = tuple(issues)


class UsageError(ClientError):
    """An option or address that cannot be meant."""

    exit = Exit.USAGE


class DeniedError(ClientError):
    """401 and 403."""

    exit = Exit.DENIED


class MissingError(ClientError):
    """404."""

    exit = Exit.MISSING


class RefusedError(ClientError):
    """400, 409, 413, 422."""

    exit = Exit.REFUSED


class LimitedError(ClientError):
    """429."""

    exit = Exit.LIMITED


class UnreachableError(ClientError):
    """No connection, 5xx, or something else than our API."""

    exit = Exit.UNREACHABLE


class LocalError(ClientError):
    """A file on this machine cannot be read, written or trusted."""

    exit = Exit.LOCAL
