import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.accounts.models import Role, User
from app.core.db import Database
from app.core.platform import Platform
from app.problems import queries
from app.problems.models import Area, Board
from tests.factories import make_problem, make_team, make_user
from tests.factories.packs import publish_pack
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional

SignIn = Callable[[User], None]
CountQueries = Callable[[], AbstractContextManager[list[str]]]
TRAIN = b"id,label\nt0,ok\n"
FILE = "/problems/solder/files/train.csv"


def person(database: Database, role: Role = Role.PARTICIPANT) -> User:
    with database.transaction() as session:
        return make_user(session, role=role)


def accept(client: FlaskClient, slug: str = "solder") -> None:
    assert client.post(f"/problems/{slug}/rules").status_code == 303


@pytest.fixture(autouse=True)
def no_csrf(client: FlaskClient) -> None:
    client.application.config["WTF_CSRF_ENABLED"] = False


def test_the_hall_shows_windows_and_finds_chinese_words_inside_titles(
    client: FlaskClient, database: Database
) -> None:
    with database.transaction() as session:
        for slug, text in (("pcb-defects", "PCB 裸板缺陷分类"), ("milk-run", "循环取货路径规划")):
            problem = make_problem(session, slug=slug)
            problem.title = {"zh-Hans": text, "en": slug}
            problem.search_text = text.lower()
    page = client.get("/problems").text
    assert "PCB 裸板缺陷分类" in page
    assert "循环取货路径规划" in page
    found = client.get("/problems?q=缺陷").text
    assert "PCB 裸板缺陷分类" in found
    assert "循环取货路径规划" not in found
    assert "没有符合条件的赛题" in client.get("/problems?q=100%25").text


