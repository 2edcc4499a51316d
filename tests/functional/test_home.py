"""What a visitor sees first, what machines ask, and what staff see."""

import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html import unescape

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from app.accounts.models import Role, User
from app.compute.health import mark_sick
from app.compute.models import Worker
from app.core.audit import AuditEntry, record_audit
from app.core.db import Database
from app.core.platform import Platform
from app.evaluations.models import State, Verdict
from app.factory import create_app
from app.problems.models import Problem
from app.settings import Settings
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional

SignIn = Callable[[User], None]
Counting = Callable[[], AbstractContextManager[list[str]]]


def person(database: Database, role: Role) -> User:
    with database.transaction() as session:
        return make_user(session, role=role)


def fill(database: Database, clock: FrozenClock, count: int) -> None:
    with database.transaction() as session:
        for number in range(count):
            problem = make_problem(session, slug=f"problem-of-the-factory-{number:03d}")
            problem.title = {
                "zh-Hans": "轴承故障诊断" * 3,
                "en": "Bearing fault diagnosis at speed",
            }
            make_submission(
                session, problem=problem, baseline=True, scores={"A": {"macro_f1": 0.5}}
            )
            team = make_team(session, problem=problem)
            make_submission(
                session,
                problem=problem,
                team=team,
                at=clock.now(),
                scores={"A": {"macro_f1": 0.75}, "B": {"macro_f1": 0.99}},
            )


def wall_of(page: str) -> str:
    found = re.search(r'<svg class="wall".*?</svg>', page, re.DOTALL)
    assert found is not None
    return found.group()


def test_an_empty_platform_has_a_hundred_outlines_and_no_invented_number(
    client: FlaskClient,
) -> None:
    page = client.get("/", headers={"Accept-Language": "zh-CN"}).text
    wall = wall_of(page)
    assert 'class="pane' not in wall
    assert wall.count("z") >= 100
    assert "当前没有开放提交的赛题。" in page
    assert "暂无公告。" in page


def test_a_published_problem_lights_its_window(
    client: FlaskClient, database: Database, clock: FrozenClock
) -> None:
    fill(database, clock, 1)
    page = unescape(client.get("/", headers={"Accept-Language": "en"}).text)
    wall = wall_of(page)
    assert wall.count("pane--moved") == 1
    assert 'href="/problems/problem-of-the-factory-000"' in wall
    assert "Bearing fault diagnosis at speed" in wall
    for number in ("0.75000", "0.50000"):
        assert number in wall
    assert "0.99" not in page


def test_the_wall_is_small_and_costs_no_more_queries_when_full(
    client: FlaskClient, database: Database, clock: FrozenClock, count_queries: Counting
) -> None:
    fill(database, clock, 2)
    with count_queries() as few:
        client.get("/")
    fill_more = 98
    with database.transaction() as session:
        for number in range(fill_more):
            make_problem(session, slug=f"problem-with-a-longer-name-{number:03d}")
    with count_queries() as many:
        page = client.get("/").text
    assert len(many) == len(few)
    wall = wall_of(page)
    assert wall.count('<a class="pane') == 100
    assert len(wall.encode()) < 40_000


def test_a_wall_full_of_scores_stays_small(
    client: FlaskClient, database: Database, clock: FrozenClock
) -> None:
    outlines = len(wall_of(client.get("/").text).encode())
    fill(database, clock, 20)
    each = (len(wall_of(client.get("/").text).encode()) - outlines) / 20
    assert outlines + 100 * each < 40_000


def test_machines_ask(client: FlaskClient, database: Database, clock: FrozenClock) -> None:
    assert client.get("/healthz").text == "ok\n"
    waiting = client.get("/readyz")
    assert (waiting.status_code, waiting.text) == (503, "no worker seen lately\n")
    with database.transaction() as session:
        session.add(
            Worker(
                name="h:1:cpu",
                pool="cpu",
                sandbox="docker",
                sandbox_reason="",
                started_at=clock.now(),
                seen_at=clock.now(),
            )
        )
    assert client.get("/readyz").status_code == 200
    metrics = client.get("/metrics")
    assert metrics.mimetype == "text/plain"
    assert 'baijing_workers_alive{pool="cpu"} 1.0' in metrics.text
    assert 'baijing_workers_sick{pool="cpu"} 0.0' in metrics.text


def test_a_sick_host_is_shown_with_its_reason(
    client: FlaskClient,
    database: Database,
    clock: FrozenClock,
    sign_in: Callable[[User], None],
) -> None:
    with database.transaction() as session:
        sign_in(make_user(session, role=Role.ORGANISER))
        session.add(
            Worker(
                name="h:1:cpu",
                pool="cpu",
                sandbox="docker",
                sandbox_reason="",
                started_at=clock.now(),
                seen_at=clock.now(),
            )
        )
        session.flush()
        mark_sick(session, "h:1:cpu", "the engine <b>says</b> nothing", now=clock.now())
    page = client.get("/staff").text
    assert "the engine &lt;b&gt;says&lt;/b&gt; nothing" in page
    assert 'baijing_workers_sick{pool="cpu"} 1.0' in client.get("/metrics").text
    assert client.get("/readyz").text == "every worker is sick\n"


