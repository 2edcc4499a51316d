"""Try runs, from the form and through the API: public data, no score, no quota, never first."""

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.accounts import operations as accounts
from app.accounts.models import User
from app.core.platform import Platform
from app.evaluations.claims import claim_next
from app.evaluations.jobs import evaluate_one
from app.evaluations.models import Evaluation, Score, State
from app.problems.models import Problem
from app.settings import Settings
from app.submissions.models import Kind, QuotaSlot, Submission
from app.teams.models import Membership
from app.teams.models import Team as TeamRow
from sandbox import Run, RunResult
from sandbox import Verdict as RunVerdict
from tests.factories import make_submission, make_team, make_user
from tests.factories.accounts import CREATED
from tests.factories.packs import publish_pack
from tests.fakes.ports import FrozenClock, MemoryQueue, ScriptedSandbox, finished

pytestmark = pytest.mark.functional
SECRETS = (b"r0,bad", b"r2,bad")


class Team:
    """One person with a browser and a token, and what a worker does."""

    def __init__(self, app: Flask, platform: Platform, settings: Settings, folder: Path) -> None:
        self.platform, self.settings = platform, settings
        publish_pack(platform, folder / "pack", slug="solder", partition=self.partition)
        with platform.database.transaction() as session:
            problem = session.scalars(select(Problem)).one()
            problem.stages[0].opens_at = CREATED
            self.user = make_user(session, name="张伟")
            make_team(session, problem=problem, captain=self.user)
            _, secret = accounts.create_token(session, self.user, "t", now=CREATED)
        self.headers = {"Authorization": f"Bearer {secret}"}
        self.api = app.test_client()

    partition = "rows"

    def send(self, **changes: object) -> TestResponse:
        data: dict[str, Any] = {"file": (archive(), "code.zip")} | changes
        return self.api.post("/api/v1/problems/solder/debug-runs", data=data, headers=self.headers)

    def read(self, submission: str, tail: str = "") -> TestResponse:
        return self.api.get(f"/api/v1/submissions/{submission}{tail}", headers=self.headers)

    def work(self) -> bool:
        return evaluate_one(self.platform, self.settings, "cpu", "worker")


class SetsTeam(Team):
    partition = "sets"


def archive(name: str = "main.py") -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr(name, "print(1)\n")
    packed.seek(0)
    return packed


@pytest.fixture
def team(app: Flask, platform: Platform, settings: Settings, tmp_path: Path) -> Team:
    return Team(app, platform, settings, tmp_path)


def answering(text: str, seen: dict[str, bytes]) -> Callable[[Run], RunResult]:
    def act(run: Run) -> RunResult:
        assert run.input is not None
        for path in sorted(run.input.rglob("*")):
            if path.is_file():
                seen[path.relative_to(run.input).as_posix()] = path.read_bytes()
        (run.output / "predictions.csv").write_text(text)
        return finished(log="training\n")

    return act


def test_a_try_run_sees_public_data_alone_and_is_not_scored(
    team: Team, sandbox: ScriptedSandbox, queue: MemoryQueue
) -> None:
    seen: dict[str, bytes] = {}
    sandbox.act = answering("id,label\nx,ok\n", seen)
    made = team.send()
    assert made.status_code == 202
    body = made.get_json()
    assert (body["is_debug"], body["state"], made.headers["Location"]) == (
        True,
        "queued",
        f"/api/v1/submissions/{body['id']}",
    )
    assert len(queue.jobs) == 1
    assert team.work()
    done = team.read(body["id"]).get_json()
    assert (done["state"], done["scores"], done["verdict"]) == ("scored", {}, None)
    assert set(seen) == {"train.csv", "notes/README.md", "sample_predictions.csv"}
    assert sandbox.runs[-1].limits.wall_s == 60
    assert team.read(body["id"], "/log").get_json()["text"] == "training\n"
    assert team.read(body["id"], "/log.txt").text == "training\n"
    with team.platform.database.reading() as session:
        assert session.scalars(select(QuotaSlot)).all() == []
        assert session.scalars(select(Score)).all() == []
    listed = team.api.get("/api/v1/submissions", headers=team.headers).get_json()
    tried = team.api.get("/api/v1/submissions?debug=true", headers=team.headers).get_json()
    assert (listed["total"], tried["total"]) == (0, 1)
    board = team.api.get("/api/v1/problems/solder/leaderboard", headers=team.headers).get_json()
    assert (board["items"], board["total"]) == ([], 0)


def test_a_wrong_answer_is_told_from_its_form(team: Team, sandbox: ScriptedSandbox) -> None:
    sandbox.act = answering("id,label\nx,shrt\n", {})
    made = team.send().get_json()
    assert team.work()
    done = team.read(made["id"]).get_json()
    assert (done["state"], done["verdict"]) == ("failed", "invalid_output")
    assert done["messages"][0]["line"] == 2


def test_with_sets_the_input_is_what_teams_download(
    app: Flask, platform: Platform, settings: Settings, tmp_path: Path, sandbox: ScriptedSandbox
) -> None:
    team = SetsTeam(app, platform, settings, tmp_path)
    seen: dict[str, bytes] = {}
    sandbox.act = answering("id,label\nr0,ok\n", seen)
    made = team.send().get_json()
    assert team.work()
    assert seen == {"test.csv": b"id\nr0\nr1\n"}
    done = team.read(made["id"]).get_json()
    assert (done["verdict"], "r1" in done["message"]) == ("invalid_output", True)
    assert not any(secret in data for secret in SECRETS for data in seen.values())


