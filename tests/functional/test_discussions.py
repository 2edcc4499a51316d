"""A team asks, another answers, organisers keep order; who is concerned is told."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Role, User
from app.core.audit import AuditEntry
from app.core.db import Database
from app.discussions.models import Post, Thread
from app.discussions.operations import POSTS_PER_WINDOW, WINDOW
from app.problems.models import Problem
from tests.factories import make_problem, make_user
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional

SignIn = Callable[[User], None]
CountQueries = Callable[[], AbstractContextManager[list[str]]]
LIST = "/problems/pcb/discussion"


@pytest.fixture(autouse=True)
def no_csrf(client: FlaskClient) -> None:
    client.application.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def people(database: Database) -> dict[str, User]:
    with database.transaction() as session:
        make_problem(session, slug="pcb")
        people = {name: make_user(session, name=name) for name in ("asks", "answers", "other")}
        people["organiser"] = make_user(session, name="organiser", role=Role.ORGANISER)
        people["judge"] = make_user(session, name="judge", role=Role.JUDGE)
    return people


def ask(client: FlaskClient, title: str = "标注有误吗", body: str = "第 **3** 张") -> str:
    answer = client.post(f"{LIST}/new", data={"title": title, "body": body})
    assert answer.status_code == 303
    return answer.headers["Location"]


def bell(client: FlaskClient) -> bool:
    return "bell__count" in client.get(LIST).text


def test_a_question_is_answered_and_everybody_concerned_is_told(
    client: FlaskClient, people: dict[str, User], sign_in: SignIn, database: Database
) -> None:
    sign_in(people["asks"])
    thread = ask(client)
    assert "<strong>3</strong>" in client.get(thread).text
    assert not bell(client)
    sign_in(people["answers"])
    answered = client.post(thread, data={"body": "已更正\n\n```\nprint(1)\n```"})
    place = answered.headers["Location"]
    assert "#post-" in place
    sign_in(people["asks"])
    assert bell(client)
    told = client.get("/notifications?lang=zh-Hans").text
    assert "answers 在“标注有误吗”中发表了回复" in told
    with database.reading() as session:
        number = session.scalars(select(Post.id).order_by(Post.id.desc())).first()
    followed = client.get("/notifications/1")
    assert followed.headers["Location"] == place
    assert not bell(client)
    assert client.post(f"{thread}/posts/{number}/answer").status_code == 303
    page = client.get(f"{thread}?lang=zh-Hans").text
    assert "post--answer" in page
    assert "已有答案" in client.get(f"{LIST}?lang=zh-Hans").text
    sign_in(people["answers"])
    assert "标为答案" in client.get("/notifications?lang=zh-Hans").text
    # a mark is taken back as it was given
    sign_in(people["asks"])
    client.post(f"{thread}/posts/{number}/answer")
    assert "post--answer" not in client.get(thread).text


def test_following_is_a_choice_and_so_is_being_told(
    client: FlaskClient, people: dict[str, User], sign_in: SignIn
) -> None:
    sign_in(people["asks"])
    thread = ask(client)
    client.post("/notifications/topics", data={"reply": "none"})
    sign_in(people["other"])
    for _ in range(2):
        client.post(f"{thread}/following", data={"follow": "yes"})
    sign_in(people["answers"])
    client.post(thread, data={"body": "一"})
    sign_in(people["asks"])
    assert not bell(client)  # switched off
    sign_in(people["other"])
    assert bell(client)
    client.post("/notifications/read")
    assert not bell(client)
    client.post(f"{thread}/following", data={"follow": "no"})
    sign_in(people["answers"])
    client.post(thread, data={"body": "二"})
    sign_in(people["other"])
    assert not bell(client)
    assert client.get("/notifications/999").status_code == 404


def test_organisers_pin_and_hide_with_a_reason_in_the_audit_log(
    client: FlaskClient, people: dict[str, User], sign_in: SignIn, database: Database
) -> None:
    sign_in(people["asks"])
    first = ask(client, "旧的问题", "答案是 42")
    ask(client, "新的问题")
    sign_in(people["organiser"])
    client.post(f"{first}/pin")
    page = client.get(LIST).text
    assert page.index("旧的问题") < page.index("新的问题")
    with database.reading() as session:
        post = session.scalars(select(Post.id).order_by(Post.id)).first()
    assert client.post(f"{first}/posts/{post}/hide", data={"reason": " "}).status_code == 400
    client.post(f"{first}/posts/{post}/hide", data={"reason": "公开了答案"})
    assert "答案是 42" in client.get(first).text  # organisers may read it
    sign_in(people["asks"])
    page = client.get(f"{first}?lang=zh-Hans").text
    assert "答案是 42" not in page
    assert "已被组委会隐藏：公开了答案" in page
    assert "公开了答案" in client.get("/notifications").text
    sign_in(people["organiser"])
    client.post(f"{first}/posts/{post}/hide")
    with database.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(one.action, one.facts["reason"]) for one in entries] == [
        ("post.hide", "公开了答案"),
        ("post.show", ""),
    ]
    assert "已被组委会隐藏" not in client.get(f"{first}?lang=zh-Hans").text


def test_a_hidden_first_post_takes_the_title_with_it_wherever_it_was_told(
    client: FlaskClient, people: dict[str, User], sign_in: SignIn, database: Database
) -> None:
    sign_in(people["asks"])
    thread = ask(client, "电话 13800138000", "加我")
    sign_in(people["other"])
    client.post(f"{thread}/following", data={"follow": "yes"})
    sign_in(people["answers"])
    client.post(thread, data={"body": "好"})
    with database.reading() as session:
        first = session.scalars(select(Post.id).order_by(Post.id)).first()
    sign_in(people["organiser"])
    client.post(f"{thread}/posts/{first}/hide", data={"reason": "个人信息"})
    assert "13800138000" in client.get(thread).text  # organisers may read it
    for name in ("asks", "answers", "other"):
        sign_in(people[name])
        for page in (thread, LIST, "/notifications", f"{thread}?post={first}"):
            assert "13800138000" not in client.get(f"{page}").text, (name, page)
        assert "已被组委会隐藏" in client.get(f"{LIST}?lang=zh-Hans").text
        assert "<textarea" not in client.get(thread).text
        assert client.post(thread, data={"body": "电话是？"}).status_code == 409
    sign_in(people["organiser"])
    assert client.post(thread, data={"body": "请勿公开联系方式"}).status_code == 303
    sign_in(people["other"])
    assert "13800138000" not in client.get("/notifications").text
    # shown again it is told as before
    sign_in(people["organiser"])
    client.post(f"{thread}/posts/{first}/hide")
    sign_in(people["other"])
    assert "13800138000" in client.get(thread).text
    assert "13800138000" in client.get("/notifications").text


def test_a_hidden_post_is_no_answer(
    client: FlaskClient, people: dict[str, User], sign_in: SignIn, database: Database
) -> None:
    sign_in(people["asks"])
    thread = ask(client)
    sign_in(people["answers"])
    client.post(thread, data={"body": "看我主页"})
    with database.reading() as session:
        reply = session.scalars(select(Post.id).order_by(Post.id.desc())).first()
    sign_in(people["asks"])
    client.post(f"{thread}/posts/{reply}/answer")
    assert "post--answer" in client.get(thread).text
    sign_in(people["organiser"])
    client.post(f"{thread}/posts/{reply}/hide", data={"reason": "广告"})
    assert "post--answer" not in client.get(thread).text  # a mark goes with the text
    for name in ("organiser", "asks"):
        sign_in(people[name])
        assert client.post(f"{thread}/posts/{reply}/answer").status_code == 409
    assert "已有答案" not in client.get(f"{LIST}?lang=zh-Hans").text


def test_judges_read_and_do_not_write(
    client: FlaskClient, people: dict[str, User], sign_in: SignIn
) -> None:
    sign_in(people["asks"])
    thread = ask(client)
    sign_in(people["judge"])
    assert client.get(thread).status_code == 200
    assert "<textarea" not in client.get(thread).text
    assert client.post(thread, data={"body": "提示"}).status_code == 403


def test_who_writes_a_lot_waits(
    client: FlaskClient, people: dict[str, User], sign_in: SignIn, clock: FrozenClock
) -> None:
    sign_in(people["asks"])
    thread = ask(client)
    for _ in range(POSTS_PER_WINDOW - 1):
        assert client.post(thread, data={"body": "再问"}).status_code == 303
    refused = client.post(thread, data={"body": "再问"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")
    clock.tick(WINDOW + timedelta(seconds=1))
    assert client.post(thread, data={"body": "再问"}).status_code == 303
    for wrong in ({"title": "", "body": "x"}, {"title": "x" * 121, "body": "x"}, {"title": "x"}):
        assert client.post(f"{LIST}/new", data=wrong).status_code == 400
    # a thread is found under its own problem alone
    assert client.get(f"{LIST}/999").status_code == 404


def make_thread(database: Database, author: User, size: int) -> tuple[int, int]:
    """A thread of so many posts; return its number and that of the last post."""
    with database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        thread = Thread(
            problem_id=problem.id,
            author_id=author.id,
            title="long",
            created_at=author.created_at,
            last_at=author.created_at,
            posts_count=size,
        )
        session.add(thread)
        session.flush()
        posts = [
            Post(
                thread_id=thread.id,
                author_id=author.id,
                body=f"text {at}",
                created_at=author.created_at,
            )
            for at in range(size)
        ]
        session.add_all(posts)
        session.flush()
        return thread.id, posts[-1].id


def test_long_threads_are_paged_and_cost_the_same(
    client: FlaskClient, people: dict[str, User], database: Database, count_queries: CountQueries
) -> None:
    short, _last = make_thread(database, people["asks"], 1)
    long, last = make_thread(database, people["asks"], 45)
    costs = []
    for number in (short, long):
        with count_queries() as sent:
            page = client.get(f"{LIST}/{number}").text
            assert "text 0<" in page
            assert "text 44" not in page
        costs.append(len(sent))
    assert costs[0] == costs[1] <= 7
    assert "text 44" in client.get(f"{LIST}/{long}?post={last}").text
    with count_queries() as sent:
        client.get(LIST)
    assert len(sent) <= 7
