"""Changing one's mind safely, as organisers, judges and teams see it over HTTP."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.accounts.operations import create_token
from app.core.platform import Platform
from app.evaluations.claims import claim_next
from app.evaluations.models import State
from app.evaluations.sweeping import sweep
from app.problems import jobs
from app.rescoring.models import Rescore
from app.settings import Settings
from app.submissions.models import Submission
from sandbox import Run, RunResult
from tests.factories.packs import run_scripts, write_pack, zip_folder
from tests.factories.rescoring import REASON, Competition, answer
from tests.fakes.ports import FrozenClock, ScriptedSandbox, finished

pytestmark = pytest.mark.functional
INDEX: Final = "/staff/problems/solder/rescores"
WORDS: Final = {
    "title": "焊点缺陷重新评分",
    "body": "真值有误，已更正。",
    "title_en": "Solder joints scored again",
    "body_en": "Corrected.",
}


@pytest.fixture(autouse=True)
def no_csrf(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def competition(
    platform: Platform, settings: Settings, tmp_path: Path, sandbox: ScriptedSandbox
) -> Competition:
    sandbox.act = run_scripts
    made = Competition(platform, settings, tmp_path)
    made.hand_in("Misled", answer(r0="bad", r2="bad"))
    made.hand_in("Right", answer())
    while made.work():
        pass
    return made


@pytest.fixture
def organiser(competition: Competition, sign_in: Callable[[User], None]) -> User:
    sign_in(competition.organiser)
    return competition.organiser


@pytest.fixture
def member(competition: Competition, app: Flask) -> FlaskClient:
    """A client of the captain of the team that the wrong truth misled."""
    with competition.database.reading() as session:
        captain = session.get_one(Submission, 1).user
        assert captain is not None
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = f"{captain.id}:{captain.session_epoch}"
    return client


def upload(client: FlaskClient, content: bytes, reason: str = REASON) -> TestResponse:
    return client.post(
        INDEX,
        data={"pack": (io.BytesIO(content), "corrected.zip"), "reason": reason},
        content_type="multipart/form-data",
    )


def seen(client: FlaskClient, path: str) -> str:
    """Return a page without the tokens that differ every time."""
    found = client.get(path)
    assert found.status_code == 200
    return re.sub(r"I[jm][\w.-]{40,}", "", found.text)


def ranks(page: str, *names: str) -> list[str]:
    """Return the names in the order in which a page's table has them."""
    body = page[page.index("<tbody") :]
    return sorted(names, key=body.index)


@pytest.mark.usefixtures("organiser")
def test_a_correction_from_the_upload_to_the_announcement(
    app: Flask, client: FlaskClient, competition: Competition
) -> None:
    sent = upload(client, competition.corrected_zip())
    assert sent.status_code == 303, sent.text
    with app.app_context():
        jobs.check_publication(1)
    checked = client.get(sent.headers["Location"]).text
    assert "已暂存" in checked
    assert f'href="{INDEX}"' in checked
    assert REASON in client.get(INDEX).text
    waiting = client.get("/staff/rescores/1").text
    assert "data-live-pending" in waiting
    competition.finish()
    status = client.get("/staff/rescores/1/status.json").get_json()
    assert (status["state"], status["total"], status["scored"]) == ("ready", 2, 2)
    ready = client.get("/staff/rescores/1").text
    assert "data-live-pending" not in ready
    assert "slopes__team--up" in ready
    assert ranks(ready[ready.index('id="moves"') :], "Right", "Misled")[0] == "Right"
    # the draft tells why, for the organiser to edit
    assert REASON in ready[ready.index('id="body"') :]
    assert ranks(client.get("/problems/solder/leaderboard").text, "Right", "Misled")[0] == "Misled"
    assert client.post("/staff/rescores/1/publish", data=WORDS).status_code == 303
    assert ranks(client.get("/problems/solder/leaderboard").text, "Right", "Misled")[0] == "Right"
    announced = client.get("/problems/solder/announcements").text
    assert WORDS["title"] in announced
    assert WORDS["body_en"] not in announced
    assert "rescore.publish" in client.get("/staff/audit").text
    again = client.post("/staff/rescores/1/publish", data=WORDS, follow_redirects=True)
    assert "此次重新评分已经发布" in again.text
    assert client.get("/problems/solder/announcements").text.count(WORDS["title"]) == (
        announced.count(WORDS["title"])
    )


@pytest.mark.usefixtures("organiser")
def test_discarding_deletes_all_but_the_audit_entries(
    app: Flask, client: FlaskClient, competition: Competition
) -> None:
    sent = upload(client, competition.corrected_zip())
    with app.app_context():
        jobs.check_publication(1)
    competition.finish()
    before = seen(client, "/problems/solder/leaderboard")
    gone = client.post("/staff/rescores/1/discard")
    assert gone.headers["Location"] == INDEX
    for path in ("/staff/rescores/1", sent.headers["Location"]):
        assert client.get(path).status_code == 404
    assert REASON not in client.get(INDEX).text
    assert seen(client, "/problems/solder/leaderboard") == before
    assert "rescore.discard" in client.get("/staff/audit").text


@pytest.mark.usefixtures("organiser")
def test_it_goes_on_after_a_kill(
    client: FlaskClient, competition: Competition, clock: FrozenClock
) -> None:
    number = competition.stage()
    sweep(competition.platform)
    competition.tend()
    lease = timedelta(seconds=12)
    with competition.database.transaction() as session:
        assert claim_next(session, "cpu", "killed", now=clock.now(), lease=lease) is not None
    page = f"/staff/rescores/{number}/status.json"
    assert client.get(page).get_json()["running"] == 1
    clock.tick(lease * 2)
    assert sweep(competition.platform, lease).put_back == 1
    clock.tick(lease)
    competition.finish()
    done = client.get(page).get_json()
    assert (done["state"], done["scored"], done["faults"]) == ("ready", 2, 0)


