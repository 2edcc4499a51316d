"""The HTTP API, call by call and shape by shape, as it was promised: scripts depend on it."""

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts import operations as accounts
from app.accounts.models import Role
from app.core.platform import Platform
from app.evaluations.jobs import evaluate_one
from app.evaluations.models import State, Verdict
from app.problems.models import Problem, Revision
from app.settings import Settings
from sandbox import Run, RunResult
from tests.factories import make_submission, make_team, make_user
from tests.factories.packs import publish_pack, run_scripts, zip_folder
from tests.fakes.ports import FrozenClock, ScriptedSandbox

pytestmark = pytest.mark.functional

GOOD = b"id,label\n" + b"".join(b"r%d,ok\n" % row for row in range(6))
STATES = {"queued", "running", "scoring", "scored", "failed", "cancelled"}
VERDICTS = {
    "invalid_output",
    "missing_output",
    "runtime_error",
    "time_limit",
    "memory_limit",
    "output_limit",
    "process_limit",
    "invalid_scores",
    "scorer_error",
    "system_error",
}
# RFC 3339 with an offset, never a bare local time
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
SLUG: Final = "solder"


@dataclass
class Api:
    """A program with one person's token."""

    client: FlaskClient
    headers: dict[str, str]

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(f"/api/v1{path}", headers=self.headers | headers)

    def post(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> TestResponse:
        answer = self.client.post(f"/api/v1{path}", data=data, headers=self.headers | headers)
        answer.request.environ["wsgi.input"].close()
        return answer

    def submit(self, content: bytes = GOOD, kind: str = "predictions", **more: str) -> TestResponse:
        headers = {"Idempotency-Key": more.pop("key")} if "key" in more else {}
        data = {"kind": kind, "file": (io.BytesIO(content), "predictions.csv"), **more}
        return self.post(f"/problems/{SLUG}/submissions", data, **headers)


@pytest.fixture(autouse=True)
def revision(platform: Platform, tmp_path: Path, clock: FrozenClock) -> Revision:
    found = publish_pack(platform, tmp_path / "pack", slug=SLUG)
    with platform.database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        problem.stages[0].opens_at = clock.now() - timedelta(days=1)
        problem.stages[0].closes_at = clock.now() + timedelta(days=30)
        problem.submissions_per_day = 2
    return found


Enrol = Callable[..., Api]


@pytest.fixture
def enrol(app: Flask, platform: Platform, clock: FrozenClock) -> Enrol:
    def make(role: Role = Role.PARTICIPANT, name: str | None = None) -> Api:
        with platform.database.transaction() as session:
            user = make_user(session, role=role, name=name)
            _row, token = accounts.create_token(session, user, "test", now=clock.now())
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        return Api(app.test_client(), headers)

    return make


@pytest.fixture
def api(enrol: Enrol) -> Api:
    return enrol(name="张伟")


def assert_problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """RFC 9457, with our stable code."""
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    body: dict[str, Any] = json.loads(answer.data)
    assert {"type", "title", "status", "detail"} <= set(body)
    assert (body["status"], body["code"]) == (status, code)
    assert all(isinstance(body[name], str) for name in ("type", "title", "detail"))
    for issue in body.get("errors", []):
        assert {"loc", "message"} <= set(issue) <= {"loc", "line", "message"}
    return body


def assert_instant(text: str) -> None:
    assert INSTANT.fullmatch(text), text
    assert datetime.fromisoformat(text).tzinfo is not None


def code_zip(tmp_path: Path) -> bytes:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "main.py").write_text("print('hello')\n")
    return zip_folder(folder)


