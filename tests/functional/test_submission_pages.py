"""A person hands in a file in the browser and watches what becomes of it."""

import io
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts.models import Role, User
from app.core.audit import AuditEntry
from app.core.blobs import LocalBlobs
from app.core.db import Database
from app.evaluations import staff_views, views
from app.evaluations.models import Evaluation, LogChunk, State, Verdict
from app.leaderboards import views as board_views
from app.problems.models import Problem
from app.submissions.models import Kind, Submission
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock, MemoryQueue

pytestmark = pytest.mark.functional

SignIn = Callable[[User], None]
Counting = Callable[[], AbstractContextManager[list[str]]]
GOOD = b"id,label\na,ok\nb,open\n"
BAD = b"id,label\na,ok\nb,shrt\n"


@pytest.fixture(autouse=True)
def _registered(app: Flask) -> None:
    for module in (views, staff_views, board_views):
        if module.blueprint.name not in app.blueprints:
            app.register_blueprint(module.blueprint)


@pytest.fixture
def problem(database: Database) -> Problem:
    with database.transaction() as session:
        return make_problem(session, slug="pcb", submissions_per_day=2)


@pytest.fixture
def member(database: Database, sign_in: SignIn) -> User:
    with database.transaction() as session:
        user = make_user(session, name="张伟")
    sign_in(user)
    return user


def staff(database: Database, role: Role) -> User:
    with database.transaction() as session:
        return make_user(session, role=role)