@pytest.mark.parametrize(
    ("role", "overview", "audit"),
    [
        (Role.PARTICIPANT, 403, 403),
        (Role.JUDGE, 200, 403),
        (Role.ORGANISER, 200, 200),
    ],
)
def test_staff_pages_are_for_staff(
    client: FlaskClient,
    database: Database,
    sign_in: SignIn,
    role: Role,
    overview: int,
    audit: int,
) -> None:
    sign_in(person(database, role))
    assert client.get("/staff").status_code == overview
    assert client.get("/staff/audit").status_code == audit


def test_the_overview_shows_what_failed(
    client: FlaskClient, database: Database, sign_in: SignIn
) -> None:
    with database.transaction() as session:
        problem = make_problem(session)
        make_submission(session, problem=problem, state=State.FAILED, verdict=Verdict.SCORER_ERROR)
    sign_in(person(database, Role.JUDGE))
    page = client.get("/staff?lang=zh-Hans").text
    assert "评分程序出错" in page
    assert "近期没有评测机在线" in page


def test_a_changed_audit_entry_shows(
    client: FlaskClient, database: Database, clock: FrozenClock, sign_in: SignIn
) -> None:
    organiser = person(database, Role.ORGANISER)
    with database.transaction() as session:
        for number in range(3):
            record_audit(
                session,
                organiser.as_actor(),
                "submission.retract",
                f"submission:{number}",
                {"reason": "<b>"},
                now=clock.now(),
            )
    sign_in(organiser)
    client.application.config["WTF_CSRF_ENABLED"] = False
    client.get("/?lang=en")
    whole = client.post("/staff/audit/verify").text
    assert "all 3 entries fit" in whole
    assert "&lt;b&gt;" in whole
    with database.transaction() as session:
        second = session.get_one(AuditEntry, 2)
        second.facts = {"reason": "another"}
    assert "broken at entry 2" in client.post("/staff/audit/verify").text


def test_traditional_chinese_is_spoken_throughout(
    client: FlaskClient, database: Database, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        problem = make_problem(session, slug="bearing", opens_at=clock.now())
        problem.title = {"zh-Hans": "轴承故障诊断", "en": "Bearings"}
    page = client.get("/", headers={"Accept-Language": "zh-TW,zh;q=0.9"}).text
    assert '<html lang="zh-Hant"' in page
    for words in ("百景圖", "軸承故障診斷", "如何參賽", "（北京時間）", "設備維護"):
        assert words in page
    statement = client.get("/problems/bearing?lang=zh-Hant").text
    assert 'id="background"' in statement
    assert "賽題背景" in statement
    told = client.get("/problems/nothing", headers={"Accept-Language": "zh-HK"}).text
    assert "沒有賽題" in told


def test_links_that_are_shared_have_a_picture(
    client: FlaskClient,
    settings: Settings,
    platform: Platform,
    database: Database,
    clock: FrozenClock,
) -> None:
    fill(database, clock, 3)
    slug = "problem-of-the-factory-001"
    assert "og:image" not in client.get("/").text  # nobody has said where the site is
    known = settings.model_copy(update={"site_url": "https://baijing.example/"})
    client = create_app(known, platform).test_client()
    page = client.get(f"/problems/{slug}?lang=en").text
    assert f'content="https://baijing.example/problems/{slug}/card.png"' in page
    assert '<meta property="og:title" content="Bearing fault diagnosis at speed">' in page
    pictures = [client.get(path) for path in ("/card.png", f"/problems/{slug}/card.png")]
    for picture in pictures:
        assert picture.mimetype == "image/png"
        with Image.open(io.BytesIO(picture.data)) as drawn:
            assert drawn.size == (1200, 630)
    assert pictures[0].data != pictures[1].data
    again = client.get("/card.png", headers={"If-None-Match": pictures[0].headers["ETag"]})
    assert again.status_code == 304
    assert client.get("/problems/nothing/card.png").status_code == 404


def test_the_wall_is_drawn_again_when_a_score_comes(
    client: FlaskClient, database: Database, clock: FrozenClock
) -> None:
    fill(database, clock, 1)
    before = client.get("/?lang=en").text
    assert wall_of(client.get("/").text) == wall_of(before)
    with database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        make_submission(session, problem=problem, at=clock.now(), scores={"A": {"macro_f1": 0.9}})
    after = client.get("/").text
    assert "0.90000" in wall_of(after)
    assert "0.90000" not in wall_of(before)
    assert "故障" in wall_of(client.get("/?lang=zh-Hans").text)
