"""From an empty site to a revealed board, all of it on pages: what `docs/organisers.md` walks."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts.models import Role
from app.accounts.operations import create_user
from app.core.platform import Platform
from app.evaluations.jobs import evaluate_one
from app.problems import jobs
from app.settings import Settings
from tests.factories.packs import CHINESE, ENGLISH, run_scripts, write_pack, zip_folder
from tests.fakes.ports import FrozenClock, MemoryQueue, ScriptedSandbox

pytestmark = pytest.mark.functional
PASSWORD = "four calm herons wade"
PERFECT = b"id,label\nr0,bad\nr1,ok\nr2,bad\nr3,ok\nr4,ok\nr5,ok\n"


class Site:
    """Two browsers and the workers behind them."""

    def __init__(
        self, app: Flask, platform: Platform, settings: Settings, queue: MemoryQueue
    ) -> None:
        app.config["WTF_CSRF_ENABLED"] = False
        self.app, self.platform, self.settings, self.queue = app, platform, settings, queue
        self.organiser, self.team = app.test_client(), app.test_client()

    def work(self) -> None:
        """Do what is queued, and what that queues, until nothing is left."""
        with self.app.app_context():
            while self.queue.jobs:
                pool, path, arguments = self.queue.jobs.pop(0)
                if path.endswith("check_publication"):
                    jobs.check_publication(int(str(arguments[0])))
                else:
                    evaluate_one(self.platform, self.settings, pool, "worker")


@pytest.fixture
def site(app: Flask, platform: Platform, settings: Settings, queue: MemoryQueue) -> Site:
    return Site(app, platform, settings, queue)


def do(client: FlaskClient, path: str, **data: object) -> TestResponse:
    """Send a form and follow where it leads; it must have been taken."""
    answer = client.post(path, data=data, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer


def upload(site: Site, pack: Path) -> str:
    """Upload a pack as a draft for the contest; return the report once it is checked."""
    zipped = (io.BytesIO(zip_folder(pack)), "pack.zip")
    sent = site.organiser.post(
        "/staff/publications", data={"pack": zipped, "contest": "autumn-2030", "is_draft": "y"}
    )
    page = sent.headers["Location"]
    assert "data-live-pending" in site.organiser.get(page).text
    site.work()
    return site.organiser.get(page).text


def test_an_organiser_goes_from_an_empty_site_to_a_revealed_board_without_a_shell(
    site: Site, sandbox: ScriptedSandbox, clock: FrozenClock, tmp_path: Path
) -> None:
    sandbox.act = run_scripts
    with site.platform.database.transaction() as session:  # the installation's first account
        create_user(
            session,
            email="organiser@example.org",
            name="组织者",
            role=Role.ORGANISER,
            password=PASSWORD,
            now=clock.now(),
        )
    do(site.organiser, "/sign-in", email="organiser@example.org", password=PASSWORD)
    make_the_contest(site)
    upload_the_problem(site, tmp_path)
    write_its_statement(site)
    put_it_on_the_site(site)
    compete(site)
    clock.tick(timedelta(days=40))  # stage A has closed by itself
    finish(site)


def make_the_contest(site: Site) -> None:
    assert "尚无赛事" in site.organiser.get("/staff/contests").text
    do(
        site.organiser,
        "/staff/contests/new",
        slug="autumn-2030",
        title_zh="秋季挑战赛",
        title_en="Autumn Challenge",
        description_zh="面向工厂",
        description_en="For factories",
        terms_zh="一人一题一队",
        terms_en="One person, one team a problem",
        areas="quality-inspection",
        approves_teams="y",
    )
    assert "一人一题一队" in site.team.get("/contests/autumn-2030").text


def upload_the_problem(site: Site, folder: Path) -> None:
    """Refused with a fault at its place, then checked and kept as a draft."""
    broken = write_pack(folder / "broken")
    description = broken / "problem.yaml"
    description.write_text(description.read_text().replace("licence:", "licens:"))
    report = upload(site, broken)
    assert "problem.yaml:11:1" in report
    assert "多半是拼写错误，请改正。" in report
    assert "已发布为" in upload(site, write_pack(folder / "pack", generator=True))
    assert site.team.get("/problems/solder").status_code == 404


def write_its_statement(site: Site) -> None:
    path = "/staff/problems/solder/statement"
    assert "任务: words" in site.organiser.get(path).text
    do(
        site.organiser,
        path,
        do="save",
        base="1",
        title_zh="焊点缺陷判别",
        title_en="Solder joints",
        summary_zh="判断焊点好坏",
        summary_en="Good joints and bad",
        statement_zh="".join(f"## {name}\n\n{name}的正文。\n\n" for name in CHINESE),
        statement_en="".join(f"## {name}\n\nOf the {name}.\n\n" for name in ENGLISH),
    )
    assert "任务的正文。" in site.organiser.get("/staff/problems/solder/preview").text


def put_it_on_the_site(site: Site) -> None:
    organiser = site.organiser
    assert "A阶段未设定时间" in organiser.get("/staff/problems/solder/publish").text
    do(organiser, "/staff/problems/solder/publish")
    settings = {"submissions_per_day": "5", "a_closes_at": "2030-01-31 24:00"}
    do(organiser, "/staff/problems/solder", **settings)
    do(organiser, "/staff/problems/solder/stages/A/open")
    assert "2030-02-01 00:00" in organiser.get("/staff/schedule").text
    assert "焊点缺陷判别" in site.team.get("/problems").text


def compete(site: Site) -> None:
    """A team signs up, is approved, hands in, and sees its rank on A and nothing of B."""
    organiser, team = site.organiser, site.team
    do(team, "/sign-up", email="wei@example.org", name="张伟", password=PASSWORD)
    do(team, "/problems/solder/team", name="松山湖战队")
    assert hand_in(team).status_code == 403
    assert "松山湖战队" in organiser.get("/staff/teams?show=waiting&q=ssh").text
    do(organiser, "/staff/teams/1/approve")
    sent = hand_in(team)
    assert sent.status_code == 303, sent.text
    site.work()
    assert "已评分" in team.get(sent.headers["Location"]).text
    assert "松山湖战队" in team.get("/problems/solder/leaderboard").text
    assert "松山湖战队" not in team.get("/problems/solder/leaderboard?board=B").text


def hand_in(team: FlaskClient) -> TestResponse:
    answer = {"kind": "predictions", "board": "A", "file": (io.BytesIO(PERFECT), "answer.csv")}
    return team.post("/problems/solder/submit", data=answer)


def finish(site: Site) -> None:
    """B is revealed, and everything goes into the archive, where it can be read."""
    organiser, team = site.organiser, site.team
    assert "不可撤销" in organiser.get("/staff/problems/solder/reveal-b").text
    do(organiser, "/staff/problems/solder/reveal-b")
    revealed = team.get("/problems/solder/leaderboard?board=B").text
    assert "松山湖战队" in revealed
    assert "1.00000" in revealed
    do(organiser, "/staff/contests/autumn-2030/archive")
    assert "本赛题已结束" in team.get("/problems/solder").text
    assert "contest.archive" in organiser.get("/staff/audit").text
