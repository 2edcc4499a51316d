"""A reader who has the newest page of a board is sent nothing, and nobody is sent another's."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import operations as accounts
from app.accounts.models import Role, User
from app.core.db import Database
from app.problems.models import Problem
from app.teams.models import Team
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional

PATH = "/problems/pcb/leaderboard"
Counting = Callable[[], AbstractContextManager[list[str]]]
SignIn = Callable[[User], None]


@pytest.fixture
def people(app: Flask, database: Database) -> list[User]:
    app.config["WTF_CSRF_ENABLED"] = False
    with database.transaction() as session:
        problem = make_problem(session, slug="pcb")
        found = []
        for name, value in (("alpha", 0.5), ("beta", 0.75)):
            found.append(make_user(session, name=name))
            team = make_team(session, problem=problem, captain=found[-1], name=name)
            make_submission(
                session,
                problem=problem,
                team=team,
                scores={"A": {"macro_f1": value}, "B": {"macro_f1": 1 - value}},
            )
        return found


def etag_of(client: FlaskClient, path: str = PATH) -> str:
    """The ETag of a page that has settled: its form's token is in the cookie by now."""
    client.get(path)
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.headers["ETag"]


def status(client: FlaskClient, etag: str, path: str = PATH) -> int:
    return client.get(path, headers={"If-None-Match": etag}).status_code


def another_score(database: Database, name: str = "alpha") -> None:
    with database.transaction() as session:
        team = session.scalars(select(Team).where(Team.name == name)).one()
        make_submission(session, problem=team.problem, team=team, scores={"A": {"macro_f1": 0.9}})


@pytest.mark.usefixtures("people")
def test_an_unchanged_board_is_not_read(
    client: FlaskClient, database: Database, count_queries: Counting
) -> None:
    etag = etag_of(client)
    with count_queries() as seen:
        answer = client.get(PATH, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", etag)
    assert not any("standing" in statement or "score" in statement for statement in seen)
    another_score(database)
    assert status(client, etag) == 200
    assert etag_of(client) != etag


@pytest.mark.usefixtures("people")
def test_every_page_language_and_theme_has_its_own(client: FlaskClient) -> None:
    etag = etag_of(client)
    for query in ("?page=2", "?board=B", "?lang=en", "?theme=dark"):
        assert status(app_client(client), etag, PATH + query) == 200, query
    client.set_cookie("theme", "dark")
    assert status(client, etag) == 200


def app_client(client: FlaskClient) -> FlaskClient:
    return client.application.test_client()


def test_nobody_is_told_that_they_have_what_another_has(
    client: FlaskClient, people: list[User], database: Database, sign_in: SignIn
) -> None:
    with database.transaction() as session:
        judge = make_user(session, role=Role.JUDGE)
        other = make_user(session)
    etags = {"": etag_of(client)}
    for person in (*people, judge, other):
        sign_in(person)
        for etag in etags.values():
            assert status(client, etag) == 200
        etags[person.name] = etag_of(client)
        assert status(client, etags[person.name]) == 304
    assert len(set(etags.values())) == 5


def test_a_new_name_rules_and_a_reveal_are_changes(
    client: FlaskClient,
    people: list[User],
    database: Database,
    clock: FrozenClock,
    sign_in: SignIn,
) -> None:
    etag = etag_of(client)
    captain = app_client(client)
    with captain.session_transaction() as cookie:
        cookie["_user_id"] = f"{people[0].id}:{people[0].session_epoch}"
    assert captain.post("/problems/pcb/team/name", data={"name": "新名字"}).status_code == 303
    assert status(client, etag) == 200
    etag = etag_of(client)
    assert "新名字" in client.get(PATH).text
    with database.transaction() as session:
        session.scalars(select(Problem)).one().board_rules = {"visible_to": "own"}
    assert status(client, etag) == 200
    etag, hidden = etag_of(client), etag_of(client, f"{PATH}?board=B")
    with database.transaction() as session:
        session.scalars(select(Problem)).one().b_revealed_at = clock.now()
    assert status(client, etag) == 200
    assert status(client, hidden, f"{PATH}?board=B") == 200


def test_what_is_said_once_is_never_kept(
    client: FlaskClient, people: list[User], sign_in: SignIn
) -> None:
    sign_in(people[0])
    etag = etag_of(client)
    with client.session_transaction() as cookie:
        cookie["_flashes"] = [("success", "said once")]
    answer = client.get(PATH, headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert "said once" in answer.text
    assert "ETag" not in answer.headers


def test_a_program_asks_with_its_etag_too(
    client: FlaskClient, people: list[User], database: Database, clock: FrozenClock
) -> None:
    headers = []
    with database.transaction() as session:
        for person in people:
            _row, token = accounts.create_token(session, person, "test", now=clock.now())
            headers.append({"Authorization": f"Bearer {token}"})
    first = client.get(f"/api/v1{PATH}", headers=headers[0])
    known = {"If-None-Match": first.headers["ETag"]}
    again = client.get(f"/api/v1{PATH}", headers=headers[0] | known)
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(f"/api/v1{PATH}", headers=headers[1] | known).status_code == 200
    another_score(database)
    assert client.get(f"/api/v1{PATH}", headers=headers[0] | known).status_code == 200
