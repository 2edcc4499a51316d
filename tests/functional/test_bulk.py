"""Acts on many submissions over HTTP: from the filter to the end."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Role, User
from app.bulk import operations
from app.bulk.models import Bulk, BulkState
from app.core.db import Database
from app.evaluations.models import State, Verdict
from app.submissions.models import Submission
from tests.factories import make_problem, make_submission, make_team, make_user

pytestmark = pytest.mark.functional
SignIn = Callable[[User], None]
BULK = "/staff/submissions/bulk"
PLAN = {"problem": "solder", "act": "retract", "reason": "重复参赛"}


@pytest.fixture
def organiser(app: Flask, database: Database, sign_in: SignIn) -> User:
    app.config["WTF_CSRF_ENABLED"] = False
    with database.transaction() as session:
        problem = make_problem(session, slug="solder")
        for number, name in enumerate(("<b>甲</b>", "乙", "丙")):
            team = make_team(session, problem=problem, name=name)
            scores = {"A": {"macro_f1": 0.9 - number / 10}}
            make_submission(session, problem=problem, team=team, scores=scores)
        make_submission(
            session,
            problem=problem,
            state=State.FAILED,
            verdict=Verdict.SYSTEM_ERROR,
        )
        user = make_user(session, role=Role.ORGANISER)
    sign_in(user)
    return user


@pytest.mark.usefixtures("organiser")
def test_from_the_filter_to_the_end(client: FlaskClient, database: Database) -> None:
    client.get("/?lang=en")
    chosen = client.get(f"{BULK}?problem=solder&team=b").text
    assert "1 submissions fit" in chosen
    assert "&lt;b&gt;甲" in chosen
    sent = client.post(BULK, data=PLAN | {"team": "甲"})
    assert sent.headers["Location"] == f"{BULK}/1"
    planned = client.get(f"{BULK}/1").text
    assert "Nothing has been done yet" in planned
    assert "2 teams gain ranks, 0 lose ranks, 1 leave the board" in planned
    assert "Retract 1 submissions" in planned
    board = client.get("/problems/solder/leaderboard").text
    assert "甲" in board
    assert client.post(f"{BULK}/1/confirm").status_code == 303
    assert client.get(f"{BULK}/1/status.json").get_json() == {
        "state": "done",
        "version": "done-0-0",
        "total": 1,
        "finished": 1,
        "skipped": 0,
        "done": True,
    }
    assert "甲" not in client.get("/problems/solder/leaderboard").text
    again = client.post(f"{BULK}/1/confirm", follow_redirects=True).text
    assert "not possible any more" in again
    with database.reading() as session:
        retracted = session.scalars(
            select(Submission.id).where(Submission.retracted_at.is_not(None))
        ).all()
    assert retracted == [1]


@pytest.mark.usefixtures("organiser")
def test_many_are_weighed_and_done_by_the_scheduler(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "WEIGHED_AT_ONCE", 1)
    monkeypatch.setattr(operations, "PIECE", 1)
    client.post(BULK, data=PLAN)
    assert "data-live-pending" in client.get(f"{BULK}/1").text
    refused = client.post(f"{BULK}/1/confirm", follow_redirects=True)
    assert refused.status_code == 200
    client.post(f"{BULK}/1/weigh")
    client.post(f"{BULK}/1/confirm")
    assert client.get(f"{BULK}/1/status.json").get_json()["state"] == "under_way"
    client.post(f"{BULK}/1/stop")
    with database.reading() as session:
        assert session.get_one(Bulk, 1).state is BulkState.STOPPED
    assert client.get(f"{BULK}/1/status.json").get_json()["skipped"] == 3


@pytest.mark.usefixtures("organiser")
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"reason": " "}, 422),
        ({"reason": "x" * 501}, 422),
        ({"act": "delete"}, 422),
        ({"team": "nobody"}, 422),
        ({"problem": "absent"}, 404),
        ({"problem": ""}, 404),
    ],
)
def test_what_makes_no_plan_is_refused(
    client: FlaskClient, database: Database, changes: dict[str, str], status: int
) -> None:
    assert client.post(BULK, data=PLAN | changes).status_code == status
    with database.reading() as session:
        assert session.scalars(select(Bulk)).all() == []


@pytest.mark.usefixtures("organiser")
@pytest.mark.parametrize("odd", ["state=x", "verdict=%00", "since=9999-12-31", "board=C", "page=x"])
def test_odd_filters_do_not_narrow(client: FlaskClient, odd: str) -> None:
    answer = client.get(f"{BULK}?problem=solder&lang=en&{odd}")
    assert answer.status_code == (400 if "%00" in odd else 200)


@pytest.mark.usefixtures("organiser")
def test_a_plan_can_be_discarded(client: FlaskClient) -> None:
    client.post(BULK, data=PLAN)
    assert client.post(f"{BULK}/1/discard").headers["Location"] == BULK
    assert client.get(f"{BULK}/1").status_code == 404
    assert client.post(f"{BULK}/1/discard").status_code == 404
    assert client.post(f"{BULK}/1/confirm").status_code == 404


@pytest.mark.usefixtures("organiser")
def test_the_pages_cost_the_same_however_many_there_are(
    client: FlaskClient,
    database: Database,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    costs = []
    for _ in range(2):
        client.post(BULK, data=PLAN)
        number = re.findall(rf"{BULK}/(\d+)", client.get(BULK).text)[0]
        with count_queries() as listed:
            client.get(f"{BULK}?problem=solder")
        with count_queries() as shown:
            client.get(f"{BULK}/{number}")
        costs.append((len(listed), len(shown)))
        with database.transaction() as session:
            problem = session.scalars(select(Submission)).all()[0].problem
            for _ in range(3):
                make_submission(session, problem=problem, scores={"A": {"macro_f1": 0.1}})
    assert costs[0] == costs[1]
    assert max(costs[0]) <= 16
