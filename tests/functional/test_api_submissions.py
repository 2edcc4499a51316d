"""A program submits, follows and cancels."""

import io
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts import operations as accounts
from app.accounts.models import Role, User
from app.core.db import Database
from app.evaluations.models import Evaluation, LogChunk, State, Verdict
from app.problems.models import Board, Problem
from app.settings import Settings
from app.submissions.models import Kind, QuotaSlot, Submission
from app.teams.models import Team
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock, MemoryQueue

pytestmark = pytest.mark.functional

GOOD = b"id,label\na,ok\nb,open\n"
BAD = b"id,label\na,ok\nb,shrt\n"
Bearer = Callable[[User], dict[str, str]]


@pytest.fixture
def bearer(database: Database, clock: FrozenClock) -> Bearer:
    def make(user: User) -> dict[str, str]:
        with database.transaction() as session:
            _row, token = accounts.create_token(session, user, "test", now=clock.now())
        return {"Authorization": f"Bearer {token}", "Accept-Language": "en"}

    return make


@pytest.fixture
def problem(database: Database) -> Problem:
    with database.transaction() as session:
        return make_problem(session, slug="pcb")


def person(database: Database, role: Role = Role.PARTICIPANT, name: str | None = None) -> User:
    with database.transaction() as session:
        return make_user(session, role=role, name=name)


def code_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("main.py", "print('hello')\n")
    return buffer.getvalue()


def send(
    client: FlaskClient,
    headers: dict[str, str],
    content: bytes = GOOD,
    *,
    slug: str = "pcb",
    kind: str = "predictions",
    **fields: str,
) -> TestResponse:
    data = {"kind": kind, **fields, "file": (io.BytesIO(content), "predictions.csv")}
    answer = client.post(f"/api/v1/problems/{slug}/submissions", data=data, headers=headers)
    # the test client puts large bodies into a file that it leaves open
    answer.request.environ["wsgi.input"].close()
    return answer


def count(database: Database, model: type) -> int:
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


@pytest.mark.usefixtures("problem")
def test_an_answer_is_accepted_and_queued(
    client: FlaskClient, database: Database, queue: MemoryQueue, bearer: Bearer
) -> None:
    user = person(database, name="张伟")
    answer = send(client, bearer(user), note="第一次")
    assert answer.status_code == 202
    body = answer.get_json()
    assert answer.headers["Location"] == f"/api/v1/submissions/{body['id']}"
    assert isinstance(body["id"], str)
    assert (body["problem"], body["kind"], body["state"]) == ("pcb", "predictions", "queued")
    assert (body["verdict"], body["message"], body["scores"], body["run"]) == (None, None, {}, None)
    assert (body["team"]["name"], body["note"]) == ("张伟", "第一次")
    assert body["queued_at"] == "2030-01-01T12:00:00.000+08:00"
    assert (body["started_at"], body["finished_at"]) == (None, None)
    assert [job[:2] for job in queue.jobs] == [("cpu", "app.evaluations.jobs.evaluate_next")]
    followed = client.get(answer.headers["Location"], headers=bearer(user))
    assert followed.get_json() == body


@pytest.mark.usefixtures("problem")
def test_code_is_accepted(client: FlaskClient, database: Database, bearer: Bearer) -> None:
    answer = send(client, bearer(person(database)), code_zip(), kind="code")
    assert (answer.status_code, answer.get_json()["kind"]) == (202, "code")


@pytest.mark.usefixtures("problem")
def test_a_refused_file_is_explained_line_by_line_and_not_charged(
    client: FlaskClient, database: Database, bearer: Bearer
) -> None:
    headers = bearer(person(database))
    answer = send(client, headers, BAD)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    body = answer.get_json()
    assert (body["status"], body["code"]) == (422, "invalid_upload")
    assert [(one["loc"], one["line"]) for one in body["errors"]] == [("file", 3)]
    assert "shrt" in body["errors"][0]["message"]
    assert (count(database, Submission), count(database, QuotaSlot)) == (0, 0)
    chinese = send(client, headers | {"Accept-Language": "zh-CN"}, BAD).get_json()
    assert chinese["errors"][0]["message"] != body["errors"][0]["message"]


@pytest.mark.usefixtures("problem")
def test_a_broken_zip_is_refused(client: FlaskClient, database: Database, bearer: Bearer) -> None:
    answer = send(client, bearer(person(database)), b"no zip", kind="code")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_upload")


@pytest.mark.usefixtures("problem")
@pytest.mark.parametrize("size", [(1 << 20) + 1, 5 << 20])
def test_a_file_that_is_too_large_is_413(
    client: FlaskClient, database: Database, bearer: Bearer, size: int
) -> None:
    answer = send(client, bearer(person(database)), b"x" * size)
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too_large")
    assert "1 MiB" in answer.get_json()["detail"]


