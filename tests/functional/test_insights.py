"""Statistics and tables over HTTP, and the visits that are counted."""

import csv
import io
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Role, User
from app.core.audit import AuditEntry
from app.core.db import Database
from app.evaluations.models import State, Verdict
from app.insights.models import PageVisits
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional
SignIn = Callable[[User], None]
Counting = Callable[[], AbstractContextManager[list[str]]]
EVIL = "=cmd|'/c calc'!A0"
BROWSER = {"User-Agent": "Mozilla/5.0", "Sec-Fetch-Dest": "document"}


@pytest.fixture
def filled(app: Flask, database: Database, clock: FrozenClock) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    with database.transaction() as session:
        problem = make_problem(session, slug="weld")
        team = make_team(session, problem=problem, name=EVIL)
        for days in range(3):
            at = clock.now() - timedelta(days=days)
            scores = {"A": {"macro_f1": 0.9 - days / 10}, "B": {"macro_f1": 0.123}}
            make_submission(session, problem=problem, team=team, at=at, scores=scores)
        make_submission(
            session,
            problem=problem,
            team=team,
            at=clock.now(),
            state=State.FAILED,
            verdict=Verdict.TIME_LIMIT,
            note="@SUM(1)",
        )
        make_submission(session, problem=problem, baseline=True, scores={"A": {"macro_f1": 0.5}})


def enter(database: Database, sign_in: SignIn, role: Role) -> User:
    with database.transaction() as session:
        user = make_user(session, role=role)
    sign_in(user)
    return user


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def cells_of(content: bytes) -> list[list[str]]:
    book = zipfile.ZipFile(io.BytesIO(content))
    assert book.testzip() is None
    sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 — our own file
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert sheet.find(f".//{main}f") is None  # no formula anywhere
    return [
        ["".join(cell.itertext()) for cell in row.iter(f"{main}c")]
        for row in sheet.iter(f"{main}row")
    ]


@pytest.mark.usefixtures("filled")
def test_statistics_are_drawn_and_said_in_tables(
    client: FlaskClient, database: Database, sign_in: SignIn
) -> None:
    enter(database, sign_in, Role.JUDGE)
    page = client.get("/staff/statistics?lang=en").text
    assert page.count('class="chart__bar chart__bar--scored"') == 3
    assert page.count('class="chart__bar chart__bar--failed"') == 1
    assert "time limit" in page
    assert 'href="/staff/statistics/weld"' in page
    one = client.get("/staff/statistics/weld?days=90").text
    assert 'class="chart__line"' in one
    assert 'class="chart__base"' in one
    assert "0.90000" in one
    assert "0.123" not in one  # nothing of B
    assert client.get("/staff/statistics/absent").status_code == 404


def test_an_empty_site_has_statistics_too(
    client: FlaskClient, database: Database, sign_in: SignIn
) -> None:
    with database.transaction() as session:
        make_problem(session, slug="weld")
    enter(database, sign_in, Role.JUDGE)
    for path in ("/staff/statistics", "/staff/statistics/weld", "/staff/statistics?days=7"):
        assert client.get(path).status_code == 200


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("name", ["daily", "verdicts", "funnel", "problems", "progress"])
def test_a_statistic_is_a_file_as_well(
    client: FlaskClient, database: Database, sign_in: SignIn, name: str
) -> None:
    enter(database, sign_in, Role.JUDGE)
    path = f"/staff/statistics/tables/{name}"
    plain = client.get(f"{path}.csv?problem=weld")
    packed = client.get(f"{path}.xlsx?problem=weld")
    assert rows_of(plain.data)[1:] == cells_of(packed.data)[1:]
    assert len(rows_of(plain.data)) > 1
    assert f"filename={name}.csv" in plain.headers["Content-Disposition"]
    for absent in (f"{path}.pdf", "/staff/statistics/tables/people.csv", f"{path}.csv?problem=x"):
        assert client.get(absent).status_code == 404


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("name", ["teams", "people", "submissions", "scores"])
def test_tables_hold_no_formula_and_the_log_knows_who_took_them(
    client: FlaskClient, database: Database, sign_in: SignIn, name: str
) -> None:
    organiser = enter(database, sign_in, Role.ORGANISER)
    form = {"table": name, "problem": "weld"}
    plain = client.post("/staff/exports", data=form | {"format": "csv"})
    packed = client.post("/staff/exports", data=form | {"format": "xlsx"})
    assert plain.headers["Cache-Control"] == "private, no-store"
    rows, cells = rows_of(plain.data), cells_of(packed.data)
    assert len(rows) == len(cells) > 1
    assert len({len(row) for row in rows}) == 1
    for row in rows:
        assert not any(cell.startswith(("=", "+", "@")) for cell in row)
    if name != "people":
        assert any(f"'{EVIL}" in row for row in rows)
        assert any(EVIL in row for row in cells)
    with database.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.facts["table"] for entry in entries] == [name, name]
    assert {entry.actor_id for entry in entries} == {organiser.id}
    assert {entry.subject for entry in entries} == {"problem:weld"}


