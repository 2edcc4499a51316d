"""Requests nobody with good intentions sends: none is obeyed, none is a server error."""

import io
from collections.abc import Callable
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.accounts import operations as accounts
from app.accounts import staff_operations
from app.accounts.models import ApiToken, Role, User
from app.core.blobs import LocalBlobs
from app.core.db import Database
from app.problems.models import Problem
from app.settings import Environment, Settings
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock

pytestmark = [pytest.mark.functional, pytest.mark.slow]

SignIn = Callable[[User], None]
PASSWORD = "correct horse battery"
BEYOND_64_BITS = str(10**30)
NUL = "%00"
READS = {"HEAD", "OPTIONS", "GET"}


@pytest.fixture
def problem(database: Database) -> Problem:
    with database.transaction() as session:
        return make_problem(session, slug="pcb")


@pytest.fixture
def admin(database: Database) -> User:
    with database.transaction() as session:
        return make_user(session, role=Role.ADMIN)


@pytest.fixture
def member(database: Database, clock: FrozenClock) -> User:
    with database.transaction() as session:
        return accounts.create_user(
            session, email="wei@example.org", name="张伟", password=PASSWORD, now=clock.now()
        )


@pytest.fixture
def without_csrf(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


def bearer(database: Database, user: User, clock: FrozenClock) -> dict[str, str]:
    with database.transaction() as session:
        _row, token = accounts.create_token(session, user, "test", now=clock.now())
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.usefixtures("problem")
@pytest.mark.parametrize(
    "path",
    [
        f"/problems?page={BEYOND_64_BITS}",
        f"/announcements?page={BEYOND_64_BITS}",
        f"/problems/pcb/leaderboard?page={BEYOND_64_BITS}",
        f"/problems/pcb/announcements?page={BEYOND_64_BITS}",
        f"/submissions?page={BEYOND_64_BITS}",
        f"/submissions/{BEYOND_64_BITS}",
        f"/submissions/{BEYOND_64_BITS}/log?offset=1",
        f"/staff/submissions?page={BEYOND_64_BITS}",
        f"/staff/users?page={BEYOND_64_BITS}",
        f"/staff/users/{BEYOND_64_BITS}",
        f"/staff/audit?page={BEYOND_64_BITS}",
        f"/staff/publications?page={BEYOND_64_BITS}",
        f"/staff/publications/{BEYOND_64_BITS}",
    ],
)
def test_numbers_beyond_every_column_are_refused(
    client: FlaskClient, sign_in: SignIn, admin: User, path: str
) -> None:
    sign_in(admin)
    assert client.get(path).status_code in {200, 400, 404}


@pytest.mark.usefixtures("problem")
def test_a_log_cannot_be_read_from_beyond_every_column(
    client: FlaskClient, database: Database, sign_in: SignIn, admin: User, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        made = make_submission(session, problem=make_problem(session)).id
    sign_in(admin)
    for offset in (BEYOND_64_BITS, "-5", "x"):
        page = client.get(f"/submissions/{made}/log?offset={offset}")
        assert page.status_code in {200, 400}
    headers = bearer(database, admin, clock)
    for path in (
        f"/api/v1/submissions/{made}/log?offset={BEYOND_64_BITS}",
        f"/api/v1/submissions/{BEYOND_64_BITS}",
        f"/api/v1/submissions/{BEYOND_64_BITS}/log",
        f"/api/v1/submissions?page={BEYOND_64_BITS}",
        f"/api/v1/submissions?per_page={BEYOND_64_BITS}",
    ):
        assert client.get(path, headers=headers).status_code in {200, 400, 404}


@pytest.mark.usefixtures("problem", "without_csrf")
def test_a_nul_is_refused_wherever_it_is_typed(
    client: FlaskClient, database: Database, sign_in: SignIn, admin: User, clock: FrozenClock
) -> None:
    """PostgreSQL stores no NUL: it would be a server error there."""
    assert client.post("/sign-in", data={"email": "a\0@b.c", "password": "x"}).status_code == 400
    sign_in(admin)
    for path in (
        f"/problems?q={NUL}",
        f"/problems/p{NUL}cb",
        f"/staff/users?q={NUL}",
        f"/problems/pcb/files/a{NUL}b",
        f"/staff/submissions?problem={NUL}",
    ):
        assert client.get(path).status_code in {400, 404}
    assert client.post("/account/tokens", data={"label": "a\0b"}).status_code == 400
    headers = bearer(database, admin, clock)
    assert client.get(f"/api/v1/problems?q={NUL}", headers=headers).status_code == 400
    assert client.get(f"/api/v1/submissions?problem={NUL}", headers=headers).status_code == 400


@pytest.mark.usefixtures("problem")
def test_a_note_with_a_nul_is_refused(
    client: FlaskClient, database: Database, member: User, clock: FrozenClock
) -> None:
    data = {"kind": "predictions", "note": "a\0b", "file": (io.BytesIO(b"id,label\n"), "p.csv")}
    headers = bearer(database, member, clock)
    answer = client.post("/api/v1/problems/pcb/submissions", data=data, headers=headers)
    assert answer.status_code == 400
    assert [one["loc"] for one in answer.get_json()["errors"]] == ["form.note"]


@pytest.mark.usefixtures("problem")
@pytest.mark.parametrize(
    "name",
    [
        "a\r\nSet-Cookie: x=1.csv",
        "../../etc/passwd",
        "C:\\x\\answer.csv",
        "\u202evsc.exe",
        '"; filename="evil.html',
        "预测\n结果.csv",
        "x" * 300 + ".csv",
        "\0.csv",
        "",
    ],
)
def test_a_file_name_injects_no_header_and_names_no_folder(
    client: FlaskClient,
    database: Database,
    sign_in: SignIn,
    member: User,
    clock: FrozenClock,
    name: str,
) -> None:
    body, boundary = io.BytesIO(), "b0undary"
    encoded = "".join(f"%{byte:02X}" for byte in name.encode())
    part = f"--{boundary}\r\nContent-Disposition: form-data; name="
    for line in (
        f"{part}kind\r\n\r\npredictions\r\n",
        f"{part}file; filename*=UTF-8''{encoded}\r\n\r\nid,label\na,ok\n\r\n",
        f"--{boundary}--\r\n",
    ):
        body.write(line.encode())
    answer = client.post(
        "/api/v1/problems/pcb/submissions",
        data=body.getvalue(),
        content_type=f"multipart/form-data; boundary={boundary}",
        headers=bearer(database, member, clock),
    )
    assert answer.status_code == 202
    stored = answer.get_json()["filename"]
    assert stored.isprintable()
    assert not set(stored) & set('/\\"\r\n\0')
    assert 0 < len(stored) <= 255
    sign_in(member)
    download = client.get(f"/submissions/{answer.get_json()['id']}/download")
    assert download.status_code == 200
    assert download.headers["Content-Disposition"].startswith("attachment; ")
    assert "Set-Cookie" not in download.headers or "x=1" not in download.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "..\\..\\etc\\passwd",
        "/etc/passwd",
        "%252e%252e%252fetc",
        "a" * 5000,
    ],
)
def test_no_path_leads_out_of_the_data(
    client: FlaskClient, sign_in: SignIn, admin: User, problem: Problem, path: str
) -> None:
    sign_in(admin)
    for door in (f"/problems/pcb/files/{path}", f"/static/x/{path}"):
        answer = client.get(door)
        assert answer.status_code in {301, 308, 404}
        assert b"root:" not in answer.data
    del problem


