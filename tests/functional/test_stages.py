from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import Role, User
from app.core.db import Database
from app.core.platform import Platform
from app.problems import queries
from app.problems.models import Board, Problem, StageState
from app.problems.organiser_settings import show_settings
from tests.factories import make_problem, make_user
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional
SignIn = Callable[[User], None]
PAGE = "/staff/problems/plain"
WRITES = [
    PAGE,
    f"{PAGE}/stages/A/open",
    f"{PAGE}/stages/A/close",
    f"{PAGE}/reveal-b",
    f"{PAGE}/reveal-seed",
    f"{PAGE}/announcements",
]


@pytest.fixture(autouse=True)
def plain(app: Flask, database: Database) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    with database.transaction() as session:
        make_problem(session, slug="plain")


def enter(database: Database, sign_in: SignIn, role: Role) -> None:
    with database.transaction() as session:
        user = make_user(session, role=role)
    sign_in(user)


def problem(database: Database) -> Problem:
    with database.reading() as session:
        return queries.get_problem(session, "plain")


def state(database: Database, clock: FrozenClock, board: Board = Board.A) -> StageState:
    stage = problem(database).stage(board)
    assert stage is not None
    return stage.state(clock.now())


def test_an_organiser_closes_and_opens_a_stage(
    client: FlaskClient, database: Database, clock: FrozenClock, sign_in: SignIn
) -> None:
    enter(database, sign_in, Role.ORGANISER)
    assert client.post(f"{PAGE}/stages/A/close").status_code == 303
    assert state(database, clock) is StageState.CLOSED
    assert "不允许此操作" in client.post(f"{PAGE}/stages/A/close", follow_redirects=True).text
    clock.tick(timedelta(hours=1))
    client.post(f"{PAGE}/stages/A/open")
    client.post(f"{PAGE}/stages/B/open")
    assert state(database, clock) is state(database, clock, Board.B) is StageState.OPEN
    assert client.post(f"{PAGE}/stages/C/open").status_code == 404


def test_an_organiser_saves_what_changed_and_nothing_else(
    client: FlaskClient, database: Database, clock: FrozenClock, sign_in: SignIn
) -> None:
    enter(database, sign_in, Role.ORGANISER)
    client.post(f"{PAGE}/stages/A/close")
    clock.tick(timedelta(microseconds=5))
    client.post(f"{PAGE}/stages/A/open")
    form = {name.replace(".", "_"): text for name, text in show_settings(problem(database)).items()}
    saved = client.post(PAGE, data=form | {"team_size": "2", "a_closes_at": "2030-06-30 24:00"})
    assert saved.status_code == 303
    after = show_settings(problem(database))
    assert (after["team_size"], after["a.closes_at"]) == ("2", "2030-07-01 00:00")
    assert after["submissions_per_day"] == "3"
    assert "2030年7月1日 00:00（北京时间）" in client.get("/problems/plain").text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("submissions_per_day", "viele", "不能设为“viele”"),
        ("a_closes_at", "<b>bald</b>", "不能设为“&lt;b&gt;bald"),
        ("a_closes_at", "2029-01-01 00:00", "开始时间须早于截止时间"),
    ],
)
def test_a_wrong_setting_is_explained_beside_the_form(
    client: FlaskClient,
    database: Database,
    sign_in: SignIn,
    field: str,
    value: str,
    words: str,
) -> None:
    enter(database, sign_in, Role.ORGANISER)
    before = show_settings(problem(database))
    form = {name.replace(".", "_"): text for name, text in before.items()}
    refused = client.post(PAGE, data=form | {field: value, "team_size": "9"})
    assert refused.status_code == 422
    assert words in refused.text
    assert show_settings(problem(database)) == before


def test_board_b_is_revealed_after_one_more_question_and_once(
    client: FlaskClient, database: Database, sign_in: SignIn
) -> None:
    enter(database, sign_in, Role.ORGANISER)
    asked = client.get(f"{PAGE}/reveal-b").text
    assert "此操作不可撤销" in asked
    assert "A阶段仍在进行" in asked
    assert problem(database).b_revealed_at is None
    assert "B榜已公布" in client.post(f"{PAGE}/reveal-b", follow_redirects=True).text
    first = problem(database).b_revealed_at
    assert "此项已公布" in client.post(f"{PAGE}/reveal-b", follow_redirects=True).text
    assert problem(database).b_revealed_at == first


def test_the_seed_is_revealed_after_the_end(
    client: FlaskClient,
    database: Database,
    platform: Platform,
    clock: FrozenClock,
    sign_in: SignIn,
) -> None:
    enter(database, sign_in, Role.ORGANISER)
    with database.transaction() as session:
        revision = queries.get_current_revision(session, queries.get_problem(session, "plain"))
        revision.sealed_seed = platform.seal.seal("123456789123 ab")
        revision.seed_commitment = "c" * 64
    early = client.post(f"{PAGE}/reveal-seed", follow_redirects=True).text
    assert "方可公布种子" in early
    clock.tick(timedelta(hours=1))
    client.post(f"{PAGE}/stages/A/close")
    client.post(f"{PAGE}/reveal-b")
    assert "不能再次使用" in client.get(f"{PAGE}/reveal-seed").text
    client.post(f"{PAGE}/reveal-seed")
    assert "123456789123" in client.get("/problems/plain").text


@pytest.mark.parametrize("address", WRITES)
@pytest.mark.parametrize(
    ("role", "status"), [(None, 303), (Role.PARTICIPANT, 403), (Role.JUDGE, 403)]
)
def test_only_organisers_write(
    client: FlaskClient,
    database: Database,
    sign_in: SignIn,
    address: str,
    role: Role | None,
    status: int,
) -> None:
    if role is not None:
        enter(database, sign_in, role)
    before = show_settings(problem(database))
    form = {"team_size": "9", "title": "x", "body": "x"}
    assert client.post(address, data=form).status_code == status
    assert show_settings(problem(database)) == before
    assert problem(database).b_revealed_at is None


def test_judges_read_the_pages_and_see_no_forms(
    client: FlaskClient, database: Database, sign_in: SignIn
) -> None:
    enter(database, sign_in, Role.JUDGE)
    page = client.get(PAGE)
    assert page.status_code == 200
    assert PAGE + "/stages" not in page.text
    assert "每队每日提交次数" in page.text
    assert "plain" in client.get("/staff/problems").text
    enter(database, sign_in, Role.PARTICIPANT)
    assert client.get(PAGE).status_code == 403
    assert client.get("/staff/problems").status_code == 403


def test_a_form_from_another_site_is_refused(
    app: Flask, client: FlaskClient, database: Database, sign_in: SignIn
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    enter(database, sign_in, Role.ORGANISER)
    assert client.post(f"{PAGE}/reveal-b").status_code == 400
    assert problem(database).b_revealed_at is None
