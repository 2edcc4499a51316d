"""The site's HTTP API: one place that sends the token, and reads no more than it expects."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from http.client import HTTPException
from typing import IO, Any, Final, Protocol, Self, cast
from urllib.parse import quote, urlencode

from baijing import VERSION
from baijing.account import Account
from baijing.errors import (
    ClientError,
    DeniedError,
    Issue,
    LimitedError,
    MissingError,
    RefusedError,
    UnreachableError,
)
from baijing.shapes import Shape, check

LARGEST_ANSWER: Final = 32 << 20
"""Bytes of JSON; the longest log piece and the largest page of a list are far below."""
TIMEOUT_S: Final = 60
TRIES: Final = 4
LONGEST_PAUSE_S: Final = 30.0
LANGUAGES: Final = {"zh": "zh-Hans", "en": "en"}
SENTENCE: Final = "%(detail)s"

Json = dict[str, Any]


class Readable(Protocol):
    """What a request sends: read piece by piece."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes; none at the end."""
        ...


class Reply(Readable, Protocol):
    """An open answer."""

    status: int
    headers: Message
    """Names in any case."""

    def __enter__(self) -> Self:
        """Return itself."""
        ...

    def __exit__(self, *_error: object) -> None:
        """Close the connection."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """A site as one person's token sees it."""

    account: Account
    language: str
    sleep: Callable[[float], None] = time.sleep

    def read(self, path: str, shape: Shape, query: Mapping[str, object] | None = None) -> Json:
        """Return the JSON of a GET, which is of that shape; asked again where the site was busy.

        Raises:
            ClientError: what the site answered instead.
        """
        given = urlencode({key: value for key, value in (query or {}).items() if value})
        for attempt in range(1, TRIES + 1):
            try:
                with self.open(path + (f"?{given}" if given else "")) as answer:
                    return _parse(answer.read(LARGEST_ANSWER + 1), answer.status, shape)
            except (UnreachableError, LimitedError) as error:
                if attempt == TRIES or error.code == "quota":
                    raise
                self.sleep(min(2.0**attempt, LONGEST_PAUSE_S))
        raise AssertionError

    def send(self, path: str, body: Readable, headers: Mapping[str, str], shape: Shape) -> Json:
        """Return the JSON of a POST, of that shape; the caller makes it safe to repeat.

        Raises:
            ClientError: what the site answered instead.
        """
        with self.open(path, headers, body) as answer:
            return _parse(answer.read(LARGEST_ANSWER + 1), answer.status, shape)

    def date_of(self, shape: Shape) -> str:
        """Return what time the site says it is, with a list of one problem.

        Raises:
            ClientError: what the site answered instead.
        """
        with self.open("/problems?per_page=1") as answer:
            _parse(answer.read(LARGEST_ANSWER + 1), answer.status, shape)
            return answer.headers.get("Date", "")

    def open(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Readable | None = None,
        method: str | None = None,
    ) -> "Reply":
        """Return the open answer of the API.

        Raises:
            ClientError: the status is not 2xx, or there is no answer.
        """
        request = urllib.request.Request(  # noqa: S310 — check_address let http(s) through alone
            f"{self.account.address}/api/v1{path}",
            data=cast("IO[bytes] | None", body),
            headers=dict(headers or {}),
            method=method,
        )
        # not copied to where a proxy or redirect might lead
        request.add_unredirected_header("Authorization", f"Bearer {self.account.token}")
        request.add_header("Accept-Language", LANGUAGES[self.language])
        request.add_header("User-Agent", f"baijing/{VERSION}")
        try:
            return cast("Reply", self._opener().open(request, timeout=TIMEOUT_S))
        except urllib.error.HTTPError as error:
            with error:
                raise _failure(error) from None
        except (OSError, HTTPException) as error:
            raise self.unreachable(error) from error

    def _opener(self) -> urllib.request.OpenerDirector:
        """Return what opens addresses: it follows no redirect, which would carry the token off."""
        opener = urllib.request.OpenerDirector()
        # plain http goes to this machine alone, and no proxy may see the token on the way
        is_near = self.account.address.startswith("http:")
        for handler in (
            urllib.request.ProxyHandler({} if is_near else None),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
        ):
            opener.add_handler(handler)
        return opener

    def unreachable(self, error: Exception) -> UnreachableError:
        """Return a lost connection as the person reads it."""
        reason = getattr(error, "reason", None) or error
        text = "%(address)s does not answer (%(reason)s)."
        return UnreachableError(text, {"address": self.account.address, "reason": reason})


def join(*parts: str) -> str:
    """Return a path of the API whose parts come from outside."""
    return "".join(f"/{quote(part, safe='/')}" for part in parts)


def _parse(text: bytes, status: int, shape: Shape) -> Json:
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = None
    if len(text) > LARGEST_ANSWER or not isinstance(parsed, dict):
        message = "The answer of the site makes no sense (status %(status)s)."
        raise UnreachableError(message, {"status": status})
    check(parsed, shape)
    return parsed


def _failure(error: urllib.error.HTTPError) -> ClientError:
    status, kind = error.code, _kind(error.code)
    if "Location" in error.headers:
        message = "The site sends the request elsewhere; give the address it names: %(address)s"
        return kind(message, {"address": error.headers["Location"]})
    try:
        told = _parse(error.read(LARGEST_ANSWER), status, dict)
    except UnreachableError:
        message = "The answer of the site makes no sense (status %(status)s)."
        return kind(message, {"status": status})
    issues = [
        Issue(str(one.get("loc", "")), _line(one.get("line")), str(one.get("message", "")))
        for one in _list(told.get("errors"))
        if isinstance(one, dict)
    ]
    detail = told.get("detail") or told.get("title") or status
    return kind(SENTENCE, {"detail": detail}, code=str(told.get("code", "")), issues=issues)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _line(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _kind(status: int) -> type[ClientError]:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return DeniedError
    if status == HTTPStatus.NOT_FOUND:
        return MissingError
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return LimitedError
    is_ours = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return RefusedError if is_ours else UnreachableError
