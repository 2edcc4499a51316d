import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Role, User
from app.core.db import Database
from app.core.platform import Platform
from app.evaluations.models import Evaluation
from app.problems import jobs
from app.problems.models import Problem, Revision, RulesAcceptance, StageState
from app.problems.operations import accept_rules
from app.problems.queries import get_current_revision, get_problem
from tests.factories import make_problem, make_user
from tests.factories.packs import publish_pack, run_scripts, write_pack, zip_folder
from tests.fakes.ports import FrozenClock, ScriptedSandbox

pytestmark = pytest.mark.functional
STATEMENT = "/staff/problems/solder/statement"


@pytest.fixture(autouse=True)
def organiser(app: Flask, database: Database, sign_in: Callable[[User], None]) -> User:
    app.config["WTF_CSRF_ENABLED"] = False
    with database.transaction() as session:
        user = make_user(session, role=Role.ORGANISER)
    sign_in(user)
    return user


@pytest.fixture
def solder(platform: Platform, tmp_path: Path) -> Revision:
    return publish_pack(platform, tmp_path / "solder")


def upload(client: FlaskClient, pack: Path, **more: str) -> None:
    given = {"pack": (io.BytesIO(zip_folder(pack)), "pack.zip"), **more}
    sent = client.post("/staff/publications", data=given, content_type="multipart/form-data")
    assert sent.status_code == 303, sent.text


def words(revision: Revision, **changes: str) -> dict[str, str]:
    """What the form of the editor sends for a revision."""
    return {
        "do": "save",
        "base": str(revision.number),
        "title_zh": revision.spec["title"]["zh-Hans"],
        "title_en": revision.spec["title"]["en"],
        "summary_zh": revision.spec["summary"]["zh-Hans"],
        "summary_en": revision.spec["summary"]["en"],
        "statement_zh": revision.statements["zh-Hans"],
        "statement_en": revision.statements["en"],
        **changes,
    }


def test_a_draft_is_off_the_site_until_it_is_published(
    app: Flask,
    client: FlaskClient,
    sandbox: ScriptedSandbox,
    database: Database,
    tmp_path: Path,
) -> None:
    sandbox.act = run_scripts
    client.post(
        "/staff/contests/new",
        data={"slug": "autumn", "title_zh": "秋季赛", "title_en": "Autumn"},
    )
    upload(client, write_pack(tmp_path / "pack"), contest="autumn", is_draft="y")
    with app.app_context():
        jobs.check_publication(1)
    assert client.get("/staff/problems/solder").status_code == 200
    visitor = app.test_client()
    assert visitor.get("/problems/solder").status_code == 404
    with database.reading() as session:
        problem = get_problem(session, "solder")
        assert problem.contest.slug == "autumn"
        assert problem.stages[0].opens_at is None
        # its baseline is scored before anybody else sees the problem
        assert len(session.scalars(select(Evaluation)).all()) == 1
    asked = client.get("/staff/problems/solder/publish").text
    assert "A阶段未设定时间：由您手动开启。" in asked
    client.post("/staff/problems/solder/publish")
    assert visitor.get("/problems/solder").status_code == 200
    assert "支队伍参赛" not in client.get("/staff/problems/solder/unpublish").text
    client.post("/staff/problems/solder/unpublish")
    assert visitor.get("/problems/solder").status_code == 404


def test_a_problem_of_another_area_does_not_come_into_a_contest(
    app: Flask, client: FlaskClient, sandbox: ScriptedSandbox, tmp_path: Path
) -> None:
    sandbox.act = run_scripts
    client.post(
        "/staff/contests/new",
        data={"slug": "autumn", "title_zh": "秋季赛", "title_en": "Autumn", "areas": "design"},
    )
    upload(client, write_pack(tmp_path / "pack"), contest="autumn")
    with app.app_context():
        jobs.check_publication(1)
    assert "不含领域“quality-inspection”的赛题" in client.get("/staff/publications/1").text


