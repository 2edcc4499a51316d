from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import Role, User
from app.core.db import Database
from tests.factories import make_problem, make_user

pytestmark = pytest.mark.functional
SignIn = Callable[[User], None]


@pytest.fixture(autouse=True)
def no_csrf(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


def enter(database: Database, sign_in: SignIn, role: Role) -> None:
    with database.transaction() as session:
        user = make_user(session, role=role, name="组委会张伟")
    sign_in(user)


def test_an_organiser_announces_to_everybody(
    client: FlaskClient, database: Database, sign_in: SignIn
) -> None:
    with database.transaction() as session:
        make_problem(session, slug="plain")
    enter(database, sign_in, Role.ORGANISER)
    text = "数据有**更正** <script>alert(1)</script>\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    sent = client.post(
        "/staff/announcements", data={"contest": "demo", "title": "更正<b>公告</b>", "body": text}
    )
    assert sent.status_code == 303
    page = client.get("/announcements").text
    assert "更正&lt;b&gt;公告" in page
    assert "<strong>更正</strong>" in page
    assert "<table>" in page
    assert "<script>alert" not in page
    assert "组委会张伟" in page


def test_an_announcement_about_one_problem_is_on_its_pages(
    client: FlaskClient, database: Database, sign_in: SignIn
) -> None:
    with database.transaction() as session:
        make_problem(session, slug="one")
        make_problem(session, slug="other")
    enter(database, sign_in, Role.ORGANISER)
    form = {"title": "B榜时间", "body": "六月三十日"}
    assert client.post("/staff/problems/one/announcements", data=form).status_code == 303
    for address in ("/problems/one", "/problems/one/announcements", "/announcements"):
        assert "B榜时间" in client.get(address).text
    assert "B榜时间" not in client.get("/problems/other").text
    assert "B榜时间" not in client.get("/problems/other/announcements").text


@pytest.mark.parametrize(
    "form", [{}, {"title": " ", "body": "x"}, {"title": "x" * 121, "body": "x"}]
)
def test_an_announcement_needs_a_title_and_a_text(
    client: FlaskClient, database: Database, sign_in: SignIn, form: dict[str, str]
) -> None:
    with database.transaction() as session:
        make_problem(session, slug="one")
    enter(database, sign_in, Role.ORGANISER)
    for address in ("/staff/announcements", "/staff/problems/one/announcements"):
        assert client.post(address, data={"contest": "demo"} | form).status_code == 422
    assert "暂无公告" in client.get("/announcements").text


def test_judges_and_teams_read_only(
    client: FlaskClient, database: Database, sign_in: SignIn
) -> None:
    for role in (Role.JUDGE, Role.PARTICIPANT):
        with database.transaction() as session:
            user = make_user(session, role=role)
        sign_in(user)
        assert client.get("/announcements").status_code == 200
        assert client.get("/staff/announcements").status_code == 403
        assert client.post("/staff/announcements").status_code == 403


def test_the_list_costs_the_same_however_long_it_is(
    client: FlaskClient,
    database: Database,
    sign_in: SignIn,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    with database.transaction() as session:
        make_problem(session, slug="one")
    enter(database, sign_in, Role.ORGANISER)
    costs = []
    for _ in range(2):
        for number in range(3):
            form = {"contest": "demo", "title": f"公告{number}", "body": "x"}
            client.post("/staff/announcements", data=form)
        with count_queries() as sent:
            client.get("/announcements")
        costs.append(len(sent))
    assert costs[0] == costs[1] <= 5


def test_a_correction_and_what_it_corrects_link_to_each_other(
    client: FlaskClient, database: Database, sign_in: SignIn
) -> None:
    with database.transaction() as session:
        make_problem(session, slug="one")
    enter(database, sign_in, Role.ORGANISER)
    client.post("/staff/problems/one/announcements", data={"title": "时间", "body": "六月三十日"})
    page = client.get("/staff/announcements/1/correct").text
    assert 'value="更正：时间"' in page
    assert "六月三十日" in page
    form = {"title": "更正：时间", "body": "七月", "title_en": "Dates corrected", "body_en": "July"}
    sent = client.post("/staff/announcements/1/correct", data=form)
    assert sent.headers["Location"] == "/announcements/2"
    first, second = client.get("/announcements/1").text, client.get("/announcements/2").text
    assert "六月三十日" in first
    assert 'href="/announcements/2"' in first
    assert 'href="/announcements/1"' in second
    again = client.post("/staff/announcements/1/correct", data=form)
    assert again.status_code == 409
    assert client.post("/staff/announcements/2/correct", data={"title": "x"}).status_code == 422
    half = form | {"body_en": " "}
    assert client.post("/staff/announcements/2/correct", data=half).status_code == 422
    assert client.get("/announcements/9").status_code == 404
    english = client.get("/problems/one/announcements?lang=en").text
    assert "六月三十日" in english  # what has no English is read in Chinese
    assert "July" in english
    assert "七月" not in english