def test_problems_are_listed_in_pages(api: Api) -> None:
    body = api.get("/problems").get_json()
    assert set(body) == {"items", "total", "page", "per_page"}
    assert (body["total"], body["page"]) == (1, 1)
    item = body["items"][0]
    assert {"slug", "title", "area"} <= set(item)
    assert (item["slug"], item["area"]) == (SLUG, "quality-inspection")
    for query, total in (
        ("area=quality-inspection", 1),
        ("area=logistics", 0),
        ("q=joints", 1),
        ("q=焊点", 1),
        ("q=nothing-of-the-kind", 0),
        ("page=9&per_page=1", 1),
    ):
        assert api.get(f"/problems?{query}").get_json()["total"] == total, query
    assert api.get("/problems?page=9&per_page=1").get_json()["items"] == []
    assert_problem(api.get("/problems?area=cooking"), 400, "malformed_request")


def test_a_problem_says_everything(api: Api, tmp_path: Path) -> None:
    body = api.get(f"/problems/{SLUG}").get_json()
    assert {"statement", "columns", "limits", "stages", "files", "quota"} <= set(body)
    assert body["title"] == "Solder joints"
    assert "## Background" in body["statement"]
    assert [column["key"] for column in body["columns"]] == ["accuracy"]
    assert body["limits"]["submissions_per_day"] == 2
    for stage in body["stages"]:
        assert {"key", "opens_at", "closes_at", "state"} <= set(stage)
    first, second = body["stages"]
    assert (first["key"], first["state"]) == ("A", "open")
    assert (second["key"], second["opens_at"], second["state"]) == ("B", None, "upcoming")
    assert_instant(first["opens_at"])
    assert_instant(first["closes_at"])
    assert set(body["quota"]) == {"limit", "used", "resets_at"}
    assert (body["quota"]["limit"], body["quota"]["used"]) == (2, 0)
    assert_instant(body["quota"]["resets_at"])
    public = tmp_path / "pack/data/public"
    told = {file["path"]: file for file in body["files"]}
    assert set(told) == {"train.csv", "notes/README.md", "sample_predictions.csv"}
    for path, file in told.items():
        content = (public / path).read_bytes()
        assert file == {
            "path": path,
            "size": len(content),
            "sha256": sha256(content).hexdigest(),
        }


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "焊点缺陷"),
        ("zh-Hans", "焊点缺陷"),
        ("en-GB,en;q=0.9", "Solder joints"),
        ("fr;q=1, en;q=0.5", "Solder joints"),
        ("", "焊点缺陷"),
    ],
)
def test_a_title_is_one_string_in_the_language_asked_for(api: Api, asked: str, title: str) -> None:
    headers = {"Accept-Language": asked}
    assert api.get(f"/problems/{SLUG}", **headers).get_json()["title"] == title
    listed = api.get("/problems", **headers)
    assert listed.get_json()["items"][0]["title"] == title
    assert "Accept-Language" in listed.headers["Vary"]


def test_a_file_is_its_hash_and_can_be_read_in_parts(api: Api, tmp_path: Path) -> None:
    path = f"/problems/{SLUG}/files/notes/README.md"
    content = (tmp_path / "pack/data/public/notes/README.md").read_bytes()
    whole = api.get(path)
    assert (whole.status_code, whole.data) == (200, content)
    tag = f'"{sha256(content).hexdigest()}"'
    assert (whole.headers["ETag"], whole.headers["Accept-Ranges"]) == (tag, "bytes")
    part = api.get(path, Range="bytes=2-4")
    assert (part.status_code, part.data) == (206, content[2:5])
    assert part.headers["Content-Range"] == f"bytes 2-4/{len(content)}"
    assert api.get(path, Range="bytes=-3").data == content[-3:]
    assert api.get(path, Range=f"bytes={len(content)}-").status_code == 416
    assert api.get(path, **{"If-None-Match": tag}).status_code == 304
    assert_problem(api.get(f"/problems/{SLUG}/files/nothing"), 404, "file_not_found")