def test_archived_is_read_and_takes_nothing(
    app: Flask,
    client: FlaskClient,
    database: Database,
    solder: Revision,
    platform: Platform,
    clock: FrozenClock,
) -> None:
    clock.tick(timedelta(hours=1))
    asked = client.get("/staff/problems/solder/archive").text
    assert "A阶段正在进行，将立即截止。" in asked
    assert "B阶段尚未开始" in asked
    assert "赛题已归档" in client.post("/staff/problems/solder/archive", follow_redirects=True).text
    assert "本赛题已结束" in app.test_client().get("/problems/solder").text
    with database.reading() as session:
        problem = get_problem(session, "solder")
        assert problem.stages[0].state(clock.now()) is StageState.CLOSED
    for path, data in (
        ("/staff/problems/solder/stages/A/open", {}),
        ("/staff/problems/solder", {"submissions_per_day": "9", "team_size": "4"}),
        (STATEMENT, words(solder, title_zh="新标题")),
    ):
        assert "已归档" in client.post(path, data=data, follow_redirects=True).text
    with database.reading() as session:
        assert get_problem(session, "solder").submissions_per_day == 7
        assert get_problem(session, "solder").revision_number == 1


def test_a_clone_has_everything_but_the_teams_and_its_seed_is_kept(
    app: Flask,
    client: FlaskClient,
    sandbox: ScriptedSandbox,
    database: Database,
    clock: FrozenClock,
    tmp_path: Path,
) -> None:
    sandbox.act = run_scripts
    upload(client, write_pack(tmp_path / "pack", generator=True))
    with app.app_context():
        jobs.check_publication(1)
    assert "隐藏数据相同" in client.get("/staff/problems/solder/clone").text
    taken = {"slug": "solder", "contest": "baijing"}
    assert "已有名为“solder”的赛题" in client.post("/staff/problems/solder/clone", data=taken).text
    wrong = {"slug": "Solder 2", "contest": "baijing"}
    assert client.post("/staff/problems/solder/clone", data=wrong).status_code == 422
    made = client.post(
        "/staff/problems/solder/clone", data={"slug": "solder-2", "contest": "baijing"}
    )
    assert made.headers["Location"] == "/staff/problems/solder-2"
    with database.reading() as session:
        original = get_current_revision(session, get_problem(session, "solder"))
        clone = get_problem(session, "solder-2")
        copied = get_current_revision(session, clone)
        assert clone.withdrawn_at is not None
        assert copied.spec == original.spec | {"slug": "solder-2"}
        assert copied.seed_commitment == original.seed_commitment
        assert [file.digest for file in copied.files] == [file.digest for file in original.files]
        assert len(session.scalars(select(Evaluation)).all()) == 2  # the baseline of each
    clock.tick(timedelta(hours=1))
    client.post("/staff/problems/solder/stages/A/close")
    client.post("/staff/problems/solder/reveal-b")
    refused = client.post("/staff/problems/solder/reveal-seed", follow_redirects=True)
    assert "使用相同的隐藏数据且尚未结束" in refused.text


def test_new_words_are_a_new_revision_and_nobody_accepts_the_rules_again(
    client: FlaskClient, database: Database, solder: Revision, platform: Platform
) -> None:
    with database.transaction() as session:
        accept_rules(
            session, make_user(session), get_problem(session, "solder"), now=platform.clock.now()
        )
    text = solder.statements["zh-Hans"].replace("任务: words", "任务：**辨别**焊点 $x^2$")
    changed = words(solder, statement_zh=text.replace("\n", "\r\n"), title_en="Better: joints")
    seen = client.post(STATEMENT, data=changed | {"do": "preview"}).text
    assert "<strong>辨别</strong>" in seen
    assert "<math" in seen
    assert "已接受者无需再次确认" in seen
    assert client.post(STATEMENT, data=changed).status_code == 303
    with database.reading() as session:
        problem = get_problem(session, "solder")
        revision = get_current_revision(session, problem)
        assert (problem.revision_number, revision.statements["zh-Hans"]) == (
            2,
            text.rstrip() + "\n",
        )
        assert problem.title["en"] == revision.spec["title"]["en"] == "Better: joints"
        assert [file.path for file in revision.files] == [file.path for file in solder.files]
        numbers = session.scalars(select(RulesAcceptance.revision_number)).all()
        assert sorted(numbers) == [1, 2]
        packed = revision.pack_blob
    # the pack says the same, so that whoever exports it has what is published
    copy = platform.cache / "pack.zip"
    platform.blobs.fetch(packed, copy)
    assert "Better: joints" in copy.read_bytes().decode("latin-1") or packed != solder.pack_blob
    rules = words(revision, statement_en=text_with_other_rules(revision))
    assert "须重新接受规则" in client.post(f"{STATEMENT}/preview", data=rules).text
    client.post(STATEMENT, data=rules)
    with database.reading() as session:
        assert len(session.scalars(select(RulesAcceptance)).all()) == 2


