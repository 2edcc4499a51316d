"""The audit log: filtered, verified, taken away."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Role, User
from app.core.audit import THE_CLOCK, AuditEntry, record_audit
from app.core.db import Database
from tests.factories import make_user
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional
SignIn = Callable[[User], None]
EVIL = '=HYPERLINK("http://x")'


@pytest.fixture
def organiser(app: Flask, database: Database, clock: FrozenClock, sign_in: SignIn) -> User:
    app.config["WTF_CSRF_ENABLED"] = False
    with database.transaction() as session:
        user = make_user(session, role=Role.ORGANISER, name=EVIL)
        for number in range(60):
            now = clock.now() - timedelta(days=60 - number)
            actor = user.as_actor() if number % 2 else THE_CLOCK
            subject = f"problem:p{number % 3}"
            record_audit(session, actor, f"stage.{number % 4}", subject, {"n": number}, now=now)
    sign_in(user)
    return user


def rows_of(client: FlaskClient, **asked: str) -> list[list[str]]:
    answer = client.post("/staff/audit/export", data={"format": "csv"} | asked)
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_the_log_is_narrowed_and_paged(
    client: FlaskClient, organiser: User, clock: FrozenClock
) -> None:
    assert client.get("/staff/audit").text.count("<tr>") == 51
    assert client.get("/staff/audit?page=2").text.count("<tr>") == 11
    assert client.get("/staff/audit?action=stage.1").text.count("<tr>") == 16
    assert client.get(f"/staff/audit?actor={organiser.id}").text.count("<tr>") == 31
    assert client.get("/staff/audit?actor=hyperLINK&subject=p1").text.count("<tr>") == 11
    since = clock.now() - timedelta(days=3)
    assert client.get(f"/staff/audit?since={since:%Y-%m-%d}").text.count("<tr>") == 4
    assert client.get("/staff/audit?until=2000-01-01").text.count("<tr>") == 0


@pytest.mark.parametrize(
    "odd",
    [
        "actor=%25_",
        "since=x",
        "until=9999-12-31",
        "since=0001-01-01",
        "page=x",
        "actor=" + "9" * 99,
    ],
)
def test_odd_filters_are_no_fault(client: FlaskClient, organiser: User, odd: str) -> None:
    assert client.get(f"/staff/audit?{odd}").status_code == 200


def test_the_file_holds_what_the_filter_says_and_no_formula(
    client: FlaskClient, database: Database, organiser: User
) -> None:
    rows = rows_of(client, subject="p1")
    assert len(rows) == 21
    assert {row[2] for row in rows[1:]} == {"baijing", f"'{EVIL}"}
    assert {row[5] for row in rows[1:]} == {"problem:p1"}
    with database.reading() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert last is not None
    assert (last.action, last.subject) == ("table.export", "site:audit")
    book = client.post("/staff/audit/export", data={"format": "xlsx"})
    assert book.data.startswith(b"PK")
    assert client.post("/staff/audit/export", data={"format": "exe"}).status_code == 422


def test_a_noted_hash_is_found_or_missed(
    client: FlaskClient, database: Database, organiser: User
) -> None:
    client.get("/?lang=en")
    with database.reading() as session:
        noted = session.get_one(AuditEntry, 5).hash
    assert "is the one of entry 5" in client.post("/staff/audit/verify", data={"noted": noted}).text
    absent = client.post("/staff/audit/verify", data={"noted": "0" * 64}).text
    assert "not in the chain" in absent
    assert client.post("/staff/audit/verify", data={"noted": "zz"}).status_code == 422
