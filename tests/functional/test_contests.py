from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Role, User
from app.contests.models import Contest
from app.core.audit import AuditEntry
from app.core.db import Database
from app.problems.models import Problem
from tests.factories import make_problem, make_user

pytestmark = pytest.mark.functional
AUTUMN = {
    "slug": "autumn-2030",
    "title_zh": "秋季赛",
    "title_en": "Autumn Contest",
    "description_zh": "面向**工厂**的赛事",
    "description_en": "For **factories** <script>alert(1)</script>",
    "terms_zh": "一人一队",
    "terms_en": "One person, one team",
    "areas": ["design"],
    "starts_at": "2030-01-01 00:00",
    "ends_at": "2030-03-31 24:00",
    "a_opens_at": "2030-01-10 09:00",
    "a_closes_at": "2030-02-10 24:00",
    "approves_teams": "y",
}


@pytest.fixture(autouse=True)
def organiser(app: Flask, database: Database, sign_in: Callable[[User], None]) -> User:
    app.config["WTF_CSRF_ENABLED"] = False
    with database.transaction() as session:
        user = make_user(session, role=Role.ORGANISER)
    sign_in(user)
    return user


def test_a_contest_is_made_read_cloned_and_archived(
    client: FlaskClient, database: Database
) -> None:
    assert "尚无赛事" in client.get("/staff/contests").text
    made = client.post("/staff/contests/new", data=AUTUMN)
    assert made.headers["Location"] == "/staff/contests/autumn-2030"
    seen = client.get("/contests/autumn-2030").text
    assert "<strong>工厂</strong>" in seen
    assert "2030年2月11日 00:00（北京时间）" in seen  # 24:00 is the end of the day
    english = client.get("/contests/autumn-2030?lang=en").text
    assert "One person, one team" in english
    assert "<script>alert" not in english
    form = client.get("/staff/contests/new?from=autumn-2030&lang=zh-Hans").text
    assert "面向**工厂**的赛事" in form
    copied = client.post("/staff/contests/new?from=autumn-2030", data=AUTUMN | {"slug": "spring"})
    assert copied.status_code == 303
    assert "下列赛题随之归档" in client.get("/staff/contests/spring/archive").text
    assert client.post("/staff/contests/spring/archive").status_code == 303
    assert "本赛事已归档" in client.get("/staff/contests/spring").text
    with database.reading() as session:
        autumn = session.scalars(select(Contest).where(Contest.slug == "autumn-2030")).one()
        assert autumn.a_opens_at == datetime(2030, 1, 10, 1, tzinfo=UTC)
        assert autumn.approves_teams
        actions = list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert actions == ["contest.create", "contest.create", "contest.archive"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("slug", "Autumn 2030", "3 至 64 个字符"),
        ("title_en", " ", "中英文标题"),
        ("a_opens_at", "tomorrow", "“tomorrow”不是时间"),
        ("a_closes_at", "2029-01-01 00:00", "早于开始时间"),
        ("description_zh", "长" * 20_001, "20000"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_typed_is_lost(
    client: FlaskClient, field: str, value: str, words: str
) -> None:
    answer = client.post("/staff/contests/new", data=AUTUMN | {field: value})
    assert answer.status_code == 422
    assert words in answer.text
    assert "One person, one team" in answer.text
    assert client.get("/contests/autumn-2030").status_code == 404


def test_of_two_editors_the_second_sees_what_the_first_saved(client: FlaskClient) -> None:
    client.post("/staff/contests/new", data=AUTUMN)
    seen = client.get("/staff/contests/autumn-2030/edit").text.split('name="seen"')[1]
    begun = AUTUMN | {"seen": seen.split('value="')[1].split('"')[0]}
    first = client.post("/staff/contests/autumn-2030/edit", data=begun | {"terms_zh": "甲的条款"})
    assert first.status_code == 303
    second = client.post("/staff/contests/autumn-2030/edit", data=begun | {"terms_zh": "乙的条款"})
    assert second.status_code == 409
    assert "甲的条款" in second.text
    assert "乙的条款" in second.text
    seen = second.text.split('name="seen"')[1].split('value="')[1].split('"')[0]
    again = client.post(
        "/staff/contests/autumn-2030/edit", data=begun | {"terms_zh": "合并", "seen": seen}
    )
    assert again.status_code == 303
    assert "合并" in client.get("/contests/autumn-2030").text


def test_the_stages_of_all_problems_are_set_at_once_or_not_at_all(
    client: FlaskClient, database: Database
) -> None:
    with database.transaction() as session:
        first, second = make_problem(session), make_problem(session)
        contest = first.contest
        contest.a_opens_at = datetime(2030, 5, 1, tzinfo=UTC)
        contest.a_closes_at = datetime(2030, 6, 1, tzinfo=UTC)
        second.stages[1].signed_off_at = datetime(2030, 1, 1, tzinfo=UTC)
        first_id, second_id = first.id, second.id
    assert "已签核" in client.get("/staff/contests/demo/stages").text
    refused = client.post("/staff/contests/demo/stages", follow_redirects=True)
    assert "已签核" in refused.text
    with database.transaction() as session:
        assert session.get_one(Problem, first_id).stages[0].closes_at is None
        session.get_one(Problem, second_id).stages[1].signed_off_at = None
    done = client.post("/staff/contests/demo/stages", follow_redirects=True)
    assert "已为 2 道赛题设定上述阶段" in done.text
    with database.reading() as session:
        stage = session.get_one(Problem, first_id).stages[0]
        assert stage.closes_at == datetime(2030, 6, 1, tzinfo=UTC)


def test_archiving_a_contest_ends_its_problems(client: FlaskClient, database: Database) -> None:
    with database.transaction() as session:
        slug = make_problem(session).slug
    client.post("/staff/contests/demo/archive")
    assert "本赛题已结束" in client.get(f"/problems/{slug}").text
    page = client.get(f"/staff/problems/{slug}").text
    assert "本赛题已归档" in page
    assert "立即截止" not in page
    reopened = client.post(f"/staff/problems/{slug}/reopen", follow_redirects=True)
    assert "已归档：可以阅读" in reopened.text  # not while the contest is
    client.post("/staff/contests/demo/reopen")
    assert "已取消归档" in client.post(f"/staff/problems/{slug}/reopen", follow_redirects=True).text


def test_the_problems_of_a_contest_cost_the_same_queries_however_many(
    client: FlaskClient, database: Database, count_queries: Callable[[], object]
) -> None:
    with database.transaction() as session:
        make_problem(session)
    with count_queries() as few:  # type: ignore[attr-defined]
        client.get("/contests/demo")
    with database.transaction() as session:
        for _ in range(5):
            make_problem(session)
    with count_queries() as many:  # type: ignore[attr-defined]
        assert client.get("/contests/demo").status_code == 200
    assert len(many) == len(few)