@pytest.mark.usefixtures("without_csrf", "member")
@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/%5cevil.example/..",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=1",
        " //evil.example",
        "http:evil.example",
    ],
)
def test_signing_in_leads_nowhere_else(client: FlaskClient, target: str) -> None:
    answer = client.post(
        "/sign-in", data={"email": "wei@example.org", "password": PASSWORD, "next": target}
    )
    assert answer.status_code == 303
    location = answer.headers["Location"]
    assert location.startswith("/")
    assert location[1:2] not in {"/", "\\"}
    assert location.isprintable()


PROVED_BY_ITS_ADDRESS = {"/mails/stop/<secret>"}
"""Mail programs post here without a page or a session (RFC 8058): the sealed link is the proof."""


def test_every_change_from_a_browser_needs_the_token_of_its_form(
    app: Flask, client: FlaskClient, sign_in: SignIn, admin: User, problem: Problem
) -> None:
    sign_in(admin)
    unguarded = []
    for rule in app.url_map.iter_rules():
        changing = (rule.methods or set()) - READS
        if not changing or rule.rule.startswith("/api/") or rule.rule in PROVED_BY_ITS_ADDRESS:
            continue
        values = {"slug": "pcb", "board": "A", "secret": "s", "what": "publish"}
        (method,) = changing
        path = app.url_map.bind("localhost").build(
            rule.endpoint, {name: values.get(name, 1) for name in rule.arguments}, method=method
        )
        answer = client.open(path, method=method, headers={"Accept": "application/json"})
        if (answer.status_code, answer.get_json()["code"]) != (400, "stale_form"):
            unguarded.append(rule.rule)
    assert unguarded == []
    del problem