@pytest.mark.usefixtures("problem")
@pytest.mark.parametrize(
    ("data", "loc"),
    [
        ({"kind": "predictions"}, "form.file"),
        ({"file": "a.csv"}, "form.kind"),
        ({"file": "a.csv", "kind": "report"}, "form.kind"),
        ({"file": "a.csv", "kind": "code", "board": "C"}, "form.board"),
        ({"file": "a.csv", "kind": "code", "note": "x" * 501}, "form.note"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    client: FlaskClient, database: Database, bearer: Bearer, data: dict[str, str], loc: str
) -> None:
    headers = bearer(person(database))
    files = {"file": (io.BytesIO(GOOD), data["file"])} if "file" in data else {}
    sent = {**data, **files}
    answer = client.post("/api/v1/problems/pcb/submissions", data=sent, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed_request")
    assert [one["loc"] for one in answer.get_json()["errors"]] == [loc]


@pytest.mark.usefixtures("problem")
def test_a_repeat_with_the_same_key_answers_the_first_result(
    client: FlaskClient, database: Database, queue: MemoryQueue, bearer: Bearer
) -> None:
    headers = bearer(person(database)) | {"Idempotency-Key": "a-b-c"}
    first, second = send(client, headers), send(client, headers, BAD)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.get_json() == second.get_json()
    assert first.headers["Location"] == second.headers["Location"]
    assert (count(database, Submission), count(database, QuotaSlot), len(queue.jobs)) == (1, 1, 1)
    # another person's key is another key
    other = send(client, bearer(person(database)) | {"Idempotency-Key": "a-b-c"})
    assert other.get_json()["id"] != first.get_json()["id"]


@pytest.mark.usefixtures("problem")
def test_the_same_key_sent_many_times_at_once_makes_one_submission(
    app: Flask, database: Database, bearer: Bearer
) -> None:
    headers = bearer(person(database)) | {"Idempotency-Key": "a-b-c"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _n: send(app.test_client(), headers), range(4)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.get_json()["id"] for answer in answers}) == 1
    assert count(database, QuotaSlot) == 1


@pytest.mark.usefixtures("problem")
def test_a_key_is_for_one_problem_and_has_bounds(
    client: FlaskClient, database: Database, bearer: Bearer
) -> None:
    with database.transaction() as session:
        make_problem(session, slug="other")
    headers = bearer(person(database)) | {"Idempotency-Key": "a-b-c"}
    send(client, headers)
    reused = send(client, headers, slug="other")
    assert (reused.status_code, reused.get_json()["code"]) == (409, "idempotency_key_reused")
    for key in ("", "x" * 129):
        assert send(client, headers | {"Idempotency-Key": key}).status_code == 400


@pytest.mark.usefixtures("problem")
def test_the_quota_says_when_to_come_back(
    client: FlaskClient, database: Database, bearer: Bearer
) -> None:
    headers = bearer(person(database))
    assert [send(client, headers).status_code for _ in range(3)] == [202] * 3
    refused = send(client, headers)
    assert (refused.status_code, refused.get_json()["code"]) == (429, "quota")
    # noon in Beijing: twelve hours to midnight
    assert refused.headers["Retry-After"] == str(12 * 3600)


@pytest.mark.usefixtures("problem")
def test_calls_are_limited_per_token_and_that_is_another_429(
    app: Flask, client: FlaskClient, database: Database, settings: Settings, bearer: Bearer
) -> None:
    slow = settings.model_copy(update={"api_rate": "3 per minute"})
    app.extensions["baijing-settings"] = slow
    one, other = bearer(person(database)), bearer(person(database))
    codes = [client.get("/api/v1/submissions", headers=one).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    refused = client.get("/api/v1/submissions", headers=one)
    assert (refused.mimetype, refused.get_json()["code"]) == (
        "application/problem+json",
        "rate_limit",
    )
    assert int(refused.headers["Retry-After"]) in range(1, 62)
    assert client.get("/api/v1/submissions", headers=other).status_code == 200
    # without a token, calls are counted per address
    codes = [client.get("/api/v1/openapi.json").status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]


def test_a_closed_stage_is_a_conflict(
    client: FlaskClient, database: Database, clock: FrozenClock, problem: Problem, bearer: Bearer
) -> None:
    headers = bearer(person(database))
    on_b = send(client, headers, board="B")
    assert (on_b.status_code, on_b.get_json()["code"]) == (409, "stage_closed")
    with database.transaction() as session:
        stage = session.get_one(Problem, problem.id).stage(Board.A)
        assert stage is not None
        stage.closes_at = clock.now() + timedelta(seconds=1)
    assert send(client, headers).status_code == 202
    clock.tick(timedelta(seconds=1))
    assert send(client, headers).status_code == 409


@pytest.mark.usefixtures("problem")
@pytest.mark.parametrize("role", [Role.JUDGE, Role.ORGANISER, Role.ADMIN])
def test_staff_do_not_compete(
    client: FlaskClient, database: Database, bearer: Bearer, role: Role
) -> None:
    assert send(client, bearer(person(database, role))).status_code == 403


def test_without_a_token_nothing_is_answered(client: FlaskClient, problem: Problem) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
        answer = send(client, headers)
        assert answer.status_code == 401
        assert answer.mimetype == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert client.get("/api/v1/submissions/1", headers=headers).status_code == 401
    del problem


def test_a_cookie_opens_no_api(
    client: FlaskClient, database: Database, sign_in: Callable[[User], None]
) -> None:
    sign_in(person(database))
    assert client.get("/api/v1/submissions").status_code == 401


def test_what_is_not_there_or_not_yours_looks_alike(
    client: FlaskClient, database: Database, problem: Problem, bearer: Bearer
) -> None:
    with database.transaction() as session:
        submission = make_submission(session, problem=session.get_one(Problem, problem.id))
    headers = bearer(person(database))
    for path in ("", "/log"):
        missing = client.get(f"/api/v1/submissions/999{path}", headers=headers)
        hidden = client.get(f"/api/v1/submissions/{submission.id}{path}", headers=headers)
        assert missing.status_code == hidden.status_code == 404
        assert missing.get_json() == hidden.get_json()
    cancelled = client.post(f"/api/v1/submissions/{submission.id}/cancel", headers=headers)
    assert cancelled.status_code == 404
    assert send(client, headers, slug="nowhere").status_code == 404
    assert client.get("/api/v1/submissions/abc", headers=headers).status_code == 404


def scored(database: Database, problem: Problem, *, kind: Kind = Kind.PREDICTIONS) -> Submission:
    with database.transaction() as session:
        held = session.get_one(Problem, problem.id)
        return make_submission(
            session,
            problem=held,
            team=make_team(session, problem=held, captain=make_user(session)),
            kind=kind,
            scores={"A": {"macro_f1": 0.75, "accuracy": 0.8}, "B": {"macro_f1": 0.5}},
        )


def captain(database: Database, submission: Submission) -> User:
    with database.reading() as session:
        return session.get_one(Team, submission.team_id).captain


def test_scores_on_b_appear_after_the_reveal(
    client: FlaskClient, database: Database, clock: FrozenClock, problem: Problem, bearer: Bearer
) -> None:
    submission = scored(database, problem)
    mine = bearer(captain(database, submission))
    judges = bearer(person(database, Role.JUDGE))
    path = f"/api/v1/submissions/{submission.id}"
    on_a = {"macro_f1": 0.75, "accuracy": 0.8}
    both = {"A": on_a, "B": {"macro_f1": 0.5}}
    assert client.get(path, headers=mine).get_json()["scores"] == {"A": on_a}
    listed = client.get("/api/v1/submissions", headers=mine).get_json()["items"][0]
    assert listed["scores"] == {"A": on_a}
    assert client.get(path, headers=judges).get_json()["scores"] == both
    with database.transaction() as session:
        session.get_one(Problem, problem.id).b_revealed_at = clock.now()
    assert client.get(path, headers=mine).get_json()["scores"] == both


def test_a_failure_says_why_and_what_the_run_used(
    client: FlaskClient, database: Database, problem: Problem, bearer: Bearer
) -> None:
    with database.transaction() as session:
        held = session.get_one(Problem, problem.id)
        submission = make_submission(
            session, problem=held, kind=Kind.CODE, state=State.FAILED, verdict=Verdict.TIME_LIMIT
        )
        evaluation = session.scalars(select(Evaluation)).one()
        evaluation.messages = [{"zh-Hans": "超时", "en": "Too slow", "line": 3}]
        evaluation.wall_s, evaluation.cpu_s, evaluation.exit_code = 60.5, 59.25, 137
        evaluation.peak_memory_bytes = 1 << 33
    headers = bearer(captain(database, submission))
    body = client.get(f"/api/v1/submissions/{submission.id}", headers=headers).get_json()
    assert (body["state"], body["verdict"], body["message"]) == ("failed", "time_limit", "Too slow")
    assert body["messages"] == [{"message": "Too slow", "line": 3}]
    assert body["run"] == {
        "wall_s": 60.5,
        "cpu_s": 59.25,
        "peak_memory_bytes": 1 << 33,
        "output_bytes": None,
        "gpus": None,
        "exit_code": 137,
        "backend": None,
        "signal": None,
        "excess": None,
        "error": None,
        "phases": {},
        "files": [],
        "files_more": 0,
        "log_bytes": None,
    }
    chinese = client.get(
        f"/api/v1/submissions/{submission.id}", headers=headers | {"Accept-Language": "zh-Hans"}
    )
    assert chinese.get_json()["message"] == "超时"


def test_a_log_is_read_piece_by_piece(
    client: FlaskClient, database: Database, problem: Problem, bearer: Bearer
) -> None:
    with database.transaction() as session:
        held = session.get_one(Problem, problem.id)
        submission = make_submission(session, problem=held, kind=Kind.CODE)
        evaluation = session.scalars(select(Evaluation)).one()
        start = 0
        for text in ("第一行\n", "second\n"):
            size = len(text.encode())
            session.add(
                LogChunk(evaluation_id=evaluation.id, attempt=0, start=start, size=size, text=text)
            )
            start += size
    headers = bearer(captain(database, submission))
    path = f"/api/v1/submissions/{submission.id}/log"
    assert client.get(path, headers=headers).get_json() == {
        "text": "第一行\nsecond\n",
        "next_offset": 17,
        "done": False,
        "attempt": 0,
    }
    later = client.get(f"{path}?offset=10", headers=headers).get_json()
    assert (later["text"], later["next_offset"]) == ("second\n", 17)
    end = client.get(f"{path}?offset=17", headers=headers).get_json()
    assert (end["text"], end["next_offset"]) == ("", 17)
    for wrong in ("-1", "x"):
        assert client.get(f"{path}?offset={wrong}", headers=headers).status_code == 400


@pytest.mark.usefixtures("problem")
def test_cancelling_frees_the_slot(client: FlaskClient, database: Database, bearer: Bearer) -> None:
    headers = bearer(person(database))
    path = send(client, headers).headers["Location"]
    cancelled = client.post(f"{path}/cancel", headers=headers)
    assert (cancelled.status_code, cancelled.get_json()["state"]) == (202, "cancelled")
    assert count(database, QuotaSlot) == 0
    again = client.post(f"{path}/cancel", headers=headers)
    assert (again.status_code, again.get_json()["code"]) == (409, "already_finished")


@pytest.mark.usefixtures("problem")
@pytest.mark.parametrize(
    ("role", "status"), [(Role.JUDGE, 403), (Role.ORGANISER, 202), (Role.ADMIN, 202)]
)
def test_a_judge_reads_and_an_organiser_cancels(
    client: FlaskClient, database: Database, bearer: Bearer, role: Role, status: int
) -> None:
    path = send(client, bearer(person(database))).headers["Location"]
    headers = bearer(person(database, role))
    assert client.get(path, headers=headers).status_code == 200
    assert client.post(f"{path}/cancel", headers=headers).status_code == status


def test_a_list_shows_ones_own_newest_first(
    client: FlaskClient,
    database: Database,
    problem: Problem,
    bearer: Bearer,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    user = person(database)
    with database.transaction() as session:
        held, other = session.get_one(Problem, problem.id), make_problem(session, slug="other")
        team = make_team(session, problem=held, captain=user)
        mine = [
            make_submission(session, problem=held, team=team, scores={"A": {"macro_f1": 0.5}}).id
            for _ in range(5)
        ]
        make_submission(session, problem=held)
        theirs = make_team(session, problem=other, captain=user)
        mine.append(make_submission(session, problem=other, team=theirs).id)
    headers = bearer(user)
    client.get("/api/v1/submissions", headers=headers)  # the use of the token is noted once
    with count_queries() as seen:
        body = client.get("/api/v1/submissions", headers=headers).get_json()
    assert [item["id"] for item in body["items"]] == [str(one) for one in reversed(mine)]
    assert (body["total"], body["page"], body["per_page"]) == (6, 1, 20)
    assert len(seen) <= 9
    narrowed = client.get("/api/v1/submissions?problem=other", headers=headers).get_json()
    assert [item["id"] for item in narrowed["items"]] == [str(mine[-1])]
    second = client.get("/api/v1/submissions?page=2&per_page=4", headers=headers).get_json()
    assert [item["id"] for item in second["items"]] == [str(mine[1]), str(mine[0])]
    assert client.get("/api/v1/submissions?problem=none", headers=headers).status_code == 404
    everything = client.get("/api/v1/submissions", headers=bearer(person(database, Role.JUDGE)))
    assert everything.get_json()["total"] == 7
