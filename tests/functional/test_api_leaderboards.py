"""A program reads boards."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts import operations as accounts
from app.accounts.models import Role, User
from app.core.db import Database
from app.problems.models import Board, Problem
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.factories.accounts import CREATED
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional

Read = Callable[..., TestResponse]


@pytest.fixture
def read(client: FlaskClient, database: Database, clock: FrozenClock) -> Read:
    def get(user: User, query: str = "", slug: str = "pcb") -> TestResponse:
        with database.transaction() as session:
            _row, token = accounts.create_token(session, user, "test", now=clock.now())
        return client.get(
            f"/api/v1/problems/{slug}/leaderboard{query}",
            headers={"Authorization": f"Bearer {token}"},
        )

    return get


@pytest.fixture
def people(database: Database) -> list[User]:
    """Three teams on a board with a baseline; the first person's team is second."""
    with database.transaction() as session:
        problem = make_problem(session, slug="pcb")
        found = []
        for number, (name, value) in enumerate(
            [("百景队", 0.8), ("松山湖队", 0.9), ("滨海队", 0.7)]
        ):
            user = make_user(session)
            team = make_team(session, problem=problem, captain=user, name=name)
            for attempt, score in enumerate((value - 0.1, value)):
                make_submission(
                    session,
                    problem=problem,
                    team=team,
                    at=CREATED + timedelta(hours=attempt, minutes=number),
                    scores={
                        "A": {"macro_f1": score, "accuracy": score},
                        "B": {"macro_f1": 1 - score, "accuracy": 0.5},
                    },
                )
            found.append(user)
        make_submission(
            session,
            problem=problem,
            baseline=True,
            scores={"A": {"macro_f1": 0.6, "accuracy": 0.6}},
        )
        return found


def test_a_board_ranks_teams_and_keeps_baselines_apart(read: Read, people: list[User]) -> None:
    body = read(people[0]).get_json()
    assert (body["board"], body["total"], body["page"], body["per_page"]) == ("A", 3, 1, 20)
    assert [(row["rank"], row["team"]["name"]) for row in body["items"]] == [
        (1, "松山湖队"),
        (2, "百景队"),
        (3, "滨海队"),
    ]
    first = body["items"][0]
    assert isinstance(first["team"]["id"], str)
    assert first["scores"] == {"macro_f1": 0.9, "accuracy": 0.9}
    assert (first["entries"], first["last_at"]) == (2, "2029-12-01T09:01:00.000+08:00")
    assert [row["scores"]["macro_f1"] for row in body["baselines"]] == [0.6]
    assert (body["own"]["rank"], body["own"]["team"]["name"]) == (2, "百景队")


def test_pages_of_a_board(read: Read, people: list[User]) -> None:
    body = read(people[0], "?page=2&per_page=2").get_json()
    assert [row["rank"] for row in body["items"]] == [3]
    assert (body["total"], body["page"], body["per_page"]) == (3, 2, 2)
    assert body["own"]["rank"] == 2


@pytest.mark.usefixtures("people")
def test_somebody_without_a_team_has_no_row(read: Read, database: Database) -> None:
    with database.transaction() as session:
        user = make_user(session)
    assert read(user).get_json()["own"] is None


def test_board_b_is_hidden_until_the_reveal(
    read: Read, people: list[User], database: Database, clock: FrozenClock
) -> None:
    refused = read(people[0], "?board=B")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "board_hidden")
    with database.transaction() as session:
        judge = make_user(session, role=Role.JUDGE)
    # what counts on A counts on B, where the order may be another
    shown = read(judge, "?board=B").get_json()
    assert [row["team"]["name"] for row in shown["items"]] == ["滨海队", "百景队", "松山湖队"]
    with database.transaction() as session:
        session.query(Problem).one().b_revealed_at = clock.now()
    assert read(people[0], "?board=B").get_json()["items"] == shown["items"]


def test_what_is_not_there(read: Read, database: Database) -> None:
    with database.transaction() as session:
        make_problem(session, slug="one-board", boards=(Board.A,))
        user = make_user(session)
    missing = read(user, "?board=B", "one-board")
    assert (missing.status_code, missing.get_json()["code"]) == (404, "board_not_found")
    assert read(user, "", "nowhere").status_code == 404
    assert read(user, "?board=C", "one-board").status_code == 400