def test_five_an_hour_and_then_a_wait(team: Team, clock: FrozenClock) -> None:
    for _ in range(5):
        assert team.send().status_code == 202
    clock.tick(timedelta(minutes=20))
    refused = team.send()
    assert (refused.status_code, refused.get_json()["code"]) == (429, "rate_limit")
    assert refused.headers["Retry-After"] == "2400"
    clock.tick(timedelta(minutes=40))
    assert team.send().status_code == 202


def test_a_broken_archive_is_refused_at_once(team: Team) -> None:
    refused = team.send(file=(archive("other.py"), "code.zip"))
    assert (refused.status_code, refused.get_json()["code"]) == (422, "invalid_upload")
    with team.platform.database.reading() as session:
        assert session.scalars(select(Submission)).all() == []


def test_a_key_of_a_try_run_makes_no_submission(team: Team) -> None:
    team.headers["Idempotency-Key"] = "same"
    first, second = team.send().get_json(), team.send().get_json()
    assert first["id"] == second["id"]
    real = team.api.post(
        "/api/v1/problems/solder/submissions",
        data={"kind": "code", "file": (archive(), "code.zip")},
        headers=team.headers,
    )
    assert (real.status_code, real.get_json()["code"]) == (409, "idempotency_key_reused")


def waiting(team: Team, *, debug: bool, own: bool = True, minutes: int = 0) -> int:
    with team.platform.database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        mine = problem_team(session, team.user, problem) if own else None
        submission = make_submission(
            session, problem=problem, team=mine, kind=Kind.CODE, is_debug=debug, blob="0" * 64
        )
        evaluation = session.scalars(
            select(Evaluation).where(Evaluation.submission_id == submission.id)
        ).one()
        evaluation.queued_at = team.platform.clock.now() - timedelta(minutes=minutes)
        return submission.id


def problem_team(session: Session, user: User, problem: Problem) -> TeamRow:
    return session.scalars(
        select(TeamRow)
        .join(Membership)
        .where(Membership.user_id == user.id, Membership.problem_id == problem.id)
    ).one()


def next_claimed(team: Team) -> tuple[int, bool]:
    with team.platform.database.transaction() as session:
        taken = claim_next(
            session, "cpu", "w", now=team.platform.clock.now(), lease=timedelta(seconds=20)
        )
        assert taken is not None
        return taken.submission_id, taken.is_debug


def test_try_runs_wait_behind_everything_but_not_for_ever(team: Team) -> None:
    tried = waiting(team, debug=True)
    real = [waiting(team, debug=False, own=False) for _ in range(3)]
    assert next_claimed(team) == (real[0], False)
    with team.platform.database.transaction() as session:
        one = session.scalars(select(Evaluation).where(Evaluation.submission_id == tried)).one()
        one.queued_at -= timedelta(minutes=3)
    other = waiting(team, debug=True, own=False, minutes=5)
    assert next_claimed(team) == (tried, True)
    # one at a time: while it runs the others wait behind what counts
    assert next_claimed(team) == (real[1], False)
    assert next_claimed(team) == (real[2], False)
    assert next_claimed(team) == (other, True)


def test_a_try_run_under_way_does_not_delay_its_teams_submission(team: Team) -> None:
    waiting(team, debug=True)
    assert next_claimed(team)[1]
    rival = waiting(team, debug=False, own=False)
    real = waiting(team, debug=False)
    assert {next_claimed(team), next_claimed(team)} == {(rival, False), (real, False)}


def test_who_has_not_accepted_the_rules_reads_them_first(
    app: Flask, team: Team, client: FlaskClient, sign_in: Callable[[User], None]
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    sign_in(team.user)
    assert 'type="file"' not in client.get("/problems/solder/debug").text
    sent = client.post("/problems/solder/debug", data={"file": (archive(), "code.zip")})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/problems/solder/rules")
    client.post("/problems/solder/rules")
    assert 'type="file"' in client.get("/problems/solder/debug").text
    sent = client.post("/problems/solder/debug", data={"file": (archive(), "code.zip")})
    assert sent.headers["Location"].startswith("/submissions/")


@pytest.mark.parametrize("locale", ["en", "zh-Hans"])
def test_the_page(
    team: Team, client: FlaskClient, sign_in: Callable[[User], None], locale: str
) -> None:
    sign_in(team.user)
    made = team.send().get_json()
    page = client.get(f"/problems/solder/debug?lang={locale}")
    assert page.status_code == 200
    assert ("4 of 5 left this hour" in page.text) is (locale == "en")
    assert f"#{made['id']}" in page.text
    shown = client.get(f"/submissions/{made['id']}?lang={locale}").text
    assert ("Try run" in shown) is (locale == "en")
    assert ("试运行" in shown) is (locale == "zh-Hans")
    assert f"#{made['id']}" not in client.get("/submissions").text


def test_off_by_setting(app: Flask, platform: Platform, tmp_path: Path, settings: Settings) -> None:
    off = settings.model_copy(update={"debug_runs_per_hour": 0})
    team = Team(app, platform, off, tmp_path)
    name = next(key for key, value in app.extensions.items() if value is settings)
    app.extensions[name] = off
    refused = team.send()
    assert (refused.status_code, refused.get_json()["code"]) == (409, "no_debug_runs")


def test_a_state_that_ends_is_final(team: Team, sandbox: ScriptedSandbox) -> None:
    made = team.send().get_json()
    sandbox.act = lambda _run: finished(exit_code=1, verdict=RunVerdict.RUNTIME_ERROR)
    assert team.work()
    assert team.read(made["id"]).get_json()["state"] == State.FAILED
