"""People form teams, problem by problem."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import Role, User
from app.core.db import Database
from app.problems.models import Board, Problem
from app.teams import queries
from app.teams.models import Membership, Team
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional

SignIn = Callable[[User], None]
PAGE = "/problems/pcb/team"
ACTIONS = (
    "",
    "/join",
    "/leave",
    "/name",
    "/code",
    "/members/{other}/remove",
    "/members/{other}/captain",
)


@pytest.fixture(autouse=True)
def _without_csrf(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def problem(database: Database) -> Problem:
    with database.transaction() as session:
        return make_problem(session, slug="pcb")


@pytest.fixture
def captain(database: Database, problem: Problem) -> User:
    """The captain of the team 百景队, whose other member is 李雷."""
    with database.transaction() as session:
        held = session.get_one(Problem, problem.id)
        captain = make_user(session, name="韩梅梅")
        team = make_team(session, problem=held, captain=captain, name="百景队")
        team.invite_code = "ABCDEFGH23"
        other = make_user(session, name="李雷")
        team.members.append(Membership(problem_id=held.id, user=other, joined_at=team.created_at))
        return captain


def person(database: Database, role: Role = Role.PARTICIPANT, name: str | None = None) -> User:
    with database.transaction() as session:
        return make_user(session, role=role, name=name)


def find(database: Database, name: str) -> User:
    with database.reading() as session:
        return session.query(User).filter_by(name=name).one()


def members(database: Database, team: str = "百景队") -> list[str]:
    with database.reading() as session:
        found = session.query(Team).filter_by(name=team).one()
        return [member.user.name for member in queries.list_members(session, found)]


@pytest.mark.usefixtures("problem")
def test_a_person_founds_a_team_and_another_joins_it(
    app: Flask, client: FlaskClient, database: Database, sign_in: SignIn
) -> None:
    sign_in(person(database, name="韩梅梅"))
    assert "您尚未加入本赛题的队伍" in client.get(PAGE).text
    assert client.post(PAGE, data={"name": "百景队"}).status_code == 303
    page = client.get(PAGE).text
    code = re.search(r">([2-9A-HJKMNP-Z]{10})<", page)
    assert code is not None
    client.post("/sign-out")
    sign_in(person(database, name="李雷"))
    assert f'value="{code.group(1)}"' in client.get(f"{PAGE}?code={code.group(1)}").text
    joined = client.post(f"{PAGE}/join", data={"code": code.group(1).lower()})
    assert joined.status_code == 303
    assert members(database) == ["韩梅梅", "李雷"]


@pytest.mark.usefixtures("captain")
@pytest.mark.parametrize(
    ("path", "data", "words"),
    [
        ("", {"name": "百景队"}, "已有名为"),
        ("", {"name": "x"}, "2 至 30"),
        ("/join", {"code": "NOSUCHCODE"}, "没有使用该邀请码"),
    ],
)
def test_what_is_wrong_stands_next_to_the_field(
    client: FlaskClient,
    database: Database,
    sign_in: SignIn,
    path: str,
    data: dict[str, str],
    words: str,
) -> None:
    sign_in(person(database))
    answer = client.post(f"{PAGE}{path}", data=data)
    assert answer.status_code == 400
    errors = re.search(r'class="field__errors"[^>]*>(.*?)</ul>', answer.text, re.DOTALL)
    assert errors is not None
    assert words in errors.group(1)


@pytest.mark.usefixtures("captain")
def test_guessing_codes_is_slowed(client: FlaskClient, database: Database, sign_in: SignIn) -> None:
    sign_in(person(database))
    codes = [client.post(f"{PAGE}/join", data={"code": f"GUESS{n}"}).status_code for n in range(12)]
    assert codes == [400] * 10 + [429] * 2


def test_a_captain_runs_the_team(
    client: FlaskClient, database: Database, captain: User, sign_in: SignIn
) -> None:
    other = find(database, "李雷")
    sign_in(captain)
    assert client.post(f"{PAGE}/name", data={"name": "松山湖队"}).status_code == 303
    assert client.post(f"{PAGE}/code").status_code == 303
    page = client.get(PAGE).text
    assert "松山湖队" in page
    assert "ABCDEFGH23" not in page
    assert client.post(f"{PAGE}/leave").status_code == 409
    assert client.post(f"{PAGE}/members/{other.id}/captain").status_code == 303
    assert client.post(f"{PAGE}/members/{other.id}/remove").status_code == 403
    assert client.post(f"{PAGE}/leave").status_code == 303
    assert members(database, "松山湖队") == ["李雷"]


def test_a_removed_member_needs_a_new_code(
    client: FlaskClient, database: Database, captain: User, sign_in: SignIn
) -> None:
    other = find(database, "李雷")
    sign_in(captain)
    assert client.post(f"{PAGE}/members/{other.id}/remove").status_code == 303
    assert members(database) == ["韩梅梅"]
    sign_in(other)
    assert client.post(f"{PAGE}/join", data={"code": "ABCDEFGH23"}).status_code == 400


def test_the_last_member_stays_with_what_was_submitted(
    client: FlaskClient, database: Database, problem: Problem, sign_in: SignIn
) -> None:
    with database.transaction() as session:
        held = session.get_one(Problem, problem.id)
        user = make_user(session)
        make_submission(session, problem=held, team=make_team(session, problem=held, captain=user))
    sign_in(user)
    assert client.post(f"{PAGE}/leave").status_code == 409
    assert client.get(PAGE).status_code == 200


def test_after_stage_a_nothing_changes(
    client: FlaskClient,
    database: Database,
    clock: FrozenClock,
    problem: Problem,
    captain: User,
    sign_in: SignIn,
) -> None:
    with database.transaction() as session:
        stage = session.get_one(Problem, problem.id).stage(Board.A)
        assert stage is not None
        stage.closes_at = clock.now() - timedelta(seconds=1)
    other = find(database, "李雷")
    sign_in(captain)
    page = client.get(PAGE).text
    assert "队伍不可再变更" in page
    # one's own name in public is nothing of the contest
    main = page[page.index("<main") : page.index("</main>")]
    assert re.findall(r'action="([^"]+)"', main) == [f"{PAGE}/public-name"]
    for path in ("/leave", "/code", f"/members/{other.id}/remove", f"/members/{other.id}/captain"):
        assert client.post(f"{PAGE}{path}").status_code == 409
    assert client.post(f"{PAGE}/name", data={"name": "松山湖队"}).status_code == 409
    sign_in(person(database))
    assert client.post(PAGE, data={"name": "另一队"}).status_code == 409
    assert client.post(f"{PAGE}/join", data={"code": "ABCDEFGH23"}).status_code == 409
    assert members(database) == ["韩梅梅", "李雷"]


@pytest.mark.parametrize("who", ["visitor", "stranger", "judge", "organiser", "admin"])
def test_outsiders_change_no_team(
    client: FlaskClient, database: Database, captain: User, sign_in: SignIn, who: str
) -> None:
    other = find(database, "李雷")
    if who != "visitor":
        sign_in(person(database, Role.PARTICIPANT if who == "stranger" else Role(who)))
    data = {"name": "百景队", "code": "NOSUCHCODE"}
    expected = {"visitor": {303}, "stranger": {400, 404}}.get(who, {403, 404})
    for action in ACTIONS:
        answer = client.post(f"{PAGE}{action.format(other=other.id)}", data=data)
        assert answer.status_code in expected, action
        if who == "visitor":
            assert answer.location.startswith("/sign-in")
    assert members(database) == ["韩梅梅", "李雷"]
    with database.reading() as session:
        team = session.query(Team).one()
    assert (team.captain_id, team.invite_code) == (captain.id, "ABCDEFGH23")


@pytest.mark.usefixtures("problem")
@pytest.mark.parametrize("role", [Role.JUDGE, Role.ORGANISER, Role.ADMIN])
def test_staff_have_no_team_page(
    client: FlaskClient, database: Database, sign_in: SignIn, role: Role
) -> None:
    sign_in(person(database, role))
    assert client.get(PAGE).status_code == 403


def test_a_problem_one_may_not_see_has_no_team_page(
    client: FlaskClient, database: Database, clock: FrozenClock, problem: Problem, sign_in: SignIn
) -> None:
    with database.transaction() as session:
        session.get_one(Problem, problem.id).withdrawn_at = clock.now()
    sign_in(person(database))
    assert client.get(PAGE).status_code == 404
    assert client.post(PAGE, data={"name": "百景队"}).status_code == 404
    assert client.get("/problems/nowhere/team").status_code == 404