def text_with_other_rules(revision: Revision) -> str:
    text: str = revision.statements["en"].replace("Rules: words", "Be honest.")
    return text


def test_nothing_typed_is_lost_when_it_is_refused(
    client: FlaskClient, database: Database, solder: Revision
) -> None:
    broken = words(solder, statement_en="## Task\n\nOnly this, <script>alert(1)</script>\n")
    refused = client.post(STATEMENT, data=broken)
    assert refused.status_code == 422
    assert "Only this, &lt;script&gt;" in refused.text
    assert "<script>alert" not in refused.text
    assert "statement.en.md" in refused.text
    assert "缺少二级标题“Rules”" in refused.text
    no_title = client.post(STATEMENT, data=words(solder, title_zh=" "))
    assert no_title.status_code == 422
    assert "title" in no_title.text
    same = client.post(STATEMENT, data=words(solder))
    assert "内容没有更改" in same.text
    with database.transaction() as session:
        problem = get_problem(session, "solder")
        assert problem.revision_number == 1
        problem.stages[0].signed_off_at = problem.created_at
    signed = client.post(STATEMENT, data=words(solder, title_zh="新的标题"))
    assert signed.status_code == 409
    assert "新的标题" in signed.text
    assert "已签核" in signed.text


def test_of_two_editors_the_second_is_shown_what_changed_and_can_save_over_it(
    client: FlaskClient, database: Database, solder: Revision
) -> None:
    mine = words(solder, summary_zh="乙写的摘要")
    first = words(solder, statement_zh=solder.statements["zh-Hans"] + "\n甲加的一行\n")
    assert client.post(STATEMENT, data=first).status_code == 303
    second = client.post(STATEMENT, data=mine)
    assert second.status_code == 409
    assert "第 2 版已生效" in second.text
    assert "<ins>+甲加的一行</ins>" in second.text
    assert "乙写的摘要" in second.text
    again = client.post(STATEMENT, data=mine | {"base": "2"})
    assert again.status_code == 303
    assert client.post(STATEMENT, data=mine | {"base": "x"}).status_code == 409
    with database.reading() as session:
        assert get_problem(session, "solder").summary["zh-Hans"] == "乙写的摘要"


def test_a_preview_is_what_a_team_sees_at_a_moment(
    client: FlaskClient, database: Database, solder: Revision, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        problem = get_problem(session, "solder")
        problem.withdrawn_at = clock.now()
        problem.stages[0].closes_at = clock.now() + timedelta(days=3)
    now = client.get("/staff/problems/solder/preview").text
    assert 'button--wide" href="/problems/solder/submit"' in now
    assert "7 / 7" in now
    after = client.get("/staff/problems/solder/preview?at=2030-02-01+00:00").text
    assert 'button--wide" href="/problems/solder/submit"' not in after
    assert "这不是时间" in client.get("/staff/problems/solder/preview?at=soon").text


def test_the_schedule_draws_every_problem_in_as_many_queries(
    client: FlaskClient,
    database: Database,
    clock: FrozenClock,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    assert "尚未发布赛题" in client.get("/staff/schedule").text
    with database.transaction() as session:
        make_problem(session, slug="first", closes_at=clock.now() + timedelta(days=40))
    with count_queries() as few:
        one = client.get("/staff/schedule").text
    assert one.count("schedule__bar--open") == 1
    with database.transaction() as session:
        for _ in range(4):
            make_problem(session)
        session.scalars(
            select(Problem).where(Problem.slug == "first")
        ).one().archived_at = clock.now()
    with count_queries() as many:
        page = client.get("/staff/schedule?contest=demo").text
    assert page.count("schedule__bar--open") == 4
    assert "/staff/problems/first" not in page
    assert len(many) == len(few)
    assert "schedule__bar" not in client.get("/staff/schedule?contest=none").text
