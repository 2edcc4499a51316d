import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.core.errors import (
    FieldIssue,
    ForbiddenError,
    LimitedError,
    TooLargeError,
    UnauthenticatedError,
    UnprocessableError,
)
from app.core.web import Access, access
from app.ui.limits import limiter
from scoring import Message


class RefusedError(UnprocessableError):
    code = "refused"
    message = "The content was refused."


ISSUE = FieldIssue("file", Message("not_integer", {"column": "n", "value": "x"}), line=7)


@pytest.fixture
def raising(app: Flask) -> FlaskClient:
    errors = {
        "forbidden": ForbiddenError(),
        "large": TooLargeError(limit="10 MiB"),
        "limited": LimitedError(retry_after=90),
        "refused": RefusedError(details=[ISSUE]),
        "who": UnauthenticatedError(),
    }

    @access(Access.ANYONE)
    def fail(kind: str) -> str:
        raise errors[kind]

    @access(Access.ANYONE)
    def bug() -> str:
        message = "a bug"
        raise RuntimeError(message)

    @access(Access.ANYONE)
    @limiter.limit("1 per minute")
    def limited() -> str:
        return "ok"

    app.add_url_rule("/fail/<kind>", view_func=fail, methods=["GET", "POST"])
    app.add_url_rule("/api/v1/fail/<kind>", endpoint="api_fail", view_func=fail)
    app.add_url_rule("/api/v1/bug", view_func=bug)
    app.add_url_rule("/api/v1/limited", view_func=limited)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app.test_client()


@pytest.mark.parametrize(
    ("path", "status", "code", "detail"),
    [
        ("/api/v1/fail/forbidden", 403, "forbidden", "You are not allowed to do this."),
        ("/api/v1/fail/large", 413, "too_large", "The file is larger than the 10 MiB allowed."),
        ("/api/v1/fail/who", 401, "unauthenticated", "Please sign in first."),
        (
            "/api/v1/none",
            404,
            "not_found",
            "There is nothing here, or you may not see it.",
        ),
        ("/api/v1/bug", 500, "error", "We have noted the error. Please try again later."),
    ],
)
def test_programs_get_problem_documents(
    raising: FlaskClient, path: str, status: int, code: str, detail: str
) -> None:
    answer = raising.get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    body = answer.get_json()
    assert (body["status"], body["code"], body["detail"]) == (status, code, detail)
    assert body["title"]
    assert body["type"].endswith(f"#error-{code}")
    assert "errors" not in body


def test_details_name_the_line_in_the_reader_s_language(raising: FlaskClient) -> None:
    body = raising.get("/api/v1/fail/refused", headers={"Accept-Language": "zh-CN"}).get_json()
    assert body["errors"] == [{"loc": "file", "line": 7, "message": "n 取值“x”不是整数"}]
    assert body["detail"] == "内容未通过检查。"
    page = raising.get("/fail/refused", headers={"Accept-Language": "en"})
    assert page.status_code == 422
    assert "n is “x”" in page.text


def test_limits_say_when_to_come_back(raising: FlaskClient) -> None:
    assert raising.get("/api/v1/fail/limited").headers["Retry-After"] == "90"
    assert raising.get("/api/v1/limited").text == "ok"
    second = raising.get("/api/v1/limited")
    assert (second.status_code, second.get_json()["code"]) == (429, "rate_limit")
    assert 1 <= int(second.headers["Retry-After"]) <= 61


def test_a_wrong_token_is_told_how(raising: FlaskClient) -> None:
    answer = raising.get("/api/v1/fail/who")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_visitor_is_sent_to_sign_in_and_back(raising: FlaskClient) -> None:
    answer = raising.get("/fail/who?x=1")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=/fail/who?x%3D1"


def test_people_get_a_page_in_their_language(raising: FlaskClient) -> None:
    page = raising.get("/nowhere", headers={"Accept-Language": "zh-CN"})
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "页面不存在，或您无权查看。" in page.text
    assert '<html lang="zh-Hans"' in page.text


def test_a_form_from_elsewhere_is_refused(raising: FlaskClient) -> None:
    answer = raising.post("/fail/forbidden", headers={"Accept-Language": "en"})
    assert answer.status_code == 400
    assert "was not sent from this site" in answer.text


def test_every_answer_carries_the_security_headers(raising: FlaskClient) -> None:
    for path in ("/healthz", "/nowhere", "/api/v1/none"):
        headers = raising.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"


def test_the_theme_is_remembered_without_a_script(raising: FlaskClient) -> None:
    page = raising.get("/nowhere?theme=dark")
    assert 'data-theme="dark"' in page.text
    assert "theme=dark" in page.headers["Set-Cookie"]
    assert "Set-Cookie" not in raising.get("/nowhere?theme=blue").headers
