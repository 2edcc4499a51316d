"""Whoever is concerned is told: of results, reveals, ends of stages, announcements, questions."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Role, User
from app.core.db import Database
from app.core.platform import Platform
from app.evaluations.models import Evaluation, State, Verdict
from app.evaluations.telling import tell_end
from app.notifications.models import Notification, Topic
from app.problems.models import Board, Problem
from app.submissions.models import Submission
from app.teams.models import Membership
from app.teams.telling import tell_ending_stages
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.factories.accounts import CREATED
from tests.factories.submissions import make_evaluation
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional

SignIn = Callable[[User], None]
B_SCORE = 0.87654321


@pytest.fixture(autouse=True)
def no_csrf(client: FlaskClient) -> None:
    client.application.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def people(database: Database) -> dict[str, User]:
    with database.transaction() as session:
        problem = make_problem(session, slug="pcb")
        people = {name: make_user(session, name=name) for name in ("captain", "member", "other")}
        for role in (Role.ORGANISER, Role.JUDGE):
            people[role.value] = make_user(session, name=role.value, role=role)
        team = make_team(session, problem=problem, captain=people["captain"])
        team.members.append(
            Membership(problem_id=problem.id, user=people["member"], joined_at=CREATED)
        )
    return people


def told(database: Database) -> list[tuple[str, Topic]]:
    with database.reading() as session:
        rows = session.execute(
            select(User.name, Notification.topic)
            .join(User, User.id == Notification.user_id)
            .order_by(Notification.id)
        )
        return [(name, topic) for name, topic in rows]


def submitted(database: Database, people: dict[str, User], **changes: object) -> int:
    with database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        team = session.scalars(
            select(Membership.team_id).where(Membership.user_id == people["captain"].id)
        ).one()
        made = make_submission(session, problem=problem, team_id=team, team=None, **changes)  # type: ignore[arg-type]
        made.team_id = team
        return made.id


def end(database: Database, submission: int, clock: FrozenClock) -> None:
    with database.transaction() as session:
        for one in session.scalars(
            select(Evaluation).where(Evaluation.submission_id == submission)
        ):
            tell_end(session, one, now=clock.now())


def test_a_team_is_told_once_how_its_submission_ended_and_nothing_of_b(
    client: FlaskClient,
    sign_in: SignIn,
    database: Database,
    people: dict[str, User],
    clock: FrozenClock,
) -> None:
    scores = {"A": {"macro_f1": 0.123456}, "B": {"macro_f1": B_SCORE}}
    number = submitted(database, people, scores=scores)
    for _ in range(2):
        end(database, number, clock)
    assert told(database) == [("captain", Topic.SCORED), ("member", Topic.SCORED)]
    sign_in(people["member"])
    page = client.get("/notifications?lang=zh-Hans").text
    assert f"“题目 pcb”的提交 #{number} 已评分，A 榜得分 0.12346。" in page
    assert "0.876" not in page
    with database.reading() as session:
        facts = session.scalars(select(Notification.facts)).all()
    assert "0.876" not in str(facts)


def test_neither_try_runs_nor_baselines_nor_what_runs_on_b_is_told(
    database: Database, people: dict[str, User], clock: FrozenClock
) -> None:
    scored = {"A": {"macro_f1": 0.5}}
    end(database, submitted(database, people, scores=scored, is_debug=True), clock)
    on_b = submitted(database, people, state=State.QUEUED)
    waiting = submitted(database, people, state=State.QUEUED)
    with database.transaction() as session:
        make_submission(
            session,
            problem=session.scalars(select(Problem)).one(),
            baseline=True,
            scores=scored,
        )
        made = make_evaluation(
            session,
            submission=session.get_one(Submission, on_b),
            board=Board.B,
            scores={"B": {"macro_f1": B_SCORE}},
        )
        shadow = make_evaluation(
            session,
            submission=session.get_one(Submission, waiting),
            number=2,
            scores=scored,
        )
        shadow.is_shadow = True
        for one in (made, shadow):
            tell_end(session, one, now=clock.now())
        for baseline in session.scalars(select(Submission).where(Submission.is_baseline)):
            end_of = select(Evaluation).where(Evaluation.submission_id == baseline.id)
            tell_end(session, session.scalars(end_of).one(), now=clock.now())
    assert told(database) == []


def test_a_failure_says_why_in_the_readers_language(
    client: FlaskClient,
    sign_in: SignIn,
    database: Database,
    people: dict[str, User],
    clock: FrozenClock,
) -> None:
    number = submitted(database, people, state=State.FAILED, verdict=Verdict.TIME_LIMIT)
    end(database, number, clock)
    sign_in(people["captain"])
    assert "time limit" in client.get("/notifications?lang=en").text
    with database.transaction() as session:
        again = make_evaluation(
            session,
            submission=session.get_one(Submission, number),
            number=2,
            state=State.FAILED,
            verdict=Verdict.TIME_LIMIT,
        )
        again.messages = [{"zh-Hans": "超时", "en": "Too slow"}]
        tell_end(session, again, now=clock.now())
    assert "超时" in client.get("/notifications?lang=zh-Hans").text
    assert "Too slow" in client.get("/notifications?lang=en").text


def test_a_stage_that_ends_within_a_day_is_told_once_for_each_end(
    database: Database, people: dict[str, User], platform: Platform, clock: FrozenClock
) -> None:
    def move(hours: float) -> None:
        with database.transaction() as session:
            problem = session.scalars(select(Problem)).one()
            problem.stages[0].closes_at = clock.now() + timedelta(hours=hours)

    move(25)
    assert tell_ending_stages(platform) == 0
    clock.tick(timedelta(hours=2))
    assert tell_ending_stages(platform) == 1
    assert tell_ending_stages(platform) == 0
    assert told(database) == [("captain", Topic.STAGE_ENDING), ("member", Topic.STAGE_ENDING)]
    move(10)
    assert tell_ending_stages(platform) == 1
    clock.tick(timedelta(hours=11))  # over
    move(-1)
    assert tell_ending_stages(platform) == 0
    assert len(told(database)) == 4


def test_reveals_and_announcements_reach_whom_they_concern(
    client: FlaskClient, sign_in: SignIn, database: Database, people: dict[str, User]
) -> None:
    sign_in(people["organiser"])
    text = {"title": "数据更正", "body": "正文"}
    client.post("/staff/problems/pcb/announcements", data=text)
    assert told(database) == [("captain", Topic.ANNOUNCEMENT), ("member", Topic.ANNOUNCEMENT)]
    client.post("/staff/announcements", data=text | {"contest": "demo"})
    names = [name for name, _topic in told(database)[2:]]
    assert sorted(names) == ["captain", "judge", "member", "other"]
    client.post("/staff/problems/pcb/reveal-b")
    assert told(database)[6:] == [("captain", Topic.REVEALED), ("member", Topic.REVEALED)]
    sign_in(people["captain"])
    page = client.get("/notifications?lang=zh-Hans").text
    assert "“题目 pcb”公告：数据更正" in page
    assert "“题目 pcb”的 B 榜已公布。" in page


def test_a_question_reaches_the_team_and_its_answer_the_judge(
    client: FlaskClient, sign_in: SignIn, database: Database, people: dict[str, User]
) -> None:
    number = submitted(database, people, scores={"A": {"macro_f1": 0.5}})
    sign_in(people["judge"])
    for kind in ("comment", "question"):
        client.post(
            f"/staff/review/submissions/{number}/notes",
            data={"kind": kind, "body": "用了外部数据吗"},
        )
    assert told(database) == [("captain", Topic.QUESTION), ("member", Topic.QUESTION)]
    sign_in(people["member"])
    assert "外部数据" not in client.get("/notifications").text
    client.post(f"/submissions/{number}/questions", data={"body": "没有"})
    assert told(database)[2:] == [("judge", Topic.QUESTION)]
    with database.reading() as session:
        last = session.scalars(select(Notification.id).order_by(Notification.id.desc())).first()
    sign_in(people["judge"])
    followed = client.get(f"/notifications/{last}")
    assert followed.headers["Location"] == f"/staff/review/submissions/{number}"
