"""Every failure becomes one of two things: a problem document (RFC 9457) or a page."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from flask import Flask, Response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_limiter.errors import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from app.core.api import PROBLEM_MEDIA_TYPE, ProblemIssue, ProblemOutput
from app.core.errors import AppError, LimitedError, UnauthenticatedError
from app.core.i18n import N_
from app.core.web import API_PREFIX, status_of
from app.ui.i18n import as_shown, current_locale
from app.ui.limits import seconds_to_wait
from app.ui.words import STATUS_TITLES

_CODES: Final = {
    400: "invalid",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    429: "rate_limit",
}
_DETAILS: Final = {
    404: N_("There is nothing here, or you may not see it."),
    405: N_("This address does not take such a request."),
    413: N_("The request is larger than the platform accepts."),
    429: N_("Too many requests. Please wait a moment."),
    500: N_("We have noted the error. Please try again later."),
}
_STALE_FORM: Final = N_("The form is too old or was not sent from this site. Please send it again.")


def register_error_pages(app: Flask) -> None:
    """Answer expected errors, HTTP errors and surprises."""
    app.register_error_handler(AppError, _expected)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(RateLimitExceeded, _limited)
    app.register_error_handler(HTTPException, _http)


def wants_json() -> bool:
    """Whether the caller is a program: the API, or a page's own live status."""
    if request.path.startswith(f"{API_PREFIX}/") or request.path.endswith(".json"):
        return True
    accepted = request.accept_mimetypes
    return accepted.quality("application/json") > accepted.quality("text/html")


def error_text(error: AppError) -> str:
    """Return an expected error's message in the language of the request."""
    return str(gettext(error.message, **error.params))


def field_issues(error: AppError) -> list[ProblemIssue]:
    """Return an error's details in the language of the request."""
    locale = current_locale()
    return [
        ProblemIssue(loc=issue.loc, line=issue.line, message=as_shown(issue.message.render(locale)))
        for issue in error.details
    ]


def _expected(error: AppError) -> BaseResponse:
    status = status_of(error)
    if isinstance(error, UnauthenticatedError) and not wants_json():
        here = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("accounts.sign_in", next=here), HTTPStatus.SEE_OTHER)
    response = _answer(status, error.code, error_text(error), field_issues(error))
    if isinstance(error, LimitedError):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _stale_form(error: CSRFError) -> Response:
    del error
    return _answer(HTTPStatus.BAD_REQUEST, "stale_form", gettext(_STALE_FORM))


def _limited(error: RateLimitExceeded) -> BaseResponse:
    del error
    return _expected(LimitedError(retry_after=seconds_to_wait()))


def _http(error: HTTPException) -> BaseResponse:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if status < HTTPStatus.BAD_REQUEST:  # a redirect raised as an exception
        return BaseResponse.force_type(error.get_response(), request.environ)
    detail = gettext(_DETAILS[status]) if status in _DETAILS else _title(status)
    response = _answer(status, _CODES.get(status, "error"), detail)
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _answer(
    status: int,
    code: str,
    detail: str,
    issues: Sequence[ProblemIssue] = (),
) -> Response:
    if not wants_json():
        return _page(status, detail, issues)
    document = ProblemOutput(
        type=f"{API_PREFIX}/docs#error-{code}",
        title=_title(status),
        status=status,
        detail=detail,
        code=code,
        errors=list(issues) or None,
    )
    body = document.model_dump_json(exclude_none=True) + "\n"
    response = Response(body, status, mimetype=PROBLEM_MEDIA_TYPE)
    response.headers["Content-Language"] = current_locale()
    response.vary.update(("Authorization", "Accept-Language"))
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="baijing"'
    return response


def _page(status: int, detail: str, issues: Sequence[ProblemIssue]) -> Response:
    page = render_template(
        "ui/error.html", status=status, title=_title(status), detail=detail, issues=issues
    )
    return Response(page, status, mimetype="text/html")


def _title(status: int) -> str:
    """Return the short name of a status; one we have no words for takes those of its family."""
    family = 400 if status < HTTPStatus.INTERNAL_SERVER_ERROR else 500
    return str(gettext(STATUS_TITLES.get(status, STATUS_TITLES[family])))
