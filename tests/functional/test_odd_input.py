"""What no person types: refused or ignored, on either engine, and never an error of ours."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import operations as accounts
from app.accounts.models import User
from app.core.db import Database
from tests.factories import make_problem, make_user
from tests.fakes.ports import FrozenClock

pytestmark = [pytest.mark.functional, pytest.mark.slow]
NUMBER = "9223372036854775808"  # one more than a database holds


@pytest.fixture
def user(database: Database) -> User:
    with database.transaction() as session:
        make_problem(session, slug="pcb")
        return make_user(session)


@pytest.fixture
def headers(database: Database, clock: FrozenClock, user: User) -> dict[str, str]:
    with database.transaction() as session:
        _row, token = accounts.create_token(session, user, "test", now=clock.now())
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "path",
    [
        "/problems?q=%00",
        "/problems?q=%ED%A0%80",
        f"/problems?page={NUMBER}",
        "/problems/%00",
        "/problems/pcb/files/%00",
        f"/problems/pcb/leaderboard?page={NUMBER}",
        f"/submissions/{NUMBER}",
        f"/submissions?page={NUMBER}",
        "/submissions?problem=%00",
        f"/announcements?page={NUMBER}",
        "/password/reset/%00",
    ],
)
def test_pages(path: str, client: FlaskClient, user: User, sign_in: Callable[[User], None]) -> None:
    sign_in(user)
    assert client.get(path).status_code in {200, 400, 404, 422}


@pytest.mark.parametrize(
    "path",
    [
        "/problems?q=%00",
        "/problems/%00",
        f"/submissions/{NUMBER}",
        "/submissions?problem=%00",
        f"/problems/pcb/leaderboard?page={NUMBER}",
    ],
)
def test_the_api(path: str, client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get(f"/api/v1{path}", headers=headers).status_code in {200, 400, 404, 422}


@pytest.mark.parametrize(
    ("fields", "filename", "key"),
    [
        ({"note": "a\0b"}, "p.csv", "k"),
        ({"note": "字" * 5000}, "p.csv", "k"),
        ({"note": b"\xed\xa0\x80"}, "p.csv", "k"),
        ({}, "名" * 400 + ".csv", "k"),
        ({}, "p.csv", "k" * 300),
    ],
    ids=["nul", "long note", "surrogate", "long name", "long key"],
)
def test_a_submission(
    fields: dict[str, str],
    filename: str,
    key: str,
    client: FlaskClient,
    headers: dict[str, str],
) -> None:
    data = {
        "kind": "predictions",
        **fields,
        "file": (io.BytesIO(b"id,label\na,ok\nb,open\n"), filename),
    }
    answer = client.post(
        "/api/v1/problems/pcb/submissions", data=data, headers=headers | {"Idempotency-Key": key}
    )
    assert answer.status_code in {202, 400, 422}


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/sign-in", {"email": "a\0@example.org", "password": "x"}),
        ("/problems/pcb/team", {"name": "a\0b"}),
        ("/problems/pcb/team/join", {"code": "a\0b"}),
    ],
)
def test_forms(
    path: str,
    form: dict[str, str],
    app: Flask,
    client: FlaskClient,
    user: User,
    sign_in: Callable[[User], None],
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    sign_in(user)
    assert client.post(path, data=form).status_code < 500
