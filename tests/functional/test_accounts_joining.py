"""Signing up, in and out; one's own account."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import operations
from app.accounts.models import ApiToken, User
from app.core.db import Database
from app.settings import Environment, Settings
from tests.factories import make_user
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional

PASSWORD = "correct horse battery"
ACCOUNT = {"name": "张伟", "email": "wei@example.org", "password": PASSWORD}


@pytest.fixture(autouse=True)
def _without_csrf(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def member(database: Database, clock: FrozenClock) -> User:
    with database.transaction() as session:
        return operations.create_user(
            session, email="wei@example.org", name="张伟", password=PASSWORD, now=clock.now()
        )


def sign_in_with(client: FlaskClient, email: str, password: str, **more: str) -> int:
    return client.post("/sign-in", data={"email": email, "password": password, **more}).status_code


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def test_a_person_signs_up_and_is_signed_in(client: FlaskClient, database: Database) -> None:
    answer = client.post("/sign-up", data={**ACCOUNT, "next": "/account"})
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "张伟" in client.get("/account").text
    with database.reading() as session:
        user = session.scalars(select(User)).one()
    assert (user.email, user.locale) == ("wei@example.org", "zh-Hans")


@pytest.mark.usefixtures("member")
def test_the_second_of_a_name_is_told_their_number(client: FlaskClient) -> None:
    client.post("/sign-up", data={**ACCOUNT, "email": "other@example.org", "next": "/account"})
    assert "张伟 2" in client.get("/account").text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "张", "2 to 30 characters"),
        ("name", "张\u202e伟", "U+202E"),
        ("email", "nowhere", "e-mail address"),
        ("password", "short", "10 to 128 characters"),
        ("password", "", "required"),
    ],
)
def test_what_is_wrong_stands_next_to_the_field(
    client: FlaskClient, field: str, value: str, words: str
) -> None:
    answer = client.post("/sign-up?lang=en", data={**ACCOUNT, field: value})
    assert answer.status_code == 400
    errors = re.search(rf'id="{field}-errors">(.*?)</ul>', answer.text, re.DOTALL)
    assert errors is not None
    assert words in errors.group(1)
    assert PASSWORD not in answer.text


@pytest.mark.usefixtures("member")
def test_an_address_is_used_once(client: FlaskClient) -> None:
    answer = client.post("/sign-up?lang=en", data=ACCOUNT)
    assert answer.status_code == 400
    assert "already an account" in answer.text


def test_sign_up_can_be_closed(app: Flask, client: FlaskClient, settings: Settings) -> None:
    app.extensions["baijing-settings"] = settings.model_copy(update={"sign_up_open": False})
    assert client.get("/sign-up").status_code == 403
    assert client.post("/sign-up", data=ACCOUNT).status_code == 403
    assert "/sign-up?" not in client.get("/sign-in").text


@pytest.mark.usefixtures("member")
def test_signing_in_and_out(client: FlaskClient) -> None:
    assert sign_in_with(client, "WEI@example.org ", PASSWORD) == 303
    assert is_signed_in(client)
    assert client.post("/sign-out").status_code == 303
    assert not is_signed_in(client)


def test_a_visitor_is_brought_back_to_where_they_were_going(
    client: FlaskClient, member: User
) -> None:
    turned_away = client.get("/account/tokens")
    assert turned_away.status_code == 303
    form = client.get(turned_away.location)
    assert 'value="/account/tokens"' in form.text
    answer = client.post(
        "/sign-in", data={"email": member.email, "password": PASSWORD, "next": "/account/tokens"}
    )
    assert answer.location == "/account/tokens"


def test_nobody_is_sent_to_another_site(client: FlaskClient, member: User) -> None:
    answer = client.post(
        "/sign-in",
        data={"email": member.email, "password": PASSWORD, "next": "//evil.example/account"},
    )
    assert answer.location == "/"


def test_unknown_address_and_wrong_password_look_alike(client: FlaskClient, member: User) -> None:
    wrong = client.post("/sign-in", data={"email": member.email, "password": "something else"})
    unknown = client.post("/sign-in", data={"email": "no@example.org", "password": "something"})
    assert wrong.status_code == unknown.status_code == 400
    token = re.compile(r'name="csrf_token" value="[^"]+"')
    seen = token.sub("", wrong.text).replace(member.email, "")
    assert seen == token.sub("", unknown.text).replace("no@example.org", "")


def test_guessing_is_slowed_for_the_account_and_for_the_address(
    app: Flask, client: FlaskClient, member: User
) -> None:
    for _ in range(10):
        assert sign_in_with(client, member.email, "something else") == 400
    refused = client.post("/sign-in", data={"email": member.email, "password": PASSWORD})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) in range(1, 62)
    # the address is held back whatever account it tries, another address is not
    assert sign_in_with(client, "other@example.org", "something else") == 429
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert sign_in_with(elsewhere, "other@example.org", "something else") == 400
    # the account is held back wherever the guess comes from
    assert sign_in_with(elsewhere, member.email, PASSWORD) == 429


def test_signing_in_rightly_is_never_throttled(client: FlaskClient, member: User) -> None:
    for _ in range(12):
        assert sign_in_with(client, member.email, PASSWORD) == 303
        client.post("/sign-out")


def test_sign_ups_from_one_address_are_slowed(client: FlaskClient) -> None:
    codes = []
    for n in range(12):
        client.post("/sign-out")
        codes.append(
            client.post("/sign-up", data={**ACCOUNT, "email": f"a{n}@example.org"}).status_code
        )
    assert codes == [303] * 10 + [429] * 2


def test_a_disabled_account_is_shut_out_at_once(
    client: FlaskClient, member: User, database: Database, clock: FrozenClock
) -> None:
    sign_in_with(client, member.email, PASSWORD)
    with database.transaction() as session:
        session.get_one(User, member.id).disabled_at = clock.now()
    assert not is_signed_in(client)
    assert sign_in_with(client, member.email, PASSWORD) == 403


def test_demo_accounts_are_refused_in_production(
    app: Flask, client: FlaskClient, member: User, database: Database, settings: Settings
) -> None:
    with database.transaction() as session:
        session.get_one(User, member.id).is_demo = True
        _row, token = operations.create_token(session, member, "x", now=member.created_at)
    bearer = {"Authorization": f"Bearer {token}"}
    assert sign_in_with(client, member.email, PASSWORD) == 303
    assert is_signed_in(client)
    production = settings.model_copy(update={"env": Environment.PRODUCTION})
    app.extensions["baijing-settings"] = production
    assert not is_signed_in(client)
    assert client.get("/api/v1/openapi.json", headers=bearer).status_code == 401
    assert sign_in_with(client, member.email, PASSWORD) == 403
    assert sign_in_with(client, member.email, "something else") == 400


def test_a_password_made_with_older_parameters_is_hashed_again(
    client: FlaskClient, member: User, database: Database
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with database.transaction() as session:
        session.get_one(User, member.id).password_hash = weak
    assert sign_in_with(client, member.email, PASSWORD) == 303
    with database.reading() as session:
        stored = session.get_one(User, member.id).password_hash
    assert stored != weak
    assert sign_in_with(client, member.email, PASSWORD) in {302, 303}


def test_changing_the_password_signs_out_every_other_browser(
    app: Flask, client: FlaskClient, member: User
) -> None:
    elsewhere = app.test_client()
    sign_in_with(client, member.email, PASSWORD)
    sign_in_with(elsewhere, member.email, PASSWORD)
    wrong = client.post(
        "/account/password", data={"present": "something else", "password": "a new long one"}
    )
    assert wrong.status_code == 400
    done = client.post(
        "/account/password", data={"present": PASSWORD, "password": "a new long one"}
    )
    assert done.status_code == 303
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)
    assert sign_in_with(elsewhere, member.email, PASSWORD) == 400
    assert sign_in_with(elsewhere, member.email, "a new long one") == 303


def test_the_language_of_the_account_is_kept(app: Flask, client: FlaskClient, member: User) -> None:
    sign_in_with(client, member.email, PASSWORD)
    assert 'lang="zh-Hans"' in client.get("/account").text
    client.post("/account/language", data={"locale": "en"})
    assert '<html lang="en"' in client.get("/account").text
    elsewhere = app.test_client()
    sign_in_with(elsewhere, member.email, PASSWORD)
    assert '<html lang="en"' in elsewhere.get("/account").text


def test_a_token_is_shown_once_works_and_is_revoked(
    client: FlaskClient, member: User, database: Database, clock: FrozenClock
) -> None:
    sign_in_with(client, member.email, PASSWORD)
    made = client.post("/account/tokens", data={"label": "车间工控机"})
    assert made.headers["Cache-Control"] == "no-store"
    found = re.search(r"bj_[\w-]{43}", made.text)
    assert found is not None
    token = found.group()
    listed = client.get("/account/tokens").text
    assert "车间工控机" in listed
    assert token not in listed
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/openapi.json", headers=bearer).status_code == 200
    with database.reading() as session:
        row = session.scalars(select(ApiToken)).one()
    assert row.last_used_at == clock.now()
    client.post(f"/account/tokens/{row.id}/revoke")
    assert client.get("/api/v1/openapi.json", headers=bearer).status_code == 401
    assert "车间工控机" not in client.get("/account/tokens").text


def test_the_use_of_a_token_is_noted_seldom(
    client: FlaskClient, member: User, database: Database, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        row, token = operations.create_token(session, member, "x", now=clock.now())
    bearer = {"Authorization": f"Bearer {token}"}
    first = clock.now()
    for _ in range(3):
        client.get("/api/v1/openapi.json", headers=bearer)
        clock.tick(timedelta(minutes=2))
    with database.reading() as session:
        assert session.get_one(ApiToken, row.id).last_used_at == first
    client.get("/api/v1/openapi.json", headers=bearer)
    with database.reading() as session:
        assert session.get_one(ApiToken, row.id).last_used_at == clock.now()


def test_nobody_revokes_anothers_token(
    client: FlaskClient, member: User, database: Database, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        row, _text = operations.create_token(session, make_user(session), "x", now=clock.now())
    sign_in_with(client, member.email, PASSWORD)
    assert client.post(f"/account/tokens/{row.id}/revoke").status_code == 404


def test_forms_need_the_token_of_this_site(
    app: Flask, client: FlaskClient, member: User, sign_in: Callable[[User], None]
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    sign_in(member)
    assert client.post("/account/tokens", data={"label": "x"}).status_code == 400
    assert client.post("/sign-out").status_code == 400
    page = client.get("/account/tokens").text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    sent = client.post("/account/tokens", data={"label": "x", "csrf_token": found.group(1)})
    assert sent.status_code == 200
    assert "bj_" in sent.text