def test_the_hall_is_narrowed_by_area_kind_and_state(
    client: FlaskClient, database: Database, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        make_problem(session, slug="now-open")
        ended = make_problem(session, slug="ended", closes_at=clock.now())
        ended.area = Area.LOGISTICS
        make_problem(session, slug="to-come", opens_at=None).takes_code = False

    def shown(query: str) -> set[str]:
        page = client.get(f"/problems?{query}").text
        return {slug for slug in ("now-open", "ended", "to-come") if f'"/problems/{slug}"' in page}

    assert shown("") == {"now-open", "ended", "to-come"}
    assert shown("area=logistics") == {"ended"}
    assert shown("kind=code") == {"now-open", "ended"}
    assert shown("kind=predictions") == {"now-open", "ended", "to-come"}
    assert shown("state=open") == {"now-open"}
    assert shown("state=upcoming") == {"to-come"}
    assert shown("state=closed") == {"ended"}
    assert shown("area=nowhere&state=odd&page=x") == {"now-open", "ended", "to-come"}


def test_the_hall_costs_the_same_however_long_it_is(
    client: FlaskClient, database: Database, count_queries: CountQueries
) -> None:
    def cost() -> int:
        with count_queries() as sent:
            assert client.get("/problems").status_code == 200
        return len(sent)

    with database.transaction() as session:
        make_problem(session)
    once = cost()
    with database.transaction() as session:
        for _ in range(12):
            make_problem(session)
    assert cost() == once
    assert once <= 8


def test_a_problem_page_has_its_parts_in_order_in_both_languages(
    client: FlaskClient, platform: Platform, tmp_path: Path
) -> None:
    publish_pack(platform, tmp_path / "pack")
    for lang, parts in (
        (
            "zh-Hans",
            [
                "赛题背景",
                "任务",
                "数据说明",
                "数据下载",
                "提交说明",
                "评测指标",
                "赛程安排",
                "规则",
            ],
        ),
        (
            "en",
            [
                "Background",
                "Task",
                "Data",
                "Data files",
                "Submission",
                "Metrics",
                "Schedule",
                "Rules",
            ],
        ),
    ):
        page = client.get(f"/problems/solder?lang={lang}").text
        places = [page.index(f"<h2>{part}</h2>") for part in parts]
        assert places == sorted(places)
        assert sha256(TRAIN).hexdigest() in page


def test_a_withdrawn_problem_is_there_for_staff_alone(
    client: FlaskClient, database: Database, platform: Platform, tmp_path: Path, sign_in: SignIn
) -> None:
    publish_pack(platform, tmp_path / "pack")
    with database.transaction() as session:
        queries.get_problem(session, "solder").withdrawn_at = platform.clock.now()
    addresses = ["", "/cover.svg", "/announcements"]
    assert [client.get(f"/problems/solder{rest}").status_code for rest in addresses] == [404] * 3
    assert "/problems/solder" not in client.get("/problems").text
    sign_in(person(database))
    assert client.get(FILE).status_code == 404
    sign_in(person(database, Role.JUDGE))
    assert [client.get(f"/problems/solder{rest}").status_code for rest in addresses] == [200] * 3
    assert "/problems/solder" in client.get("/problems").text


def test_data_is_downloaded_once_the_rules_are_accepted(
    client: FlaskClient, database: Database, platform: Platform, tmp_path: Path, sign_in: SignIn
) -> None:
    publish_pack(platform, tmp_path / "pack")
    assert client.get(FILE).headers["Location"].startswith("/sign-in")
    sign_in(person(database))
    refused = client.get(FILE)
    assert (refused.status_code, refused.headers["Location"]) == (
        303,
        "/problems/solder/rules?file=train.csv",
    )
    assert "规则: words" in client.get(refused.headers["Location"]).text
    accepted = client.post("/problems/solder/rules", data={"file": "train.csv"})
    assert accepted.headers["Location"] == FILE
    accept(client)  # twice changes nothing
    got = client.get(FILE)
    assert (got.status_code, got.data) == (200, TRAIN)
    assert got.headers["Content-Disposition"] == "attachment; filename=train.csv"
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["ETag"] == f'"{sha256(TRAIN).hexdigest()}"'
    assert client.get("/problems/solder/files/truth.csv").status_code == 404
    assert client.get("/problems/solder/files/../truth.csv").status_code == 404


def test_a_new_revision_asks_for_its_rules_again(
    client: FlaskClient, database: Database, platform: Platform, tmp_path: Path, sign_in: SignIn
) -> None:
    publish_pack(platform, tmp_path / "one")
    sign_in(person(database))
    accept(client)
    assert client.get(FILE).status_code == 200
    publish_pack(platform, tmp_path / "two")
    assert client.get(FILE).status_code == 303


@pytest.mark.parametrize(
    ("asked", "status", "body", "sent"),
    [
        ("bytes=0-1", 206, TRAIN[:2], "bytes 0-1/15"),
        ("bytes=9-", 206, TRAIN[9:], "bytes 9-14/15"),
        ("bytes=-4", 206, TRAIN[-4:], "bytes 11-14/15"),
        ("bytes=0-99", 206, TRAIN, "bytes 0-14/15"),
        ("bytes=0-1,4-5", 200, TRAIN, None),
        ("lines=0-1", 200, TRAIN, None),
    ],
)
def test_a_part_of_a_file(
    client: FlaskClient,
    database: Database,
    platform: Platform,
    tmp_path: Path,
    sign_in: SignIn,
    asked: str,
    status: int,
    body: bytes,
    sent: str | None,
) -> None:
    publish_pack(platform, tmp_path / "pack")
    sign_in(person(database, Role.JUDGE))
    got = client.get(FILE, headers={"Range": asked})
    if sent == "bytes 0-14/15":  # all of it is no part
        status, sent = 200, None
    assert (got.status_code, got.data, got.headers.get("Content-Range")) == (status, body, sent)
    assert int(got.headers["Content-Length"]) == len(body)


def test_ranges_and_tags_that_do_not_fit(
    client: FlaskClient, database: Database, platform: Platform, tmp_path: Path, sign_in: SignIn
) -> None:
    publish_pack(platform, tmp_path / "pack")
    sign_in(person(database, Role.JUDGE))
    tag = client.get(FILE).headers["ETag"]
    outside = client.get(FILE, headers={"Range": "bytes=15-"})
    assert (outside.status_code, outside.headers["Content-Range"]) == (416, "bytes */15")
    have = client.get(FILE, headers={"If-None-Match": tag})
    assert (have.status_code, have.data) == (304, b"")
    resumed = client.get(FILE, headers={"Range": "bytes=2-", "If-Range": tag})
    assert (resumed.status_code, resumed.data) == (206, TRAIN[2:])
    changed = client.get(FILE, headers={"Range": "bytes=2-", "If-Range": '"other"'})
    assert (changed.status_code, changed.data) == (200, TRAIN)
    head = client.head(FILE)
    assert (head.data, head.headers["Content-Length"]) == (b"", "15")


def test_the_input_of_a_board_is_a_download_once_its_stage_has_opened(
    client: FlaskClient,
    database: Database,
    platform: Platform,
    clock: FrozenClock,
    tmp_path: Path,
    sign_in: SignIn,
) -> None:
    publish_pack(platform, tmp_path / "pack", partition="sets")
    with database.transaction() as session:
        stage = queries.get_problem(session, "solder").stage(Board.B)
        assert stage is not None
        stage.opens_at = clock.now() + timedelta(hours=1)
    sign_in(person(database))
    accept(client)
    b = "/problems/solder/files/input-B.zip"
    assert client.get("/problems/solder/files/input-A.zip").status_code == 200
    clock.tick(timedelta(hours=1) - timedelta(microseconds=1))
    assert client.get(b).status_code == 404
    assert "input-B.zip" not in client.get("/problems/solder").text
    clock.tick(timedelta(microseconds=1))
    assert client.get(b).status_code == 200
    assert "input-B.zip" in client.get("/problems/solder").text


def test_a_cover_is_served_so_that_nothing_in_it_can_run(
    client: FlaskClient, database: Database, platform: Platform, tmp_path: Path
) -> None:
    publish_pack(platform, tmp_path / "pack")
    with database.transaction() as session:
        make_problem(session, slug="no-cover")
    for slug in ("solder", "no-cover"):
        got = client.get(f"/problems/{slug}/cover.svg")
        assert (got.status_code, got.mimetype) == (200, "image/svg+xml")
        assert "sandbox" in got.headers["Content-Security-Policy"]
        assert got.headers["X-Content-Type-Options"] == "nosniff"


def test_titles_and_statements_of_a_pack_are_text_not_markup(
    client: FlaskClient, database: Database
) -> None:
    hostile = '<script>alert(1)</script><img src=x onerror="alert(1)">'
    with database.transaction() as session:
        problem = make_problem(session, slug="hostile")
        problem.title = problem.summary = {"zh-Hans": hostile, "en": hostile}
        revision = queries.get_current_revision(session, problem)
        statement = f"## 赛题背景\n\n{hostile}\n\n[x](javascript:alert(1))\n"
        revision.statements = {"zh-Hans": statement}
    for address in ("/problems", "/problems/hostile", "/problems/hostile/announcements"):
        page = client.get(address).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript:' not in page


def test_a_sealed_seed_shows_its_hash_and_a_public_one_itself(
    client: FlaskClient, database: Database, platform: Platform
) -> None:
    with database.transaction() as session:
        revision = queries.get_current_revision(session, make_problem(session, slug="sealed"))
        revision.seed_commitment = "c" * 64
        revision.sealed_seed = platform.seal.seal("987654321 ab12")
    page = client.get("/problems/sealed").text
    assert "c" * 64 in page
    assert "987654321" not in page
    with database.transaction() as session:
        problem = queries.get_problem(session, "sealed")
        queries.get_current_revision(session, problem).seed_is_public = True
    assert "987654321" in client.get("/problems/sealed").text


def test_times_are_said_in_beijing(client: FlaskClient, database: Database) -> None:
    with database.transaction() as session:
        make_problem(session, slug="timed", closes_at=datetime(2030, 6, 30, 9, tzinfo=UTC))
    assert "2030年6月30日 17:00（北京时间）" in client.get("/problems/timed").text


def test_the_hall_is_narrowed_by_difficulty_and_prize_and_counts_what_is_left(
    client: FlaskClient, database: Database
) -> None:
    with database.transaction() as session:
        for slug, difficulty, prize in (
            ("easy-one", "introductory", 0),
            ("hard-one", "advanced", 250_000),
            ("hard-too", "advanced", 5_000),
        ):
            problem = make_problem(session, slug=slug)
            problem.difficulty, problem.prize_yuan = difficulty, prize

    def shown(query: str) -> list[str]:
        page = client.get(f"/problems?{query}").text
        return re.findall(r'window__link" href="/problems/([\w-]+)"', page)

    assert set(shown("difficulty=advanced")) == {"hard-one", "hard-too"}
    assert shown("prize=100000") == ["hard-one"]
    assert shown("prize=99&difficulty=odd&sort=odd") == shown("")
    assert shown("sort=prize") == ["hard-one", "hard-too", "easy-one"]
    page = client.get("/problems?difficulty=advanced&lang=zh-Hans").text
    assert "25 万元" in page
    # a facet leaves its own filter out of its counts, and keeps the others
    assert ">入门 (1)<" in page
    assert ">进阶 (2)<" in page
    assert ">有奖金 (2)<" in page
    assert ">10 万元以上 (1)<" in page


def test_the_hall_is_sorted_by_closing_teams_and_title(
    client: FlaskClient, database: Database, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        for slug, days, order in (("first", 3, "c"), ("second", 1, "b"), ("third", None, "a")):
            ends = None if days is None else clock.now() + timedelta(days=days)
            problem = make_problem(session, slug=slug, closes_at=ends)
            problem.title_pinyin = order
            if slug == "first":
                make_team(session, problem=problem)

    def shown(sort: str) -> list[str]:
        page = client.get(f"/problems?sort={sort}").text
        return re.findall(r'window__link" href="/problems/([\w-]+)"', page)

    assert shown("closing") == ["second", "first", "third"]
    assert shown("title") == ["third", "second", "first"]
    assert shown("teams")[0] == "first"
    assert shown("newest") == ["third", "second", "first"]


def test_a_published_problem_is_found_by_pinyin(
    client: FlaskClient, platform: Platform, tmp_path: Path
) -> None:
    publish_pack(platform, tmp_path / "pack")
    title = client.get("/problems?lang=zh-Hans").text
    assert "没有符合条件的赛题" not in title
    with platform.database.reading() as session:
        text = queries.get_problem(session, "solder").search_text
    spelt = next(line for line in text.splitlines() if re.fullmatch(r"[a-z]+ [a-z]+", line))
    for word in (*spelt.split(), spelt[2:6]):
        assert '"/problems/solder"' in client.get(f"/problems?q={word}").text


def test_the_data_page_shows_what_is_inside_to_who_accepted_the_rules(
    client: FlaskClient,
    database: Database,
    platform: Platform,
    tmp_path: Path,
    sign_in: SignIn,
    count_queries: CountQueries,
) -> None:
    publish_pack(platform, tmp_path / "pack")
    address = "/problems/solder/data?lang=en"
    assert 'id="file-' not in client.get(address).text
    sign_in(person(database))
    asked = client.get(address).text
    assert sha256(TRAIN).hexdigest() in asked
    assert 'id="file-' not in asked
    assert "-C -" in asked
    assert "/api/v1/problems/solder/files/train.csv" in asked
    answer = client.post("/problems/solder/rules", data={"then": "data"})
    assert answer.headers["Location"] == "/problems/solder/data"
    with count_queries() as sent:
        page = client.get(address).text
    assert len(sent) <= 9
    assert "First rows of train.csv" in page
    assert "1 rows, 2 columns" in page
    assert "<td>t0</td><td>ok</td>" in page
