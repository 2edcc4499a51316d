"""The leaderboard as people read it."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Role, User
from app.core.db import Database
from app.evaluations import views as submission_views
from app.leaderboards import views
from app.problems.models import Board, Problem, TieRule
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.factories.accounts import CREATED
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional

SignIn = Callable[[User], None]
Counting = Callable[[], AbstractContextManager[list[str]]]
PATH = "/problems/pcb/leaderboard"
LONG = "北方工业大学智能制造与运筹优化联合实验室第三调度研究小组暨华南校友联队东莞"


@pytest.fixture(autouse=True)
def _registered(app: Flask) -> None:
    for module in (views, submission_views):
        if module.blueprint.name not in app.blueprints:
            app.register_blueprint(module.blueprint)


def fill(database: Database, scores: dict[str, float], baseline: float = 0.5) -> None:
    with database.transaction() as session:
        problem = make_problem(session, slug="pcb")
        make_submission(
            session,
            problem=problem,
            baseline=True,
            scores={"A": {"macro_f1": baseline}, "B": {"macro_f1": baseline}},
        )
        for number, (name, value) in enumerate(scores.items()):
            user = make_user(session, name=name)
            team = make_team(session, problem=problem, captain=user, name=name)
            make_submission(
                session,
                problem=problem,
                team=team,
                at=CREATED + timedelta(hours=number),
                scores={"A": {"macro_f1": value}, "B": {"macro_f1": 1 - value}},
            )


def rows_of(page: str) -> list[str]:
    """The rows from the top as `rank name score`, the baseline as `- Baseline score`."""
    found = []
    for row in re.findall(r'<tr class="board__.*?</tr>', page, re.DOTALL):
        rank = re.search(r'board__rank"[^>]*>(\d*)<', row)
        name = re.search(r'board__(?:baseline-)?name"[^>]*>([^<]+)<', row)
        score = re.search(r"(\d\.\d{5})", row)
        assert rank is not None
        assert name is not None
        assert score is not None
        found.append(f"{rank.group(1) or '-'} {name.group(1)} {score.group(1)}")
    return found


def test_teams_are_ranked_and_the_baseline_divides_them(
    client: FlaskClient, database: Database
) -> None:
    fill(database, {"低": 0.25, LONG: 0.75, "same as the baseline": 0.5, "equal, later": 0.75})
    page = client.get(f"{PATH}?lang=en").text
    assert rows_of(page) == [
        f"1 {LONG} 0.75000",
        "2 equal, later 0.75000",
        "3 same as the baseline 0.50000",
        "- Baseline 0.50000",
        "4 低 0.25000",
    ]
    assert "4 teams" in page
    assert "the one that submitted earlier is first" in page


def test_shared_ranks_are_said(client: FlaskClient, database: Database) -> None:
    fill(database, {"a": 0.75, "b": 0.75, "c": 0.5})
    with database.transaction() as session:
        session.scalars(select(Problem)).one().tie_rule = TieRule.SHARED
    page = client.get(f"{PATH}?lang=zh-Hans").text
    assert [row.split()[0] for row in rows_of(page) if "基线" not in row] == ["1", "1", "3"]
    assert "得分相同的队伍名次并列。" in page


def test_b_is_hidden_until_it_is_revealed(
    client: FlaskClient, database: Database, clock: FrozenClock, sign_in: SignIn
) -> None:
    fill(database, {"a": 0.75, "b": 0.5})
    hidden = client.get(f"{PATH}?board=B&lang=en").text
    assert "hidden until the organisers reveal it" in hidden
    assert rows_of(hidden) == []
    assert "0.25000" not in hidden
    with database.transaction() as session:
        judge = make_user(session, role=Role.JUDGE)
    sign_in(judge)
    seen = client.get(f"{PATH}?board=B&lang=en").text
    assert "staff alone see this" in seen
    assert rows_of(seen)[0] == "1 b 0.50000"
    with database.transaction() as session:
        session.scalars(select(Problem)).one().b_revealed_at = clock.now()
    client.delete_cookie("session")
    assert rows_of(client.get(f"{PATH}?board=B&lang=en").text)[0] == "1 b 0.50000"


def test_a_problem_with_one_board_says_nothing_of_another(
    client: FlaskClient, database: Database
) -> None:
    with database.transaction() as session:
        make_problem(session, slug="pcb", boards=(Board.A,))
    page = client.get(f"{PATH}?lang=en").text
    assert "Board B" not in page
    assert "No team has a score yet." in page
    assert client.get(f"{PATH}?board=B&lang=en").status_code == 200


def test_the_own_team_is_marked_and_pinned_from_another_page(
    client: FlaskClient, database: Database, sign_in: SignIn
) -> None:
    fill(database, {f"team {number}": 1 - number / 100 for number in range(60)})
    with database.reading() as session:
        last = session.scalars(select(User).where(User.name == "team 59")).one()
        first = session.scalars(select(User).where(User.name == "team 0")).one()
    assert "row--own" not in client.get(PATH).text
    sign_in(last)
    page = client.get(f"{PATH}?lang=en").text
    assert page.count("your team") == 1
    assert rows_of(page)[:2] == ["60 team 59 0.41000", "1 team 0 1.00000"]
    assert len(rows_of(page)) == 51  # fifty and the pinned one; the baseline is on page 2
    second = rows_of(client.get(f"{PATH}?page=2&lang=en").text)
    assert second[0] == "51 team 50 0.50000"
    assert second[1] == "- Baseline 0.50000"
    sign_in(first)
    assert "board__own" not in client.get(PATH).text


def test_queries_do_not_grow_with_the_board(
    client: FlaskClient, database: Database, count_queries: Counting
) -> None:
    fill(database, {"a": 0.75})
    client.get(PATH)  # the first to look has the board made
    with database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        make_submission(session, problem=problem, scores={"A": {"macro_f1": 0.5}})
    with count_queries() as few:
        client.get(PATH)
    with database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        for number in range(40):
            make_submission(session, problem=problem, scores={"A": {"macro_f1": number / 100}})
    with count_queries() as many:
        client.get(PATH)
    assert len(many) == len(few)