@pytest.mark.usefixtures("without_csrf", "member")
def test_the_cookie_is_for_this_site_alone(app: Flask, settings: Settings) -> None:
    secure = app.test_client()
    app.config["SESSION_COOKIE_SECURE"] = True
    answer = secure.post(
        "/sign-in",
        data={"email": "wei@example.org", "password": PASSWORD},
        base_url="https://localhost",
    )
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["session"]
    assert cookie["httponly"]
    assert cookie["secure"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert answer.headers["Strict-Transport-Security"]


@pytest.mark.usefixtures("without_csrf", "member")
def test_a_session_planted_before_signing_in_is_dropped(client: FlaskClient) -> None:
    with client.session_transaction() as cookie:
        cookie["planted"] = "by an attacker"
        cookie["csrf_token"] = "known"
    client.post("/sign-in", data={"email": "wei@example.org", "password": PASSWORD})
    with client.session_transaction() as cookie:
        assert "planted" not in cookie
        assert cookie.get("csrf_token") != "known"


def test_a_forged_cookie_is_nobody(client: FlaskClient, admin: User) -> None:
    for forged in (f"{admin.id}", f"{admin.id}:", f"{admin.id}:9", "x:0", f"-{admin.id}:0", "²:0"):
        with client.session_transaction() as cookie:
            cookie["_user_id"] = forged
        assert client.get("/staff").status_code == 303


def test_a_disabled_person_is_out_at_once(
    client: FlaskClient,
    database: Database,
    sign_in: SignIn,
    admin: User,
    member: User,
    clock: FrozenClock,
) -> None:
    headers = bearer(database, member, clock)
    sign_in(member)
    assert client.get("/account").status_code == 200
    assert client.get("/api/v1/submissions", headers=headers).status_code == 200
    with database.transaction() as session:
        staff_operations.disable_user(session, admin, member.id, "作弊", now=clock.now())
    assert client.get("/account").status_code == 303
    assert client.get("/api/v1/submissions", headers=headers).status_code == 401
    # a token that somebody forgot to revoke opens nothing either
    with database.transaction() as session:
        session.execute(update(ApiToken).values(revoked_at=None))
    assert client.get("/api/v1/submissions", headers=headers).status_code == 401


@pytest.mark.usefixtures("without_csrf")
def test_a_demo_account_does_not_work_in_production(
    app: Flask,
    client: FlaskClient,
    database: Database,
    settings: Settings,
    sign_in: SignIn,
    member: User,
    clock: FrozenClock,
) -> None:
    headers = bearer(database, member, clock)
    with database.transaction() as session:
        session.get_one(User, member.id).is_demo = True
    app.extensions["baijing-settings"] = settings.model_copy(update={"env": Environment.PRODUCTION})
    sign_in(member)
    assert client.get("/account").status_code == 303
    assert client.get("/api/v1/submissions", headers=headers).status_code == 401
    answer = client.post("/sign-in", data={"email": "wei@example.org", "password": PASSWORD})
    assert answer.status_code == 403


def test_what_is_private_stays_out_of_shared_caches(
    client: FlaskClient,
    database: Database,
    sign_in: SignIn,
    member: User,
    blobs: LocalBlobs,
    clock: FrozenClock,
) -> None:
    with database.transaction() as session:
        problem = make_problem(session, slug="own")
        team = make_team(session, problem=problem, captain=session.get_one(User, member.id))
        blob = blobs.put(io.BytesIO(b"id,label\n"))
        made = make_submission(
            session, problem=problem, team=team, blob=blob.digest, size=blob.size
        ).id
    sign_in(member)
    headers = bearer(database, member, clock)
    pages = [f"/submissions/{made}{tail}" for tail in ("", "/log", "/status.json", "/download")]
    for path in ("/account", "/account/tokens", "/submissions", "/problems/own/team", *pages):
        told = client.get(path).headers.get("Cache-Control", "")
        assert "private" in told or "no-store" in told, path
    for path in (f"submissions/{made}", f"submissions/{made}/log", "problems", "submissions"):
        told = client.get(f"/api/v1/{path}", headers=headers).headers.get("Cache-Control", "")
        assert "private" in told or "no-store" in told, path
    error = client.get("/api/v1/submissions/999", headers=headers)
    assert "private" in error.headers.get("Cache-Control", "")


@pytest.mark.usefixtures("problem")
def test_a_form_is_no_way_to_fill_the_disk(client: FlaskClient) -> None:
    """Only routes that take files read bodies of any size."""
    large = {"email": "a@example.org", "x": (io.BytesIO(b"x" * (3 << 20)), "x.bin")}
    field = {"email": "x" * (2 << 20)}
    many = {f"f{number}": "" for number in range(1200)}
    for data in (large, field, many):
        answer = client.post("/sign-in", data=data, content_type="multipart/form-data")
        # the test client puts large bodies into a file that it leaves open
        answer.request.environ["wsgi.input"].close()
        assert answer.status_code == 413


@pytest.mark.usefixtures("problem")
def test_huge_fields_of_an_upload_are_refused(
    client: FlaskClient, database: Database, member: User, clock: FrozenClock
) -> None:
    headers = bearer(database, member, clock)
    data = {"kind": "predictions", "note": "x" * (1 << 21), "file": (io.BytesIO(b"x"), "p.csv")}
    answer = client.post("/api/v1/problems/pcb/submissions", data=data, headers=headers)
    answer.request.environ["wsgi.input"].close()
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")


@pytest.mark.usefixtures("without_csrf", "member")
def test_nobody_learns_who_has_an_account(client: FlaskClient, database: Database) -> None:
    with database.transaction() as session:
        make_user(session)  # an account without a password
    wrong = [
        client.post("/sign-in?lang=en", data={"email": email, "password": "wrong password"})
        for email in ("wei@example.org", "nobody@example.org", "user1@example.org")
    ]
    assert {answer.status_code for answer in wrong} == {400}
    pages = {
        answer.text.replace(email, "")
        for answer, email in zip(
            wrong, ("wei@example.org", "nobody@example.org", "user1@example.org"), strict=True
        )
    }
    texts = {page.count("The e-mail address or the password is wrong.") for page in pages}
    assert texts == {1}
    links = [client.get(f"/password/reset/{secret}") for secret in ("a", "b" * 43)]
    assert {answer.status_code for answer in links} == {404}


@pytest.mark.usefixtures("without_csrf")
def test_guessing_is_slow(
    app: Flask,
    client: FlaskClient,
    settings: Settings,
    sign_in: SignIn,
    member: User,
    problem: Problem,
) -> None:
    app.extensions["baijing-settings"] = settings.model_copy(
        update={"sign_in_rate": "3 per minute"}
    )

    def statuses(path: str, data: dict[str, str]) -> list[int]:
        return [client.post(path, data=data).status_code for _ in range(5)]

    guesses = {"email": "wei@example.org", "password": "wrong password"}
    assert statuses("/sign-in", guesses) == [400, 400, 400, 429, 429]
    links = [client.get(f"/password/reset/{n}").status_code for n in range(5)]
    assert links == [404, 404, 404, 429, 429]
    sign_in(member)
    # the same counter: a link and a code are both guessed
    codes = [client.post("/problems/pcb/team/join", data={"code": "X"}) for _ in range(2)]
    assert [answer.status_code for answer in codes] == [429, 429]
    assert int(codes[0].headers["Retry-After"]) > 0
    del problem


@pytest.mark.usefixtures("without_csrf")
def test_a_used_or_old_link_sets_no_password(
    client: FlaskClient, database: Database, admin: User, member: User, clock: FrozenClock
) -> None:
    def link() -> str:
        with database.transaction() as session:
            return staff_operations.create_reset_link(session, admin, member.id, now=clock.now())

    first, second = link(), link()
    new = {"password": "another horse battery"}
    assert client.post(f"/password/reset/{first}", data=new).status_code == 404
    assert client.post(f"/password/reset/{second}", data=new).status_code == 303
    assert client.post(f"/password/reset/{second}", data=new).status_code == 404
    late = link()
    clock.tick(timedelta(hours=25))
    assert client.get(f"/password/reset/{late}").status_code == 404


def test_a_foreign_host_is_repeated_nowhere(client: FlaskClient, problem: Problem) -> None:
    for path in ("/", "/problems", "/problems/pcb", "/sign-in", "/api/v1/openapi.json", "/nowhere"):
        answer = client.get(path, headers={"Host": "evil.example"})
        assert b"evil.example" not in answer.data
        assert "evil.example" not in str(answer.headers)
    del problem
