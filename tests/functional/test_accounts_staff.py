"""Organisers look after accounts."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import operations
from app.accounts.models import Role, User
from app.core.audit import AuditEntry
from app.core.db import Database
from tests.factories import make_user
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional

PASSWORD = "correct horse battery"
ACTIONS = ("role", "disable", "enable", "reset-link")


@pytest.fixture(autouse=True)
def _without_csrf(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


def person(database: Database, role: Role = Role.PARTICIPANT, name: str | None = None) -> User:
    with database.transaction() as session:
        return make_user(session, role=role, name=name)


def manages(actor: Role, other: Role) -> bool:
    if actor is Role.ADMIN:
        return True
    return actor is Role.ORGANISER and other in {Role.PARTICIPANT, Role.JUDGE}


@pytest.mark.parametrize("role", Role)
def test_the_pages_are_for_organisers(
    client: FlaskClient, database: Database, sign_in: Callable[[User], None], role: Role
) -> None:
    other = person(database)
    sign_in(person(database, role))
    expected = 200 if role in {Role.ORGANISER, Role.ADMIN} else 403
    assert client.get("/staff/users").status_code == expected
    assert client.get(f"/staff/users/{other.id}").status_code == expected


def test_a_visitor_is_asked_to_sign_in(client: FlaskClient, database: Database) -> None:
    other = person(database)
    assert client.get("/staff/users").status_code == 303
    for action in ACTIONS:
        assert client.post(f"/staff/users/{other.id}/{action}").status_code == 303
    with database.reading() as session:
        assert session.scalars(select(AuditEntry)).all() == []


@pytest.mark.parametrize("actor", Role)
def test_every_role_does_what_it_may_and_no_more(
    client: FlaskClient, database: Database, sign_in: Callable[[User], None], actor: Role
) -> None:
    sign_in(person(database, actor))
    for other, action in product(Role, ACTIONS):
        target = person(database, other)
        answer = client.post(f"/staff/users/{target.id}/{action}", data={"role": "judge"})
        allowed = manages(actor, other)
        assert (answer.status_code != 403) is allowed, (other, action)


@pytest.mark.parametrize("role", [Role.ORGANISER, Role.ADMIN])
def test_only_administrators_make_organisers(
    client: FlaskClient, database: Database, sign_in: Callable[[User], None], role: Role
) -> None:
    target = person(database)
    sign_in(person(database, Role.ORGANISER))
    page = client.get(f"/staff/users/{target.id}").text
    assert re.findall(r'<option value="(\w+)"', page) == ["participant", "judge"]
    change = f"/staff/users/{target.id}/role"
    assert client.post(change, data={"role": role.value}).status_code == 403
    sign_in(person(database, Role.ADMIN))
    assert client.post(change, data={"role": role.value}).status_code == 303
    with database.reading() as session:
        assert session.get_one(User, target.id).role is role


def test_an_unknown_role_and_an_unknown_person(
    client: FlaskClient, database: Database, sign_in: Callable[[User], None]
) -> None:
    sign_in(person(database, Role.ADMIN))
    target = person(database)
    assert client.post(f"/staff/users/{target.id}/role", data={"role": "king"}).status_code == 400
    assert client.get("/staff/users/999").status_code == 404


def test_people_are_searched_and_paged(
    client: FlaskClient,
    database: Database,
    sign_in: Callable[[User], None],
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    sign_in(person(database, Role.ORGANISER, name="组织者"))
    for number in range(25):
        person(database, name=f"选手 {number}")
    person(database, Role.JUDGE, name="评委甲")
    with count_queries() as seen:
        first = client.get("/staff/users").text
    assert len(seen) == 3  # who is asking, how many, the page
    assert first.count("<tr>") == 21
    assert client.get("/staff/users?page=2").text.count("<tr>") == 8
    found = client.get("/staff/users?q=评委").text
    assert "评委甲" in found
    assert "选手" not in found
    assert "评委甲" in client.get("/staff/users?role=judge").text
    assert client.get("/staff/users?q=nobody").text.count("<tr>") == 0


def test_a_link_handed_over_sets_the_password(
    app: Flask,
    client: FlaskClient,
    database: Database,
    clock: FrozenClock,
    sign_in: Callable[[User], None],
) -> None:
    with database.transaction() as session:
        target = operations.create_user(
            session, email="wei@example.org", name="张伟", password=PASSWORD, now=clock.now()
        )
    theirs = app.test_client()
    theirs.post("/sign-in", data={"email": target.email, "password": PASSWORD})
    assert theirs.get("/account").status_code == 200
    sign_in(person(database, Role.ORGANISER))
    made = client.post(f"/staff/users/{target.id}/reset-link")
    assert made.headers["Cache-Control"] == "no-store"
    found = re.search(r"http://localhost(/password/reset/[\w-]+)", made.text)
    assert found is not None
    link = found.group(1)
    assert link not in client.get(f"/staff/users/{target.id}").text
    assert target.email in theirs.get(link).text
    assert theirs.post(link, data={"password": "short"}).status_code == 400
    assert theirs.post(link, data={"password": "a new long one"}).status_code == 303
    assert theirs.get("/account").status_code == 303
    assert theirs.get(link).status_code == 404
    signed_in = theirs.post("/sign-in", data={"email": target.email, "password": "a new long one"})
    assert signed_in.status_code == 303


def test_guessing_links_is_slowed(client: FlaskClient) -> None:
    codes = [client.get(f"/password/reset/guess{n}").status_code for n in range(12)]
    assert codes == [404] * 10 + [429] * 2


def test_what_organisers_do_is_on_record(
    client: FlaskClient, database: Database, sign_in: Callable[[User], None]
) -> None:
    target, organiser = person(database), person(database, Role.ORGANISER)
    sign_in(organiser)
    client.post(f"/staff/users/{target.id}/role", data={"role": "judge"})
    client.post(f"/staff/users/{target.id}/reset-link")
    client.post(f"/staff/users/{target.id}/disable", data={"reason": "重复账号"})
    client.post(f"/staff/users/{target.id}/enable")
    with database.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in entries] == [
        "user.change_role",
        "user.create_reset_link",
        "user.disable",
        "user.enable",
    ]
    assert {(entry.actor_id, entry.subject) for entry in entries} == {
        (organiser.id, f"user:{target.id}")
    }
