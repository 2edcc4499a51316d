"""Two teams become one by the rules, people are invited, and a team shows what it may."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts.models import Role, User
from app.core.audit import AuditEntry
from app.core.db import Database
from app.notifications.models import Notification, Topic
from app.problems.models import Board, Problem
from app.standings.models import FinalChoice, TeamClass
from app.submissions.models import QuotaSlot, Submission
from app.teams.models import Invitation, Membership, MergeRequest, Team
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.factories.accounts import CREATED
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional

SignIn = Callable[[User], None]
CountQueries = Callable[[], AbstractContextManager[list[str]]]
PAGE = "/problems/pcb/team"
MERGE = f"{PAGE}/merge"
B_SCORE = 0.87654321


@pytest.fixture(autouse=True)
def no_csrf(client: FlaskClient) -> None:
    client.application.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def people(database: Database) -> dict[str, User]:
    """A team “East” of two with a score of 0.5, a team “West” of one with 0.7, and others."""
    with database.transaction() as session:
        problem = make_problem(session, slug="pcb")
        names = ("east", "mate", "west", "alone")
        people = {name: make_user(session, name=f"Some {name}") for name in names}
        people["judge"] = make_user(session, name="Judge", role=Role.JUDGE)
        east = make_team(session, problem=problem, captain=people["east"], name="East")
        east.members.append(
            Membership(problem_id=problem.id, user=people["mate"], joined_at=CREATED)
        )
        west = make_team(session, problem=problem, captain=people["west"], name="West")
        for team, score in ((east, 0.5), (west, 0.7)):
            scores = {"A": {"macro_f1": score}, "B": {"macro_f1": B_SCORE}}
            made = make_submission(session, problem=problem, team=team, scores=scores)
            session.add(
                QuotaSlot(
                    problem_id=problem.id,
                    team_id=team.id,
                    day=date(2030, 1, 1),
                    ordinal=1,
                    submission_id=made.id,
                )
            )
    return people


def change(database: Database, act: Callable[[Problem], None]) -> None:
    with database.transaction() as session:
        act(session.scalars(select(Problem)).one())


def find(database: Database, name: str) -> Team:
    with database.reading() as session:
        return session.scalars(select(Team).where(Team.name == name)).one()


def ask(client: FlaskClient, name: str = "West") -> int:
    return client.post(MERGE, data={"partner": name}).status_code


def request_number(database: Database) -> int:
    with database.reading() as session:
        return session.scalars(select(MergeRequest.id)).one()


def test_two_teams_become_one_with_scores_quota_and_history(
    client: FlaskClient,
    sign_in: SignIn,
    database: Database,
    people: dict[str, User],
) -> None:
    sign_in(people["east"])
    assert ask(client) == 303
    assert ask(client) == 303  # asked already
    number = request_number(database)
    # the asker cannot answer for the other
    assert client.post(f"{MERGE}/{number}/accept").status_code == 403
    sign_in(people["west"])
    assert "East" in client.get(MERGE).text
    assert "申请与您在“题目 pcb”的队伍合并" in client.get("/notifications?lang=zh-Hans").text
    assert client.post(f"{MERGE}/{number}/accept").status_code == 303
    west, _east = find(database, "West"), find(database, "East")
    with database.reading() as session:
        members = session.scalars(select(Membership.team_id)).all()
        assert members == [west.id] * 3
        assert session.scalars(select(Submission.team_id)).all() == [west.id] * 2
        slots = session.execute(select(QuotaSlot.team_id, QuotaSlot.ordinal)).all()
        assert sorted(tuple(one) for one in slots) == [(west.id, 1), (west.id, 2)]
        assert session.scalars(select(func.count(MergeRequest.id))).one() == 0
        entry = session.scalars(select(AuditEntry)).one()
        told = session.scalars(
            select(Notification.user_id).where(Notification.topic == Topic.MERGE)
        ).all()
    assert (entry.action, entry.facts["from"]["name"]) == ("team.merge", "East")
    assert "0.876" not in str(entry.facts)
    assert set(told) == {people[name].id for name in ("east", "mate", "west")}


def test_a_merged_team_stands_once_and_its_old_page_name_and_code_lead_nowhere_else(
    client: FlaskClient,
    sign_in: SignIn,
    database: Database,
    people: dict[str, User],
) -> None:
    sign_in(people["east"])
    ask(client)
    number = request_number(database)
    sign_in(people["west"])
    client.post(f"{MERGE}/{number}/accept")
    west, east = find(database, "West"), find(database, "East")
    board = client.get("/problems/pcb/leaderboard").text
    assert ">West<" in board
    assert ">East<" not in board
    assert "0.70000" in board
    # the old page leads on, its name stays taken, its code opens nothing
    moved = client.get(f"/problems/pcb/teams/{east.id}")
    assert moved.headers["Location"].endswith(f"/teams/{west.id}")
    sign_in(people["alone"])
    assert client.post(PAGE, data={"name": "East"}).status_code == 400
    assert client.post(f"{PAGE}/join", data={"code": east.invite_code}).status_code == 400
    sign_in(people["mate"])
    history = client.get(f"{PAGE}/activity?lang=en").text
    assert "The team “East” became part of this one." in history
    assert client.post(f"{MERGE}/{number}/accept").status_code == 404


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda p: setattr(p, "team_size", 2), "3 people"),
        (lambda p: setattr(p, "board_rules", {"merging": False}), "cannot merge"),
        (lambda p: setattr(p, "submissions_per_day", 0), "2 submissions"),
        (lambda p: setattr(p.stages[0], "closes_at", p.stages[0].opens_at + timedelta(1)), "any"),
    ],
)
def test_a_rule_that_both_together_break_refuses_to_ask(
    client: FlaskClient,
    sign_in: SignIn,
    database: Database,
    people: dict[str, User],
    rule: Callable[[Problem], None],
    words: str,
) -> None:
    change(database, rule)
    sign_in(people["east"])
    refused = client.post(f"{MERGE}?lang=en", data={"partner": "West"})
    assert refused.status_code == 400
    assert words in refused.text
    with database.reading() as session:
        assert session.scalars(select(MergeRequest)).all() == []


def test_what_changed_since_it_was_asked_refuses_the_answer(
    client: FlaskClient,
    sign_in: SignIn,
    database: Database,
    people: dict[str, User],
) -> None:
    sign_in(people["east"])
    ask(client)
    accept = f"{MERGE}/{request_number(database)}/accept"
    sign_in(people["west"])

    def refused(act: Callable[[Problem], None]) -> int:
        change(database, act)
        return client.post(accept).status_code

    assert refused(lambda p: setattr(p, "team_size", 2)) == 409
    assert refused(lambda p: setattr(p, "team_size", 3)) == 303


def test_divisions_disqualified_teams_and_choices_keep_teams_apart(
    client: FlaskClient, sign_in: SignIn, database: Database, people: dict[str, User]
) -> None:
    east, west = find(database, "East"), find(database, "West")
    sign_in(people["east"])
    with database.transaction() as session:
        session.add(TeamClass(team_id=east.id, division="学生组", pinned=False, reason=""))
    assert ask(client) == 400
    with database.transaction() as session:
        session.add(TeamClass(team_id=west.id, division="学生组", pinned=False, reason=""))
        problem = session.scalars(select(Problem)).one()
        problem.board_rules = {"choices": 1}
        for one in session.scalars(select(Submission)):
            session.add(FinalChoice(submission_id=one.id, team_id=one.team_id, chosen_at=CREATED))
    assert (
        "2 submissions to count" in client.post(f"{MERGE}?lang=en", data={"partner": "West"}).text
    )
    change(database, lambda p: setattr(p, "board_rules", {"choices": 2}))
    assert ask(client) == 303
    with database.transaction() as session:
        found = session.get_one(TeamClass, west.id)
        found.disqualified_at, found.reason = CREATED, "抄袭"
    sign_in(people["west"])
    assert client.post(f"{MERGE}/{request_number(database)}/accept").status_code == 409


def test_captains_alone_ask_decline_and_take_back(
    client: FlaskClient, sign_in: SignIn, database: Database, people: dict[str, User]
) -> None:
    sign_in(people["mate"])
    assert ask(client) == 400
    sign_in(people["east"])
    for wrong in ("East", "Nobody", ""):
        assert ask(client, wrong) == 400
    ask(client)
    number = request_number(database)
    for name, status in (("mate", 403), ("alone", 404), ("judge", 404)):
        sign_in(people[name])
        assert client.post(f"{MERGE}/{number}/dismiss").status_code == status, name
    sign_in(people["west"])
    assert client.post(f"{MERGE}/{number}/dismiss").status_code == 303
    sign_in(people["east"])
    assert "谢绝了与您" in client.get("/notifications?lang=zh-Hans").text
    ask(client)
    assert client.post(f"{MERGE}/{request_number(database)}/dismiss").status_code == 303
    with database.reading() as session:
        assert session.scalars(select(MergeRequest)).all() == []


def test_merging_ends_when_the_organisers_say(
    client: FlaskClient,
    sign_in: SignIn,
    database: Database,
    people: dict[str, User],
    clock: FrozenClock,
) -> None:
    def rule(problem: Problem) -> None:
        problem.board_rules = {"merge_closes_hours": 48}
        stage = problem.stage(Board.A)
        assert stage is not None
        stage.closes_at = clock.now() + timedelta(hours=49)

    change(database, rule)
    sign_in(people["east"])
    assert ask(client) == 303
    clock.tick(timedelta(hours=1))
    sign_in(people["west"])
    page = client.get(f"{MERGE}?lang=en").text
    assert "Merging ends 48 hours before stage A closes." in page
    assert "Become one team" not in page
    assert client.post(f"{MERGE}/{request_number(database)}/accept").status_code == 409


def test_an_invitation_is_answered_by_whom_it_is_for(
    client: FlaskClient, sign_in: SignIn, database: Database, people: dict[str, User]
) -> None:
    sign_in(people["east"])
    answers = set()
    for email in (people["alone"].email, "nobody@example.org", people["judge"].email):
        answer = client.post(f"{PAGE}/invitations", data={"email": email})
        answers.add((answer.status_code, answer.headers["Location"]))
    assert len(answers) == 1  # whether there is an account is not told
    assert client.post(f"{PAGE}/invitations", data={"email": "x"}).status_code == 400
    with database.reading() as session:
        invitation = session.scalars(select(Invitation)).one()
    assert invitation.user_id == people["alone"].id
    sign_in(people["west"])
    assert client.post(f"{PAGE}/invitations/{invitation.id}/accept").status_code == 404
    assert client.post(f"{PAGE}/invitations/{invitation.id}/dismiss").status_code == 404
    sign_in(people["alone"])
    assert "邀请您加入" in client.get("/notifications?lang=zh-Hans").text
    assert "East" in client.get(PAGE).text
    assert client.post(f"{PAGE}/invitations/{invitation.id}/accept").status_code == 303
    assert "Some mate" in client.get(PAGE).text
    assert client.post(f"{PAGE}/invitations/{invitation.id}/accept").status_code == 404


def test_an_invitation_can_be_declined_taken_back_and_does_not_open_a_full_team(
    client: FlaskClient, sign_in: SignIn, database: Database, people: dict[str, User]
) -> None:
    def invited() -> int:
        sign_in(people["east"])
        client.post(f"{PAGE}/invitations", data={"email": people["alone"].email})
        with database.reading() as session:
            return session.scalars(select(Invitation.id)).one()

    for answers in ("alone", "east"):
        number = invited()
        sign_in(people[answers])
        assert client.post(f"{PAGE}/invitations/{number}/dismiss").status_code == 303
    number = invited()
    change(database, lambda p: setattr(p, "team_size", 2))
    sign_in(people["alone"])
    assert client.post(f"{PAGE}/invitations/{number}/accept").status_code == 409
    with database.reading() as session:  # told once, however often asked
        told = select(Notification).where(Notification.user_id == people["alone"].id)
        assert len(session.scalars(told).all()) == 1


def test_a_public_page_names_whom_it_may_and_shows_what_the_viewer_may_see(
    client: FlaskClient, sign_in: SignIn, database: Database, people: dict[str, User]
) -> None:
    sign_in(people["east"])
    client.post(f"{PAGE}/affiliation", data={"affiliation": "东莞理工学院"})
    for wrong in ("x" * 61, "a\u202eb"):
        assert client.post(f"{PAGE}/affiliation", data={"affiliation": wrong}).status_code == 400
    client.post(f"{PAGE}/public-name", data={"public": "yes"})
    page = f"/problems/pcb/teams/{find(database, 'East').id}"
    assert "Some mate" in client.get(page).text
    sign_in(people["west"])
    seen = client.get(f"{page}?lang=en").text
    assert "东莞理工学院" in seen
    assert "Some east" in seen
    assert "Some mate" not in seen
    assert "1 member whose name is not public" in seen
    assert "0.50000" in seen
    assert "0.876" not in seen
    assert "/problems/pcb/teams/" in client.get("/problems/pcb/leaderboard").text
    sign_in(people["judge"])
    assert "Some mate" in client.get(page).text
    change(database, lambda p: setattr(p, "board_rules", {"visible_to": "own"}))
    sign_in(people["west"])
    assert "0.50000" not in client.get(page).text
    sign_in(people["mate"])
    assert "0.50000" in client.get(page).text
    assert client.get("/problems/pcb/teams/999").status_code == 404


def test_the_activity_tells_what_was_best_and_costs_the_same_however_long(
    client: FlaskClient,
    sign_in: SignIn,
    database: Database,
    people: dict[str, User],
    count_queries: CountQueries,
) -> None:
    sign_in(people["mate"])
    with count_queries() as few:
        client.get(f"{PAGE}/activity")
    with database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        team = session.scalars(select(Team).where(Team.name == "East")).one()
        for step, score in enumerate((0.4, 0.6, 0.55, 0.75), 1):
            scores = {"A": {"macro_f1": score}, "B": {"macro_f1": B_SCORE}}
            at = CREATED + timedelta(hours=step)
            make_submission(session, problem=problem, team=team, scores=scores, at=at)
    with count_queries() as many:
        page = client.get(f"{PAGE}/activity?lang=en").text
    assert len(many) == len(few)
    assert re.findall(r"best so far, by ([0-9.]+)", page) == ["0.15000", "0.10000"]
    assert page.count("first score") == 1
    assert "0.876" not in page
    sign_in(people["alone"])
    assert client.get(f"{PAGE}/activity").status_code == 404


def test_a_person_calls_themselves_otherwise(
    client: FlaskClient, sign_in: SignIn, database: Database, people: dict[str, User]
) -> None:
    sign_in(people["alone"])
    assert client.post("/account/name", data={"name": "x"}).status_code == 400
    assert client.post("/account/name", data={"name": "a\u202eb c"}).status_code == 400
    assert client.post("/account/name", data={"name": "Some mate"}).status_code == 303
    with database.reading() as session:
        assert session.get_one(User, people["alone"].id).name == "Some mate 2"
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.facts["from"]) == ("user.rename", "Some alone")
    client.post("/account/name", data={"name": "Some mate 2"})
    with database.reading() as session:
        assert len(session.scalars(select(AuditEntry)).all()) == 1