def test_a_predictions_file_from_upload_to_board(
    api: Api, platform: Platform, settings: Settings, clock: FrozenClock
) -> None:
    accepted = api.submit(note="first")
    body = accepted.get_json()
    assert (accepted.status_code, body["state"]) == (202, "queued")
    assert accepted.headers["Location"] == f"/api/v1/submissions/{body['id']}"
    promised = {
        "id",
        "problem",
        "kind",
        "state",
        "verdict",
        "message",
        "scores",
        "queued_at",
        "started_at",
        "finished_at",
        "run",
    }
    assert promised <= set(body)
    assert isinstance(body["id"], str)
    assert (body["scores"], body["run"], body["verdict"]) == ({}, None, None)
    assert api.get(f"/problems/{SLUG}").get_json()["quota"]["used"] == 1
    clock.tick(timedelta(seconds=3))
    assert evaluate_one(platform, settings, "cpu", "w")
    done = api.get(f"/submissions/{body['id']}").get_json()
    assert (done["state"], done["verdict"], done["message"]) == ("scored", None, None)
    assert done["scores"] == {"A": {"accuracy": 0.5}}
    assert done["run"] is None  # nothing ran
    for name in ("queued_at", "started_at", "finished_at"):
        assert_instant(done[name])
    board = api.get(f"/problems/{SLUG}/leaderboard?board=A").get_json()
    assert {"items", "total", "page", "per_page", "baselines"} <= set(board)
    (item,) = board["items"]
    assert {"rank", "team", "scores", "entries", "last_at"} <= set(item)
    assert (item["rank"], item["entries"], item["scores"]) == (1, 1, {"accuracy": 0.5})
    assert set(item["team"]) == {"id", "name"}
    assert isinstance(item["team"]["id"], str)
    assert item["team"]["name"] == "张伟"  # a team of one, named after them
    assert_instant(item["last_at"])


def test_code_reports_its_run_and_its_log(
    api: Api,
    platform: Platform,
    settings: Settings,
    sandbox: ScriptedSandbox,
    tmp_path: Path,
) -> None:
    def act(run: Run) -> RunResult:
        ended = run_scripts(run)
        return RunResult(**{**_fields(ended), "log": "第一行\nsecond\n"})

    sandbox.act = act
    made = api.submit(code_zip(tmp_path), "code").get_json()
    log = f"/submissions/{made['id']}/log"
    assert api.get(log).get_json().items() >= {"text": "", "next_offset": 0, "done": False}.items()
    assert evaluate_one(platform, settings, "cpu", "w")
    done = api.get(f"/submissions/{made['id']}").get_json()
    assert done["state"] == "scored"
    promised = {"wall_s", "cpu_s", "peak_memory_bytes", "gpus", "exit_code"}
    assert promised <= set(done["run"])
    assert all(done["run"][name] is not None for name in promised)
    assert (done["run"]["gpus"], done["run"]["exit_code"]) == (0, 0)
    piece = api.get(log).get_json()
    assert piece.items() >= {"text": "第一行\nsecond\n", "next_offset": 17, "done": True}.items()
    # an offset counts bytes of UTF-8
    assert api.get(f"{log}?offset=10").get_json()["text"] == "second\n"
    end = api.get(f"{log}?offset=17").get_json()
    assert end.items() >= {"text": "", "next_offset": 17, "done": True}.items()
    assert api.get(f"{log}?offset=1").get_json()["text"] == "一行\nsecond\n"


def _fields(result: RunResult) -> dict[str, Any]:
    return {name: getattr(result, name) for name in RunResult.__slots__}


def test_every_state_and_verdict_has_its_promised_name() -> None:
    assert {state.value for state in State} == STATES
    assert {verdict.value for verdict in Verdict} == VERDICTS