@pytest.mark.usefixtures("organiser")
def test_what_is_handed_in_meanwhile_is_scored_first_and_not_forgotten(
    client: FlaskClient, competition: Competition
) -> None:
    number = competition.stage()
    competition.tend()
    late = competition.hand_in("Late", answer())
    assert competition.work()
    assert competition.evaluations(late)[0].state is State.SCORED
    page = f"/staff/rescores/{number}"
    assert client.get(f"{page}/status.json").get_json()["scored"] == 0
    refused = client.post(f"{page}/publish", data=WORDS, follow_redirects=True)
    assert "未按新规则评分" in refused.text
    competition.finish()
    client.post(f"{page}/publish", data=WORDS)
    assert "Late" in client.get("/problems/solder/leaderboard").text
    assert [row[2] for row in competition.board()] == [1.0, 1.0, 0.5]


@pytest.mark.usefixtures("organiser")
def test_a_failing_scorer_is_shown_and_stops_the_publication(
    client: FlaskClient, competition: Competition, sandbox: ScriptedSandbox
) -> None:
    pack = competition.corrected()
    text = (pack / "problem.yaml").read_text(encoding="utf-8")
    text = text.replace("  columns:\n    - {key", "  scorer: scorer.py\n  columns:\n    - {key")
    text = text.replace("metric: accuracy, target: label, ", "")
    (pack / "problem.yaml").write_text(text, encoding="utf-8")
    (pack / "scorer.py").write_text("raise SystemError")

    def fail(_run: Run) -> RunResult:
        return finished(exit_code=1)

    sandbox.act = fail
    page = f"/staff/rescores/{competition.stage(pack)}"
    competition.finish()
    shown = client.get(page).text
    assert "2 次评测因评分程序或平台故障而失败" in shown
    assert "result.json" in shown
    assert f'action="{page}/publish"' not in shown
    refused = client.post(f"{page}/publish", data=WORDS, follow_redirects=True)
    assert "因评分程序或平台故障" in refused.text
    client.post(f"{page}/retry")
    assert client.get(f"{page}/status.json").get_json()["scored"] == 0


def test_teams_see_nothing_of_it_and_nothing_of_b(
    competition: Competition, member: FlaskClient, app: Flask
) -> None:
    before = [seen(member, path) for path in ("/submissions/1", "/problems/solder", "/")]
    number = competition.stage()
    competition.finish()
    assert [seen(member, path) for path in ("/submissions/1", "/problems/solder", "/")] == before
    for path in (INDEX, f"/staff/rescores/{number}", f"/staff/rescores/{number}/status.json"):
        assert member.get(path).status_code == 403
    competition.publish(number)
    with competition.database.transaction() as session:
        captain = session.get_one(Submission, 1).user
        assert captain is not None
        token = create_token(session, captain, "test", now=competition.platform.clock.now())[1]
    headers = {"Authorization": f"Bearer {token}"}
    api = app.test_client()
    found = api.get("/api/v1/submissions/1", headers=headers).get_json()
    assert found["scores"] == {"A": {"accuracy": 0.5}}
    hidden = api.get("/api/v1/problems/solder/leaderboard?board=B", headers=headers)
    assert hidden.status_code == 403
    # on B the first team has 1 of 4 more than the second: no page may say so
    page = member.get("/submissions/1").text
    assert "0.50000" in page
    assert "1.00000" in page  # the old score on A, in the history


@pytest.mark.usefixtures("organiser")
def test_staff_see_how_b_moves_and_are_warned(
    client: FlaskClient, competition: Competition
) -> None:
    number = competition.stage()
    competition.finish()
    page = client.get(f"/staff/rescores/{number}?board=B").text
    assert "B 榜尚未公布" in page
    assert client.get(f"/staff/rescores/{number}?board=C").status_code == 200


@pytest.mark.usefixtures("organiser")
def test_a_pack_of_another_problem_is_refused_with_the_reason(
    app: Flask, client: FlaskClient, competition: Competition, tmp_path: Path
) -> None:
    other = write_pack(tmp_path / "other", slug="other-problem")
    page = upload(client, zip_folder(other)).headers["Location"]
    with app.app_context():
        jobs.check_publication(1)
    assert "要重新评分的是“solder”" in client.get(page).text
    with competition.database.reading() as session:
        assert session.scalars(select(Rescore)).all() == []


@pytest.mark.usefixtures("organiser")
def test_what_cannot_be_staged_is_said_on_the_form(
    client: FlaskClient, competition: Competition
) -> None:
    assert upload(client, b"no zip").status_code == 422
    assert upload(client, competition.corrected_zip(), reason=" ").status_code == 422
    number = competition.stage(competition.folder / "corrected")
    refused = upload(client, b"PK\x05\x06" + bytes(18))
    assert refused.status_code == 409
    assert f"第 {number} 次重新评分正在进行" in refused.text


@pytest.mark.usefixtures("organiser")
def test_an_announcement_without_words_is_refused(
    client: FlaskClient, competition: Competition
) -> None:
    number = competition.stage()
    competition.finish()
    sent = client.post(f"/staff/rescores/{number}/publish", data=WORDS | {"title": " "})
    assert sent.status_code == 422
    assert competition.rescore(number).published_at is None
