"""Who sees where an answer is wrong: staff always, a team on A where organisers let it."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Role, User
from app.core.db import Database
from app.evaluations.models import Evaluation
from app.problems.models import Problem
from tests.factories import make_problem, make_submission, make_team, make_user

pytestmark = pytest.mark.functional

SignIn = Callable[[User], None]
CONFUSION = {
    "column": "macro_f1",
    "kind": "confusion",
    "labels": ["<b>ok</b>", "open"],
    "others": 3,
    "counts": [[31337, 1, 0], [2, 5, 0], [0, 0, 0]],
}
RESIDUALS = {
    "column": "rmse",
    "kind": "residuals",
    "low": 0.0,
    "high": 10.0,
    "reach": 2.0,
    "bias": 0.5,
    "distance": 0.75,
    "counts": [[0, 0], [0, 41414], [0, 1]],
}


@pytest.fixture
def page(database: Database, client: FlaskClient, sign_in: SignIn) -> Callable[[str], str]:
    with database.transaction() as session:
        problem = make_problem(session, slug="pcb")
        people = {"member": make_user(session), "judge": make_user(session, role=Role.JUDGE)}
        team = make_team(session, problem=problem, captain=people["member"])
        scores = {"A": {"macro_f1": 0.5}, "B": {"macro_f1": 0.4}}
        number = make_submission(session, problem=problem, team=team, scores=scores).id
        session.scalars(select(Evaluation)).one().pictures = {"A": CONFUSION, "B": RESIDUALS}

    def read(name: str) -> str:
        sign_in(people[name])
        return client.get(f"/submissions/{number}?lang=en").text

    return read


def test_staff_see_every_board_in_a_drawing_and_a_table(page: Callable[[str], str]) -> None:
    seen = page("judge")
    assert "Confusions, board A" in seen
    assert "Residuals, board B" in seen
    assert "31337" in seen
    assert "41414" in seen
    assert "<b>ok</b>" not in seen
    assert seen.count("As a table") == 2


def test_a_team_sees_a_where_organisers_let_it_and_b_never(
    page: Callable[[str], str], database: Database
) -> None:
    assert "31337" not in page("member")
    with database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        problem.board_rules = {"explain_a": True}
        problem.b_revealed_at = problem.created_at
    seen = page("member")
    assert "31337" in seen
    assert "41414" not in seen
