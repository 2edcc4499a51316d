"""A judge at the desk: from the boards to an entry beside its code, and to the signature."""

import io
import re
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts.models import Role, User
from app.core.audit import AuditEntry
from app.core.blobs import LocalBlobs
from app.core.db import Database
from app.judging.models import SignOff
from app.problems.models import Problem
from app.submissions.models import Kind, Submission
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional

SignIn = Callable[[User], None]
Counting = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture(autouse=True)
def _no_tokens(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def problem(database: Database, clock: FrozenClock) -> Problem:
    with database.transaction() as session:
        closed = clock.now() - timedelta(hours=1)
        found = make_problem(session, slug="pcb", closes_at=closed)
        found.stages[1].opens_at = closed - timedelta(hours=1)
        return found


@pytest.fixture
def people(database: Database) -> dict[Role, User]:
    with database.transaction() as session:
        return {role: make_user(session, role=role, name=f"{role} 甲") for role in Role}


def enter(
    database: Database, problem: Problem, name: str, a: float, b: float, **more: object
) -> Submission:
    with database.transaction() as session:
        found = session.get_one(Problem, problem.id)
        team = make_team(session, problem=found, name=name)
        scores = {"A": {"macro_f1": a, "accuracy": a}, "B": {"macro_f1": b, "accuracy": b}}
        return make_submission(session, problem=found, team=team, scores=scores, **more)  # type: ignore[arg-type]


def packed(files: dict[str, str | bytes]) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    buffer.seek(0)
    return buffer


def ranking(client: FlaskClient, board: str) -> str:
    text = client.get("/staff/review/pcb").text
    found = re.search(
        rf'sign-off/{board}".*?name="ranking" value="([0-9a-f]{{64}})"', text, re.DOTALL
    )
    assert found is not None
    return found[1]


def sign(client: FlaskClient, board: str, digest: str) -> TestResponse:
    return client.post(f"/staff/review/pcb/sign-off/{board}?lang=en", data={"ranking": digest})


def test_both_boards_stand_side_by_side(
    client: FlaskClient,
    database: Database,
    problem: Problem,
    people: dict[Role, User],
    sign_in: SignIn,
    count_queries: Counting,
) -> None:
    enter(database, problem, "甲队", 0.9, 0.5)
    enter(database, problem, "乙队", 0.8, 0.7)
    sign_in(people[Role.JUDGE])
    client.get("/staff/review/pcb")  # makes the boards
    with count_queries() as few:
        text = client.get("/staff/review/pcb?lang=en").text
    rows = re.findall(r'<th scope="row"><a[^>]*>(.队)</a>.*?</tr>', text, re.DOTALL)
    assert rows == ["甲队", "乙队"]
    assert re.search(r"乙队.*?0\.80000.*?<td class=\"r\">1</td>.*?0\.70000.*?▲", text, re.DOTALL)
    for number in range(8):
        enter(database, problem, f"队{number}", 0.1, 0.1 + number / 100)
    with count_queries() as many:
        assert client.get("/staff/review/pcb?lang=en").status_code == 200
    assert len(many) == len(few)
    with count_queries() as desk:
        assert "Problem pcb" in client.get("/staff/review").text
    assert len(desk) <= 9


def test_an_entry_is_read_beside_its_code(
    client: FlaskClient,
    database: Database,
    problem: Problem,
    people: dict[Role, User],
    sign_in: SignIn,
    blobs: LocalBlobs,
) -> None:
    blob = blobs.put(
        packed(
            {
                "main.py": "# <script>alert(1)</script>\nprint('好')\n",
                "models/weights.bin": b"\0\1",
                "notes.txt": "说明\n".encode("gbk"),
            }
        )
    )
    entry = enter(
        database, problem, "甲队", 0.9, 0.5, kind=Kind.CODE, blob=blob.digest, size=blob.size
    )
    sign_in(people[Role.JUDGE])
    page = client.get(f"/staff/review/submissions/{entry.id}").text
    assert all(name in page for name in ("main.py", "models/weights.bin", blob.digest))
    source = client.get(f"/staff/review/submissions/{entry.id}/code/main.py").text
    assert "&lt;script&gt;alert(1)" in source
    assert "<script>alert" not in source
    assert 'class="hl-nb">print' in source
    code = f"/staff/review/submissions/{entry.id}/code/"
    assert "说明" in client.get(f"{code}notes.txt").text
    assert "This is no text." in client.get(f"{code}models/weights.bin?lang=en").text
    for name in ("none.py", "../main.py", "%2e%2e/etc/passwd"):
        assert client.get(code + name).status_code == 404
    assert client.get(f"{code}none.py").status_code == 404


def test_an_archive_that_cannot_be_read_is_said_to_be(
    client: FlaskClient,
    database: Database,
    problem: Problem,
    people: dict[Role, User],
    sign_in: SignIn,
    blobs: LocalBlobs,
) -> None:
    blob = blobs.put(io.BytesIO(b"PK nonsense"))
    entry = enter(database, problem, "甲队", 0.9, 0.5, kind=Kind.CODE, blob=blob.digest)
    sign_in(people[Role.JUDGE])
    page = client.get(f"/staff/review/submissions/{entry.id}?lang=en")
    assert page.status_code == 200
    assert "The archive cannot be read." in page.text


def test_a_question_reaches_the_team_and_its_answer_the_judges(
    client: FlaskClient,
    database: Database,
    problem: Problem,
    people: dict[Role, User],
    sign_in: SignIn,
) -> None:
    entry = enter(database, problem, "甲队", 0.9, 0.5)
    assert entry.team is not None
    notes = f"/staff/review/submissions/{entry.id}/notes"
    sign_in(people[Role.JUDGE])
    client.post(notes, data={"kind": "comment", "body": "疑似抄袭"})
    client.post(notes, data={"kind": "question", "body": "用了哪些外部数据？"})
    sign_in(entry.team.captain)
    page = client.get(f"/submissions/{entry.id}?lang=en").text
    assert "The judges have a question" in page
    questions = f"/submissions/{entry.id}/questions"
    asked = client.get(questions).text
    assert "用了哪些外部数据？" in asked
    assert "疑似抄袭" not in asked + page
    assert client.post(questions, data={"body": "只用了公开数据"}).status_code == 303
    again = client.post(questions, data={"body": "还有"})
    assert again.status_code == 409
    sign_in(people[Role.PARTICIPANT])
    assert client.get(questions).status_code == 404
    sign_in(people[Role.JUDGE])
    assert "只用了公开数据" in client.get(f"/staff/review/submissions/{entry.id}").text
    assert client.post(questions, data={"body": "代答"}).status_code == 403


def test_a_signature_locks_until_an_organiser_lifts_it(
    client: FlaskClient,
    database: Database,
    problem: Problem,
    people: dict[Role, User],
    sign_in: SignIn,
) -> None:
    entry = enter(database, problem, "甲队", 0.9, 0.5)
    sign_in(people[Role.JUDGE])
    assert sign(client, "B", ranking(client, "B")).status_code == 303
    assert sign(client, "B", ranking(client, "A")).status_code == 409  # a judge signs once
    sign_in(people[Role.ORGANISER])
    locked = [
        client.post(f"/staff/submissions/{entry.id}/retract", data={"reason": "重复"}),
        client.post(f"/staff/submissions/{entry.id}/rerun"),
    ]
    assert [answer.status_code for answer in locked] == [409, 409]
    teams = f"/staff/problems/pcb/teams/{entry.team_id}"
    out = client.post(f"{teams}/disqualify?lang=en", data={"reason": "抄袭"}, follow_redirects=True)
    assert "An organiser has to lift the sign-off" in out.text
    opened = client.post("/staff/problems/pcb/stages/A/open?lang=en", follow_redirects=True)
    ruled = client.post("/staff/problems/pcb?lang=en", data={"tie_rule": "shared"})
    for answer in (opened, ruled):
        assert "An organiser has to lift the sign-off" in answer.text, answer.status
    assert sign(client, "A", "0" * 64).status_code == 403  # who publishes does not sign
    lift = "/staff/review/pcb/lift/B"
    assert client.post(lift, data={"reason": " "}).status_code == 400
    assert client.post(lift, data={"reason": "甲队申诉成立"}).status_code == 303
    assert client.post(lift, data={"reason": "再来"}).status_code == 409
    retracted = client.post(f"/staff/submissions/{entry.id}/retract", data={"reason": "重复"})
    assert retracted.status_code == 303
    with database.reading() as session:
        signed = session.scalars(select(SignOff)).one()
        assert (signed.lift_reason, signed.teams) == ("甲队申诉成立", 1)
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["board.sign_off", "board.lift", "submission.retract"]


def test_only_what_was_looked_at_can_be_signed(
    client: FlaskClient,
    database: Database,
    problem: Problem,
    people: dict[Role, User],
    sign_in: SignIn,
    clock: FrozenClock,
) -> None:
    enter(database, problem, "甲队", 0.9, 0.5)
    sign_in(people[Role.JUDGE])
    seen = ranking(client, "A")
    enter(database, problem, "乙队", 0.95, 0.5)
    changed = sign(client, "A", seen)
    assert changed.status_code == 409
    assert "has changed since you opened it" in changed.text
    seen = ranking(client, "A")
    with database.transaction() as session:
        found = session.get_one(Problem, problem.id)
        make_submission(session, problem=found, team=make_team(session, problem=found))
    assert "have not ended yet" in sign(client, "A", seen).text
    with database.transaction() as session:
        stage = session.get_one(Problem, problem.id).stages[0]
        stage.closes_at = clock.now() + timedelta(hours=1)
    assert "once its stage has closed" in sign(client, "A", seen).text
    assert sign(client, "C", seen).status_code == 400