def test_401_403_and_404(api: Api, enrol: Enrol, client: FlaskClient) -> None:
    for headers in ({}, {"Authorization": "Bearer bj_wrong"}, {"Authorization": "Token x"}):
        nobody = Api(client, headers)
        for path in ("/problems", f"/problems/{SLUG}", "/submissions", "/submissions/1"):
            answer = nobody.get(path)
            assert_problem(answer, 401, "unauthenticated")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    mine = api.submit().get_json()["id"]
    assert_problem(enrol(Role.JUDGE).submit(), 403, "staff_cannot_submit")
    hidden = api.get(f"/problems/{SLUG}/leaderboard?board=B")
    assert_problem(hidden, 403, "board_hidden")
    assert enrol(Role.JUDGE).get(f"/problems/{SLUG}/leaderboard?board=B").status_code == 200
    assert_problem(enrol(Role.JUDGE).post(f"/submissions/{mine}/cancel"), 403, "forbidden")
    stranger = enrol()
    for path in (f"/submissions/{mine}", f"/submissions/{mine}/log", "/submissions/999"):
        assert_problem(stranger.get(path), 404, "submission_not_found")
    assert_problem(stranger.get("/problems/nowhere"), 404, "problem_not_found")
    assert_problem(stranger.get("/nowhere"), 404, "not_found")
    assert_problem(stranger.post(f"/submissions/{mine}/cancel"), 404, "submission_not_found")


def test_409_where_the_state_does_not_allow_it(
    api: Api, platform: Platform, clock: FrozenClock
) -> None:
    assert_problem(api.submit(board="B"), 409, "stage_closed")
    made = api.submit(key="one").get_json()["id"]
    cancelled = api.post(f"/submissions/{made}/cancel")
    assert (cancelled.status_code, cancelled.get_json()["state"]) == (202, "cancelled")
    assert_problem(api.post(f"/submissions/{made}/cancel"), 409, "already_finished")
    assert api.get(f"/problems/{SLUG}").get_json()["quota"]["used"] == 0
    clock.tick(timedelta(days=31))
    assert_problem(api.submit(), 409, "stage_closed")


def test_413_and_422(api: Api) -> None:
    large = assert_problem(api.submit(b"x" * ((1 << 20) + 1)), 413, "too_large")
    assert "errors" not in large
    refused = assert_problem(api.submit(b"id,label\nr0,ok\nr1,oops\n"), 422, "invalid_upload")
    issue = refused["errors"][0]
    assert (issue["loc"], issue["line"]) == ("file", 3)
    assert_problem(api.submit(b"no zip", "code"), 422, "invalid_upload")
    assert api.get(f"/problems/{SLUG}").get_json()["quota"]["used"] == 0
    assert api.get("/submissions").get_json()["total"] == 0


def test_429_says_which_of_the_two_and_when_to_come_back(
    api: Api, app: Flask, settings: Settings
) -> None:
    assert [api.submit().status_code for _ in range(2)] == [202, 202]
    full = api.submit()
    assert_problem(full, 429, "quota")
    assert int(full.headers["Retry-After"]) == 12 * 3600  # noon in Beijing
    app.extensions["baijing-settings"] = settings.model_copy(update={"api_rate": "1 per minute"})
    api.get("/problems")
    fast = api.get("/problems")
    assert_problem(fast, 429, "rate_limit")
    assert 1 <= int(fast.headers["Retry-After"]) <= 61


def test_a_repeat_with_the_same_key_is_the_first(api: Api, enrol: Enrol) -> None:
    first = api.submit(key="k-1")
    again = api.submit(b"something else", key="k-1")
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.get_json()["id"] == first.get_json()["id"]
    assert again.headers["Location"] == first.headers["Location"]
    assert api.get("/submissions").get_json()["total"] == 1
    # the day being used up does not matter to a repeat
    api.submit()
    assert api.submit(key="k-1").status_code == 202
    assert enrol().submit(key="k-1").get_json()["id"] != first.get_json()["id"]


def test_lists_are_newest_first_and_ones_own(api: Api, enrol: Enrol) -> None:
    mine = [api.submit().get_json()["id"] for _ in range(2)]
    theirs = enrol().submit().get_json()["id"]
    body = api.get(f"/submissions?problem={SLUG}").get_json()
    assert [item["id"] for item in body["items"]] == mine[::-1]
    assert (body["total"], body["page"]) == (2, 1)
    assert api.get("/submissions?page=2&per_page=1").get_json()["items"][0]["id"] == mine[0]
    everything = enrol(Role.ORGANISER).get("/submissions").get_json()
    assert [item["id"] for item in everything["items"]] == [theirs, *mine[::-1]]