@pytest.mark.usefixtures("filled")
def test_what_is_no_table_is_refused_and_not_noted(
    client: FlaskClient, database: Database, sign_in: SignIn
) -> None:
    enter(database, sign_in, Role.ORGANISER)
    assert client.post("/staff/exports", data={"table": "audit_entry"}).status_code == 422
    wrong = {"table": "teams", "format": "csv", "problem": "absent"}
    assert client.post("/staff/exports", data=wrong).status_code == 404
    with database.reading() as session:
        assert session.scalars(select(AuditEntry)).all() == []


def test_pages_are_counted_and_nobody_is_followed(
    client: FlaskClient, database: Database, sign_in: SignIn, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        make_problem(session, slug="weld")
    ignored: list[dict[str, str]] = [
        {"User-Agent": "Googlebot/2.1"},
        {"User-Agent": ""},
        BROWSER | {"Sec-Fetch-Dest": "empty"},
        BROWSER | {"Sec-Purpose": "prefetch"},
    ]
    for headers in ignored:
        client.get("/problems/weld", headers=headers)
    client.get("/problems/absent", headers=BROWSER)
    client.get("/sign-in", headers=BROWSER)
    first = client.get("/problems/weld", headers=BROWSER)
    assert "Set-Cookie" not in first.headers
    client.get("/problems/weld", headers=BROWSER)
    with database.transaction() as session:
        staff = make_user(session, role=Role.JUDGE)
    clock.tick(timedelta(seconds=16))
    client.get("/", headers=BROWSER).close()
    with database.reading() as session:
        rows = session.execute(
            select(PageVisits.page, PageVisits.problem_slug, PageVisits.count).order_by(
                PageVisits.page
            )
        ).all()
    assert [tuple(row) for row in rows] == [("home.index", "", 1), ("problems.show", "weld", 2)]
    sign_in(staff)
    client.get("/problems/weld", headers=BROWSER)
    clock.tick(timedelta(seconds=16))
    client.get("/problems/weld", headers=BROWSER).close()
    with database.reading() as session:
        counted = select(PageVisits.count).where(PageVisits.page == "problems.show")
        assert session.scalars(counted).one() == 2


@pytest.mark.usefixtures("filled")
def test_statistics_cost_the_same_however_much_there_is(
    client: FlaskClient, database: Database, sign_in: SignIn, count_queries: Counting
) -> None:
    enter(database, sign_in, Role.JUDGE)
    costs = []
    for _ in range(2):
        with count_queries() as all_of_it:
            client.get("/staff/statistics")
        with count_queries() as one:
            client.get("/staff/statistics/weld")
        costs.append((len(all_of_it), len(one)))
        with database.transaction() as session:
            for _ in range(3):
                problem = make_problem(session)
                make_submission(session, problem=problem, scores={"A": {"macro_f1": 0.5}})
    assert costs[0] == costs[1]
    assert max(costs[0]) <= 14
