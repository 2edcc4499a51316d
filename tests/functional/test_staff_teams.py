import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Role, User
from app.accounts.operations import create_user
from app.core.audit import AuditEntry
from app.core.db import Database
from app.problems.models import Problem
from app.teams.models import Membership, Team
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.factories.accounts import CREATED
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def organiser(app: Flask, database: Database, sign_in: Callable[[User], None]) -> User:
    app.config["WTF_CSRF_ENABLED"] = False
    with database.transaction() as session:
        user = make_user(session, role=Role.ORGANISER)
    sign_in(user)
    return user


@pytest.fixture
def problem(database: Database) -> Problem:
    with database.transaction() as session:
        return make_problem(session, slug="pcb")


def add_member(database: Database, team: Team, name: str) -> int:
    with database.transaction() as session:
        user = make_user(session, name=name)
        session.add(
            Membership(
                team_id=team.id, problem_id=team.problem_id, user_id=user.id, joined_at=CREATED
            )
        )
        return user.id


def found(database: Database, problem: Problem, name: str) -> Team:
    with database.transaction() as session:
        return make_team(session, problem=session.merge(problem), name=name)


def move(client: FlaskClient, team: Team, target: Team, user_id: int, reason: str = "合并") -> str:
    return client.post(
        f"/staff/teams/{team.id}/members/{user_id}/move",
        data={"target": str(target.id), "reason": reason},
        follow_redirects=True,
    ).text


def members(database: Database, team: Team) -> list[int]:
    with database.reading() as session:
        rows = select(Membership.user_id).where(Membership.team_id == team.id)
        return list(session.scalars(rows.order_by(Membership.id)))


@pytest.mark.parametrize("text", ["松山湖", "songshan", "ssh", "zhangw", "王小明 松山", "member@"])
def test_a_team_is_found_by_its_name_its_members_and_pinyin(
    client: FlaskClient, database: Database, problem: Problem, text: str
) -> None:
    team = found(database, problem, "松山湖战队")
    found(database, problem, "Others")
    add_member(database, team, "张伟")
    user = add_member(database, team, "王小明")
    with database.transaction() as session:
        session.get_one(User, user).email = "member@example.org"
    page = client.get("/staff/teams", query_string={"q": text}).text
    assert "松山湖战队" in page
    assert "Others" not in page


def test_people_are_found_by_pinyin_with_their_teams(
    client: FlaskClient, database: Database, problem: Problem
) -> None:
    team = found(database, problem, "松山湖战队")
    user = add_member(database, team, "张伟")
    assert "张伟" in client.get("/staff/users?q=zhangwei").text
    assert f"/staff/teams/{team.id}" in client.get(f"/staff/users/{user}").text


def test_in_a_contest_that_approves_teams_one_submits_after_approval(
    app: Flask, client: FlaskClient, database: Database, problem: Problem
) -> None:
    team = found(database, problem, "候审队")
    with database.transaction() as session:
        session.get_one(Problem, problem.id).contest.approves_teams = True
        captain = session.get_one(Team, team.id).captain_id
    member = app.test_client()
    with member.session_transaction() as cookie:
        cookie["_user_id"] = f"{captain}:0"
    path = "/problems/pcb/submit"
    assert "等待审核" in member.get(path).text
    assert "等待审核" in member.get("/problems/pcb/team").text
    answer = {"kind": "predictions", "board": "A", "file": (io.BytesIO(b"id,label\n"), "a.csv")}
    refused = member.post(path, data=answer)
    assert refused.status_code == 403
    assert "须经组织者审核" in refused.text
    waiting = client.get("/staff/teams?show=waiting").text
    assert "候审队" in waiting
    client.post(f"/staff/teams/{team.id}/approve")
    assert "候审队" not in client.get("/staff/teams?show=waiting").text
    assert "等待审核" not in member.get(path).text
    nameless = client.post(f"/staff/teams/{team.id}/take-back", data={}, follow_redirects=True)
    assert "请填写原因" in nameless.text
    client.post(f"/staff/teams/{team.id}/take-back", data={"reason": "资格不符"})
    assert "等待审核" in member.get(path).text
    with database.reading() as session:
        rows = select(AuditEntry.action).where(AuditEntry.subject == f"team:{team.id}")
        actions = list(session.scalars(rows.order_by(AuditEntry.id)))
    assert actions == ["team.approve", "team.take_back_approval"]