def test_b_appears_with_the_reveal(
    api: Api, platform: Platform, settings: Settings, clock: FrozenClock
) -> None:
    made = api.submit().get_json()["id"]
    evaluate_one(platform, settings, "cpu", "w")
    assert set(api.get(f"/submissions/{made}").get_json()["scores"]) == {"A"}
    with platform.database.transaction() as session:
        session.scalars(select(Problem)).one().b_revealed_at = clock.now()
    scores = api.get(f"/submissions/{made}").get_json()["scores"]
    assert scores == {"A": {"accuracy": 0.5}, "B": {"accuracy": 0.75}}
    board = api.get(f"/problems/{SLUG}/leaderboard?board=B").get_json()
    assert board["items"][0]["scores"] == {"accuracy": 0.75}


def test_baselines_stand_apart_and_are_not_counted(api: Api, platform: Platform) -> None:
    with platform.database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        make_submission(session, problem=problem, baseline=True, scores={"A": {"accuracy": 0.9}})
        for value in (0.25, 0.75, 0.5):
            team = make_team(session, problem=problem)
            make_submission(session, problem=problem, team=team, scores={"A": {"accuracy": value}})
    body = api.get(f"/problems/{SLUG}/leaderboard?per_page=2").get_json()
    assert (body["total"], body["page"], body["per_page"]) == (3, 1, 2)
    ranked = [(item["rank"], item["scores"]["accuracy"]) for item in body["items"]]
    assert ranked == [(1, 0.75), (2, 0.5)]
    assert [baseline["scores"] for baseline in body["baselines"]] == [{"accuracy": 0.9}]
    second = api.get(f"/problems/{SLUG}/leaderboard?per_page=2&page=2").get_json()
    assert [item["rank"] for item in second["items"]] == [3]


def test_the_best_on_a_counts_and_ties_go_to_the_earlier(
    api: Api, platform: Platform, clock: FrozenClock
) -> None:
    with platform.database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        late, early = (make_team(session, problem=problem) for _ in range(2))
        for team, value, hours in ((early, 0.5, 0), (late, 0.5, 2), (early, 0.1, 3)):
            at = clock.now() + timedelta(hours=hours)
            scores = {"A": {"accuracy": value}}
            make_submission(session, problem=problem, team=team, scores=scores, at=at)
        names = [early.name, late.name]
    items = api.get(f"/problems/{SLUG}/leaderboard").get_json()["items"]
    assert [item["team"]["name"] for item in items] == names
    assert [item["entries"] for item in items] == [2, 1]


def test_the_api_describes_itself(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").get_json()
    assert document["openapi"].startswith("3.1")
    promised = {
        ("/problems", "get"),
        ("/problems/{slug}", "get"),
        ("/problems/{slug}/files/{path}", "get"),
        ("/problems/{slug}/submissions", "post"),
        ("/submissions", "get"),
        ("/submissions/{submission_id}", "get"),
        ("/submissions/{submission_id}/log", "get"),
        ("/submissions/{submission_id}/cancel", "post"),
        ("/problems/{slug}/leaderboard", "get"),
    }
    told = {
        (path.removeprefix("/api/v1"), method)
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert promised <= told
    assert client.get("/api/v1/docs").mimetype == "text/html"


def test_what_machines_ask(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200
    missing = client.get("/readyz")
    assert missing.status_code == 503
    assert "worker" in missing.text
    metrics = client.get("/metrics")
    assert metrics.status_code == 200
    assert metrics.mimetype == "text/plain"
    assert "baijing_evaluations" in metrics.text


def test_a_person_of_no_team_uses_nothing_and_staff_have_no_quota(enrol: Enrol) -> None:
    assert enrol().get(f"/problems/{SLUG}").get_json()["quota"]["used"] == 0
    assert enrol(Role.JUDGE).get(f"/problems/{SLUG}").get_json()["quota"] is None