def token_of(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found.group(1)


def send(
    client: FlaskClient, content: bytes = GOOD, *, headers: dict[str, str] | None = None
) -> TestResponse:
    data = {
        "csrf_token": token_of(client, "/problems/pcb/submit"),
        "kind": "predictions",
        "board": "A",
        "note": "第一次",
        "file": (io.BytesIO(content), "predictions.csv"),
    }
    answer = client.post("/problems/pcb/submit?lang=en", data=data, headers=headers or {})
    # the test client puts large bodies into a file that it leaves open
    answer.request.environ["wsgi.input"].close()
    return answer


def own_submission(database: Database, user: User, **changes: object) -> Submission:
    with database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        team = make_team(session, problem=problem, captain=session.get_one(User, user.id))
        return make_submission(session, problem=problem, team=team, **changes)  # type: ignore[arg-type]


@pytest.mark.usefixtures("problem", "member")
def test_a_good_file_is_accepted_and_followed(client: FlaskClient, queue: MemoryQueue) -> None:
    form = client.get("/problems/pcb/submit?lang=en").text
    assert "2 of 2 left today" in form
    assert "An answer file may have 1 MiB. A code archive may have 100 MiB." in form
    answer = send(client)
    assert answer.status_code == 303
    assert len(queue.jobs) == 1
    page = client.get(f"{answer.headers['Location']}?lang=zh-Hans").text
    assert "排队中" in page
    assert "第一次" in page
    assert 'aria-current="step"' in page
    status = client.get(f"{answer.headers['Location']}/status.json").get_json()
    assert (status["state"], status["done"]) == ("queued", False)
    assert f'data-live-version="{status["version"]}"' in page
    assert "1 of 2 left today" in client.get("/problems/pcb/submit?lang=en").text


@pytest.mark.usefixtures("problem", "member")
def test_a_wrong_file_comes_back_with_its_lines(
    client: FlaskClient, database: Database, queue: MemoryQueue
) -> None:
    answer = send(client, BAD)
    assert answer.status_code == 422
    assert "line 3" in answer.text
    assert "shrt" in answer.text
    assert queue.jobs == []
    with database.reading() as session:
        assert session.scalars(select(Submission)).all() == []


@pytest.mark.usefixtures("problem", "member")
def test_the_page_itself_gets_json(client: FlaskClient) -> None:
    wants = {"Accept": "application/json"}
    refused = send(client, BAD, headers=wants)
    assert (refused.status_code, refused.mimetype) == (422, "application/problem+json")
    assert refused.get_json()["errors"][0]["line"] == 3
    accepted = send(client, headers=wants)
    assert accepted.status_code == 201
    assert accepted.get_json()["location"].startswith("/submissions/")


@pytest.mark.usefixtures("problem", "member")
def test_the_day_s_limit_is_said_before_and_after(client: FlaskClient) -> None:
    for _ in range(2):
        assert send(client).status_code == 303
    assert "disabled" in client.get("/problems/pcb/submit?lang=en").text
    over = send(client)
    assert over.status_code == 429
    assert int(over.headers["Retry-After"]) > 0


@pytest.mark.usefixtures("problem", "member")
def test_no_file_is_said_at_the_field(client: FlaskClient) -> None:
    data = {"csrf_token": token_of(client, "/problems/pcb/submit"), "kind": "code", "board": "A"}
    answer = client.post("/problems/pcb/submit?lang=zh-Hans", data=data)
    assert answer.status_code == 400
    assert "请选择文件。" in answer.text


def test_closed_problems_and_staff_have_no_form(
    client: FlaskClient, database: Database, clock: FrozenClock, sign_in: SignIn
) -> None:
    with database.transaction() as session:
        make_problem(session, slug="pcb", opens_at=clock.now() + timedelta(days=1))
        user = make_user(session)
    sign_in(user)
    assert "takes no submissions now" in client.get("/problems/pcb/submit?lang=en").text
    sign_in(staff(database, Role.JUDGE))
    page = client.get("/problems/pcb/submit?lang=en").text
    assert "cannot submit as a team" in page
    assert '<input type="file"' not in page


@pytest.mark.usefixtures("problem")
def test_a_scored_run_shows_scores_limits_cases_and_log(
    client: FlaskClient, database: Database, clock: FrozenClock, member: User
) -> None:
    begun = clock.now()
    submission = own_submission(
        database,
        member,
        kind=Kind.CODE,
        at=begun,
        scores={"A": {"macro_f1": 0.75, "accuracy": 0.5}, "B": {"macro_f1": 0.98765}},
    )
    with database.transaction() as session:
        one = session.scalars(select(Evaluation)).one()
        one.started_at = begun + timedelta(seconds=4)
        one.scoring_at = begun + timedelta(seconds=46)
        one.finished_at = begun + timedelta(seconds=49)
        one.wall_s, one.cpu_s, one.exit_code = 41.2, 40.0, 0
        one.peak_memory_bytes, one.output_bytes = 512 << 20, 2048
        one.cases = {"A": [{"f1": 0.5, "id": "open"}], "B": [{"id": "case-of-b"}]}
        one.messages = [{"en": "read as GB18030", "zh-Hans": "按 GB18030 读取", "line": None}]
        session.add(LogChunk(evaluation_id=one.id, attempt=0, start=0, size=3, text="<b>"))
    page = client.get(f"/submissions/{submission.id}?lang=en").text
    for words in ("0.75000", "42 s", "3 s", "49 s in all", "512 MiB", "1 GiB", "open", "&lt;b&gt;"):
        assert words in page
    assert '<p class="notice notice--info">read as GB18030</p>' in page
    assert "0.98765" not in page
    assert "case-of-b" not in page
    assert client.get(f"/submissions/{submission.id}/log").text == "<b>"
    piece = client.get(f"/submissions/{submission.id}/log?offset=1").get_json()
    assert piece == {
        "text": "b>",
        "next_offset": 3,
        "done": True,
        "attempt": 0,
        "running": False,
    }


@pytest.mark.usefixtures("problem")
def test_the_reason_of_a_case_is_in_the_readers_language(
    client: FlaskClient, database: Database, member: User
) -> None:
    submission = own_submission(database, member, scores={"A": {"macro_f1": 0.75}})
    reason = {"zh-Hans": "物品 1 没有装箱", "en": "item 1 is in no bin"}
    many = [{"bin": number, "en": f"bin {number} is full"} for number in range(1, 9)]
    with database.transaction() as session:
        one = session.scalars(select(Evaluation)).one()
        one.cases = {"A": [{"id": "n1", "reason": reason, "found": many, "where": {"x": 1.5}}]}

    page = client.get(f"/submissions/{submission.id}?lang=en").text
    assert "item 1 is in no bin" in page
    assert "bin 4 is full; bin 5 is full …" in page
    assert "bin 6 is full" not in page
    assert "x: 1.5" in page
    assert "物品 1 没有装箱" not in page
    assert "物品 1 没有装箱" in client.get(f"/submissions/{submission.id}?lang=zh-Hans").text


@pytest.mark.usefixtures("problem")
def test_a_failure_says_what_happened_where(
    client: FlaskClient, database: Database, member: User
) -> None:
    submission = own_submission(
        database, member, state=State.FAILED, verdict=Verdict.INVALID_OUTPUT
    )
    with database.transaction() as session:
        one = session.scalars(select(Evaluation)).one()
        text = "第 128 行：取值不对"
        one.messages = [{"zh-Hans": text, "en": "line 128: a wrong value", "line": 128}]
        one.staff_message = "traceback for staff"
    page = client.get(f"/submissions/{submission.id}?lang=zh-Hans").text
    for words in ("答案无效", "第 128 行", "取值不对", "请按下列提示修改后重新提交。"):
        assert words in page
    assert "traceback for staff" not in page


@pytest.mark.usefixtures("problem", "member")
def test_what_is_another_team_s_is_not_there(client: FlaskClient, database: Database) -> None:
    with database.transaction() as session:
        other = make_submission(session, problem=session.scalars(select(Problem)).one())
    for path in ("", "/status.json", "/log", "/download"):
        assert client.get(f"/submissions/{other.id}{path}").status_code == 404
    data = {"csrf_token": token_of(client, "/problems/pcb/submit")}
    assert client.post(f"/submissions/{other.id}/cancel", data=data).status_code == 404


@pytest.mark.usefixtures("problem")
def test_a_file_is_given_back_as_it_came(
    client: FlaskClient, database: Database, blobs: LocalBlobs, member: User
) -> None:
    stored = blobs.put(io.BytesIO(GOOD))
    submission = own_submission(
        database, member, blob=stored.digest, size=stored.size, filename="预测.csv"
    )
    answer = client.get(f"/submissions/{submission.id}/download")
    assert answer.data == GOOD
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "%E9%A2%84%E6%B5%8B.csv" in answer.headers["Content-Disposition"]


@pytest.mark.usefixtures("problem")
def test_what_waits_can_be_cancelled_once(
    client: FlaskClient, database: Database, member: User
) -> None:
    submission = own_submission(database, member)
    path = f"/submissions/{submission.id}"
    data = {"csrf_token": token_of(client, path)}
    assert client.post(f"{path}/cancel", data=data).status_code == 303
    assert "已取消" in client.get(f"{path}?lang=zh-Hans").text
    assert client.post(f"{path}/cancel", data=data).status_code == 409


@pytest.mark.usefixtures("problem")
def test_own_list_costs_no_more_queries_when_it_grows(
    client: FlaskClient, database: Database, member: User, count_queries: Counting
) -> None:
    assert "您还没有提交。" in client.get("/submissions?lang=zh-Hans").text
    with database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        team = make_team(session, problem=problem, captain=session.get_one(User, member.id))
        make_submission(session, problem=problem, team=team)
    with count_queries() as few:
        client.get("/submissions?problem=pcb")
    with database.transaction() as session:
        problem, team = session.merge(problem), session.merge(team)
        for _ in range(30):
            make_submission(session, problem=problem, team=team, scores={"A": {"macro_f1": 0.5}})
    with count_queries() as many:
        page = client.get("/submissions?problem=pcb&lang=en").text
    assert len(many) == len(few)
    assert "31 in all" in page
    assert page.count("<tr>") == 21


@pytest.mark.usefixtures("problem")
def test_organisers_retract_and_rerun(
    client: FlaskClient, database: Database, sign_in: SignIn, queue: MemoryQueue
) -> None:
    with database.transaction() as session:
        one = make_submission(
            session,
            problem=session.scalars(select(Problem)).one(),
            scores={"A": {"macro_f1": 0.5}},
        )
    sign_in(staff(database, Role.JUDGE))
    assert f"#{one.id}" in client.get("/staff/submissions?state=scored&problem=pcb").text
    assert f"#{one.id}" not in client.get("/staff/submissions?state=failed").text
    assert client.get("/staff/submissions?state=nonsense").status_code == 200
    token = token_of(client, f"/submissions/{one.id}")
    path = f"/staff/submissions/{one.id}"
    assert client.post(f"{path}/rerun", data={"csrf_token": token}).status_code == 403
    sign_in(staff(database, Role.ORGANISER))
    token = token_of(client, f"/submissions/{one.id}")
    assert client.post(f"{path}/retract", data={"csrf_token": token}).status_code == 400
    data = {"csrf_token": token, "reason": "外部数据"}
    assert client.post(f"{path}/retract", data=data).status_code == 303
    assert client.post(f"{path}/rerun", data={"csrf_token": token}).status_code == 303
    assert client.post(f"{path}/rerun", data={"csrf_token": token}).status_code == 409
    assert len(queue.jobs) == 1
    page = client.get(f"/submissions/{one.id}?lang=en").text
    assert "The organisers retracted this submission" in page
    assert "Evaluated 1 times before" in page
    with database.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["submission.retract", "submission.rerun"]


@pytest.mark.usefixtures("problem", "member")
def test_the_form_carries_what_the_browser_checks(client: FlaskClient) -> None:
    page = client.get("/problems/pcb/submit?lang=en").text
    found = re.search(r'data-check="([^"]+)"', page)
    assert found is not None
    rules = json.loads(unescape(found.group(1)))
    assert rules["file"] == "predictions.csv"
    assert rules["sizes"] == {"predictions": 1 << 20, "code": 100 << 20}
    assert [column["name"] for column in rules["table"]] == ["id", "label"]
    assert rules["table"][1]["values"] == ["ok", "open"]
    # when the count starts again is said with its zone
    assert "(Beijing)" in page


def test_a_waiting_page_names_its_place_and_asks_cheaply(
    client: FlaskClient,
    database: Database,
    member: User,
    problem: Problem,
    count_queries: Counting,
) -> None:
    own = own_submission(database, member, state=State.QUEUED)
    page = client.get(f"/submissions/{own.id}?lang=en").text
    assert "Next in the queue." in page
    assert "No worker is at work at the moment" in page
    address = f"/submissions/{own.id}/status.json"
    first = client.get(address)
    with count_queries() as queries:
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert len(queries) <= 4
    with database.transaction() as session:
        evaluation = session.scalars(select(Evaluation)).one()
        evaluation.state, evaluation.finished_at = State.CANCELLED, evaluation.queued_at
    moved = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (moved.status_code, moved.get_json()["done"]) == (200, True)


def test_scores_stand_beside_the_best_other_and_the_baseline(
    client: FlaskClient, database: Database, member: User, problem: Problem
) -> None:
    scores = {"A": {"macro_f1": 0.5, "accuracy": 0.5}}
    own = own_submission(database, member, scores=scores)
    with database.transaction() as session:
        again = session.scalars(select(Problem)).one()
        team = session.get_one(Submission, own.id).team
        better = {"A": {"macro_f1": 0.75, "accuracy": 0.25}}
        other = make_submission(session, problem=again, team=team, scores=better)
        make_submission(session, problem=again, baseline=True, scores={"A": {"macro_f1": 0.5}})
    page = client.get(f"/submissions/{own.id}?lang=en").text
    assert f"Best other, #{other.id}" in page
    assert "−0.25000 worse" in page
    assert "+0.25000 better" in page
    assert "equal" in page


def test_a_failure_says_what_to_do_next(
    client: FlaskClient, database: Database, member: User, problem: Problem
) -> None:
    own = own_submission(
        database, member, kind=Kind.CODE, state=State.FAILED, verdict=Verdict.TIME_LIMIT
    )
    page = client.get(f"/submissions/{own.id}?lang=zh-Hans").text
    assert "接下来" in page
    assert "/problems/pcb/debug" in page


def test_two_submissions_stand_side_by_side(
    client: FlaskClient, database: Database, member: User, problem: Problem
) -> None:
    first = own_submission(database, member, scores={"A": {"macro_f1": 0.5}})
    with database.transaction() as session:
        again = session.scalars(select(Problem)).one()
        team = session.get_one(Submission, first.id).team
        second = make_submission(
            session,
            problem=again,
            team=team,
            scores={"A": {"macro_f1": 0.75}, "B": {"macro_f1": 0.9}},
        )
        foreign = make_submission(session, problem=again, scores={"A": {"macro_f1": 0.6}})
        elsewhere = make_submission(
            session, problem=make_problem(session, slug="other"), team=None, baseline=False
        )
        assert elsewhere.team is not None
        elsewhere.team.members[0].user = session.get_one(User, member.id)
    listed = client.get("/submissions?lang=en").text
    assert f'name="id" value="{second.id}"' in listed
    page = client.get(f"/submissions/compare?id={first.id}&id={second.id}&lang=en").text
    assert "+0.25000 better" in page
    assert "The two files are the same" in page
    assert "0.90000" not in page  # board B is hidden
    assert client.get(f"/submissions/compare?id={first.id}&id={foreign.id}").status_code == 404
    for query in (
        f"id={first.id}",
        f"id={first.id}&id={first.id}",
        f"id={first.id}&id=9{'0' * 20}",
        f"id={first.id}&id={elsewhere.id}",
    ):
        back = client.get(f"/submissions/compare?{query}")
        assert (back.status_code, back.headers["Location"]) == (303, "/submissions"), query


def test_a_note_is_written_anew(
    client: FlaskClient, database: Database, member: User, problem: Problem
) -> None:
    own = own_submission(database, member)
    place = f"/submissions/{own.id}"
    data = {"csrf_token": token_of(client, place), "note": "  去掉了 <b>噪声</b>  "}
    assert client.post(f"{place}/note", data=data).headers["Location"] == place
    page = client.get(place).text
    assert "去掉了 &lt;b&gt;噪声&lt;/b&gt;" in page