def test_a_captain_is_moved_and_the_next_member_leads(
    client: FlaskClient, database: Database, problem: Problem
) -> None:
    team, target = found(database, problem, "甲队"), found(database, problem, "乙队")
    other = add_member(database, team, "成员")
    page = client.get(f"/staff/teams/{team.id}?to=乙").text
    assert "乙队" in page
    assert "请填写原因" in move(client, team, target, team.captain_id, reason=" ")
    assert "该成员已调至另一支队伍" in move(client, team, target, team.captain_id)
    assert members(database, team) == [other]
    assert team.captain_id in members(database, target)
    with database.reading() as session:
        left = session.get_one(Team, team.id)
        assert left.captain_id == other
        assert left.invite_code != team.invite_code
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "team.move_member")
        ).one()
        assert entry.facts["reason"] == "合并"


def test_the_rules_of_teams_hold_for_organisers_too(
    client: FlaskClient, database: Database, problem: Problem, clock: FrozenClock
) -> None:
    team, target = found(database, problem, "甲队"), found(database, problem, "乙队")
    with database.transaction() as session:
        elsewhere = make_team(session, problem=make_problem(session))
        session.get_one(Problem, problem.id).team_size = 1
    assert "只能调往同一赛题" in move(client, team, elsewhere, team.captain_id)
    assert "只能调往同一赛题" in move(client, team, team, team.captain_id)
    assert "队伍已满" in move(client, team, target, team.captain_id)
    with database.transaction() as session:
        held = session.get_one(Problem, problem.id)
        held.team_size = 3
        make_submission(session, problem=held, team=session.get_one(Team, team.id))
    assert "不能没有成员" in move(client, team, target, team.captain_id)
    assert "该成员已调至另一支队伍" in move(client, target, team, target.captain_id)
    assert client.get(f"/staff/teams/{target.id}").status_code == 404  # it had handed in nothing
    third = found(database, problem, "丙队")
    with database.transaction() as session:
        stage = session.get_one(Problem, problem.id).stages[0]
        stage.closes_at = clock.now() - timedelta(hours=1)
    assert "已截止" in client.get(f"/staff/teams/{third.id}").text
    before = members(database, team)
    move(client, team, third, target.captain_id)
    assert members(database, team) == before


def test_who_is_disabled_reads_why_and_cannot_be_disabled_without(
    app: Flask, client: FlaskClient, database: Database
) -> None:
    with database.transaction() as session:
        user = create_user(
            session, email="cheat@example.org", name="张三", password=PASSWORD, now=CREATED
        )
    refused = client.post(f"/staff/users/{user.id}/disable", follow_redirects=True)
    assert "须填写原因" in refused.text
    client.post(f"/staff/users/{user.id}/disable", data={"reason": "一人多号"})
    assert "一人多号" in client.get(f"/staff/users/{user.id}").text
    visitor = app.test_client()
    sign_in = {"email": "cheat@example.org", "password": PASSWORD}
    assert "此账号已停用：一人多号。" in visitor.post("/sign-in", data=sign_in).text
    wrong = visitor.post("/sign-in", data=sign_in | {"password": "wrong"})
    assert "一人多号" not in wrong.text
    client.post(f"/staff/users/{user.id}/enable")
    assert visitor.post("/sign-in", data=sign_in).status_code == 303


def test_the_list_of_teams_costs_the_same_queries_however_long(
    client: FlaskClient,
    database: Database,
    problem: Problem,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    found(database, problem, "第一队")
    with count_queries() as few:
        client.get("/staff/teams")
    for number in range(6):
        add_member(database, found(database, problem, f"Team no {number}"), f"Person no {number}")
    with count_queries() as many:
        client.get("/staff/teams")
    assert len(many) == len(few)
