"""Every rule of a board, as teams, visitors, staff and programs meet it."""

import math
import re
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import operations as accounts
from app.accounts.models import Role, User
from app.core.audit import AuditEntry
from app.core.db import Database
from app.evaluations.models import Evaluation, Score
from app.evaluations.standings import rebuild
from app.problems.models import Board, Problem
from app.standings.models import TeamClass
from app.submissions.models import Submission
from app.teams.models import Team
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional

PATH: Final = "/problems/pcb/leaderboard"
ROW: Final = re.compile(r'<tr class="board__row.*?</tr>', re.DOTALL)


class Site:
    """A problem with three teams, and everybody who looks at its boards."""

    def __init__(self, app: Flask, database: Database, clock: FrozenClock) -> None:
        self.app, self.database, self.clock = app, database, clock
        self.start = clock.now()
        with database.transaction() as session:
            problem = make_problem(session, slug="pcb", closes_at=self.start + timedelta(hours=10))
            problem.stages[0].opens_at = self.start - timedelta(days=1)
            self.teams: dict[str, User] = {}
            for name in ("alpha", "beta", "gamma"):
                self.teams[name] = make_user(session, name=name)
                make_team(session, problem=problem, captain=self.teams[name], name=name)
            self.organiser = make_user(session, role=Role.ORGANISER)
            self.judge = make_user(session, role=Role.JUDGE)

    def set(self, **values: str) -> None:
        """Change settings as an organiser does, on the page."""
        client = self.client(self.organiser)
        answer = client.post("/staff/problems/pcb", data=values)
        assert answer.status_code == 303, answer.text

    def score(self, name: str, first: float, second: float = 0.5, hidden: float = 0.5) -> int:
        """Have a team scored, now."""
        with self.database.transaction() as session:
            problem = session.scalars(select(Problem)).one()
            team = session.scalars(select(Team).where(Team.name == name)).one()
            made = make_submission(
                session,
                problem=problem,
                team=team,
                at=self.clock.now(),
                scores={
                    "A": {"macro_f1": first, "accuracy": second},
                    "B": {"macro_f1": hidden, "accuracy": second},
                },
            )
            return made.id

    def client(self, user: User | None) -> FlaskClient:
        client = self.app.test_client()
        if user is not None:
            with client.session_transaction() as cookie:
                cookie["_user_id"] = f"{user.id}:{user.session_epoch}"
        return client

    def page(self, user: User | None = None, query: str = "") -> str:
        answer = self.client(user).get(f"{PATH}?lang=en{query}")
        assert answer.status_code == 200
        return answer.text

    def rows(self, user: User | None = None, query: str = "") -> list[str]:
        """The rows of the page, as `rank name score`."""
        found = []
        for row in ROW.findall(self.page(user, query)):
            rank = re.search(r'board__rank">([^<]*)<', row)
            name = re.search(r'board__name"[^>]*>([^<]+)<', row)
            score = re.search(r"(\d\.\d{5})", row)
            assert rank
            assert name
            assert score
            found.append(f"{rank[1]} {name[1]} {score[1]}")
        return found

    def api(self, user: User, query: str = "") -> dict[str, Any]:
        with self.database.transaction() as session:
            _row, token = accounts.create_token(session, user, "test", now=self.start)
        answer = self.app.test_client().get(
            f"/api/v1{PATH}{query}", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.get_json()
        return body

    def at(self, hours: float) -> datetime:
        """Let time pass until some hours after the start."""
        self.clock.tick(self.start + timedelta(hours=hours) - self.clock.now())
        return self.clock.now()


@pytest.fixture
def site(app: Flask, database: Database, clock: FrozenClock) -> Site:
    app.config["WTF_CSRF_ENABLED"] = False
    return Site(app, database, clock)


def test_equal_scores_are_decided_by_the_next_columns(site: Site) -> None:
    site.score("alpha", 0.5, 0.1)
    site.at(1)
    site.score("beta", 0.5, 0.9)
    site.score("gamma", 0.5, 0.9)
    assert [row.split()[1] for row in site.rows()] == ["alpha", "beta", "gamma"]
    site.set(tie_columns="true", tie_rule="shared")
    assert site.rows() == ["1 beta 0.50000", "1 gamma 0.50000", "3 alpha 0.50000"]
    assert "decided by the next columns: accuracy" in site.page()


def test_a_hidden_column_is_nowhere(site: Site) -> None:
    site.score("alpha", 0.75, 0.4321)
    site.set(hidden_columns="accuracy")
    with site.database.reading() as session:
        number = session.scalars(select(Submission.id)).one()
    for who in (None, site.teams["alpha"], site.judge):
        page = site.page(who)
        assert "accuracy" not in page
        assert "0.4321" not in page
    assert "0.4321" not in site.client(site.teams["alpha"]).get(f"/submissions/{number}").text
    assert "0.4321" in site.client(site.judge).get(f"/submissions/{number}").text
    assert site.api(site.teams["alpha"])["items"][0]["scores"] == {"macro_f1": 0.75}
    client = site.client(site.organiser)
    for wrong in ("macro_f1", "nothing"):
        refused = client.post("/staff/problems/pcb", data={"hidden_columns": wrong})
        assert refused.status_code == 422
        assert wrong in refused.text


def test_a_board_by_the_hour_shows_the_full_hour(site: Site) -> None:
    site.set(refresh="hourly")
    site.score("alpha", 0.25)
    site.at(1)
    site.score("alpha", 0.5)
    site.at(1.5)
    site.score("beta", 0.75)
    assert site.rows() == ["1 alpha 0.25000"]
    assert "shows what was scored before" in site.page()
    assert site.rows(site.judge) == ["1 beta 0.75000", "2 alpha 0.50000"]
    # a team sees what it has by now, without a rank
    assert site.rows(site.teams["alpha"]) == ["– alpha 0.50000", "1 alpha 0.25000"]
    assert site.rows(site.teams["beta"]) == ["– beta 0.75000", "1 alpha 0.25000"]
    body = site.api(site.teams["beta"])
    assert body["own"] is None
    assert body["own_now"]["scores"]["macro_f1"] == 0.75
    assert body["shown_until"] is not None
    site.at(2)
    assert site.rows() == ["1 beta 0.75000", "2 alpha 0.50000"]


def test_a_board_by_the_day_changes_at_midnight_in_beijing(site: Site) -> None:
    site.set(refresh="daily")
    site.score("alpha", 0.25)
    assert site.rows() == []
    site.at(24)
    assert site.rows() == ["1 alpha 0.25000"]


def test_a_frozen_board_stands_still_until_the_reveal(site: Site) -> None:
    site.set(freeze_hours="3")
    site.score("alpha", 0.25)
    site.at(8)
    site.score("beta", 0.75)
    site.score("alpha", 0.5)
    assert site.rows() == ["1 alpha 0.25000"]
    assert "stands still" in site.page()
    assert site.rows(site.teams["alpha"])[0] == "– alpha 0.50000"
    first = site.api(site.teams["gamma"])["items"][0]
    assert (first["entries"], first["last_at"]) == (1, first["submitted_at"])
    assert "Everybody else sees the board as it was" in site.page(site.judge)
    site.at(30)
    assert site.rows() == ["1 alpha 0.25000"]
    reveal(site)
    assert site.rows() == ["1 beta 0.75000", "2 alpha 0.50000"]


def test_board_a_can_be_each_teams_own(site: Site) -> None:
    site.score("alpha", 0.25)
    site.score("beta", 0.75)
    site.set(visible_to="own")
    assert site.rows() == []
    assert "beta" not in site.page(site.teams["alpha"])
    assert site.rows(site.teams["alpha"]) == ["2 alpha 0.25000"]
    body = site.api(site.teams["alpha"])
    assert ([row["team"]["name"] for row in body["items"]], body["total"]) == (["alpha"], 1)
    assert site.api(site.teams["gamma"])["items"] == []
    assert len(site.rows(site.judge)) == 2
    assert "0.75" not in site.client(None).get("/problems").text
    reveal(site)
    assert len(site.rows()) == 2


def test_the_last_submission_counts_where_the_rules_say_so(site: Site) -> None:
    for value in (0.75, 0.25):
        site.score("alpha", value)
        site.at(1)
    assert site.rows() == ["1 alpha 0.75000"]
    site.set(counts="last")
    assert site.rows() == ["1 alpha 0.25000"]
    assert "a team’s last scored submission counts" in site.page()


def choose(site: Site, name: str, submission: int, action: str = "choose") -> str:
    client = site.client(site.teams[name])
    answer = client.post(f"/submissions/{submission}/{action}?lang=en", follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


def test_the_chosen_submission_counts_on_a(site: Site) -> None:
    best, chosen = site.score("alpha", 0.75), site.score("alpha", 0.25)
    assert "nothing can be chosen" in choose(site, "alpha", chosen)
    site.set(counts="chosen")
    assert site.rows() == ["1 alpha 0.75000"]
    assert "Chosen by your team" in choose(site, "alpha", chosen)
    assert site.rows() == ["1 alpha 0.25000"]
    assert "take one back first" in choose(site, "alpha", best)
    choose(site, "alpha", chosen, "take-back")
    assert site.rows() == ["1 alpha 0.75000"]


def test_of_those_chosen_for_b_the_best_there_counts(site: Site) -> None:
    site.set(choices="2")
    made = [site.score("alpha", 0.9 - n / 10, hidden=n / 10) for n in range(4)]
    other = site.score("beta", 0.1, hidden=0.15)
    assert "up to 2 submissions for board B" in site.page()
    # of its two best on A the better on B, until it chooses
    assert site.rows(site.judge, "&board=B") == ["1 beta 0.15000", "2 alpha 0.10000"]
    for one in made[2:]:
        choose(site, "alpha", one)
    assert site.rows(site.judge, "&board=B")[0] == "1 alpha 0.30000"
    assert site.client(site.teams["alpha"]).post(f"/submissions/{other}/choose").status_code == 404
    site.at(11)  # stage A has closed
    assert "nothing can be chosen" in choose(site, "alpha", made[3], "take-back")


def test_a_program_chooses_too(site: Site) -> None:
    site.set(choices="1")
    first, second = site.score("alpha", 0.5), site.score("alpha", 0.25)
    with site.database.transaction() as session:
        _row, token = accounts.create_token(session, site.teams["alpha"], "test", now=site.start)
    headers = {"Authorization": f"Bearer {token}"}
    client = site.app.test_client()
    path = "/api/v1/submissions/{}/choice"
    answer = client.post(path.format(first), headers=headers)
    assert answer.get_json() == {"chosen": [str(first)], "limit": 1, "open": True}
    refused = client.post(path.format(second), headers=headers)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "too_many_choices")
    answer = client.delete(path.format(first), headers=headers)
    assert answer.get_json()["chosen"] == []


def act_on(site: Site, name: str, action: str, **data: str) -> None:
    with site.database.reading() as session:
        number = session.scalars(select(Team.id).where(Team.name == name)).one()
    client = site.client(site.organiser)
    answer = client.post(f"/staff/problems/pcb/teams/{number}/{action}", data=data)
    assert answer.status_code == 303


def test_divisions_have_ranks_of_their_own(site: Site) -> None:
    site.set(divisions="学生组，社会组")
    for name, value in (("alpha", 0.5), ("beta", 0.75), ("gamma", 0.25)):
        site.score(name, value)
    for name, division in (("alpha", "学生组"), ("beta", "社会组"), ("gamma", "学生组")):
        act_on(site, name, "class", division=division)
    assert site.rows() == ["1 beta 0.75000", "2 alpha 0.50000", "3 gamma 0.25000"]
    assert site.rows(query="&division=学生组") == ["1 alpha 0.50000", "2 gamma 0.25000"]
    assert site.api(site.judge, "?division=社会组")["total"] == 1
    act_on(site, "gamma", "class", division="nowhere")
    assert site.rows(query="&division=学生组")[1] == "2 gamma 0.25000"
    assert "Teams are in divisions: 学生组; 社会组" in site.page()


def test_an_organisers_entry_is_pinned_and_never_ranked(site: Site) -> None:
    site.score("alpha", 0.5)
    site.score("beta", 0.75)
    act_on(site, "beta", "class", pinned="y")
    assert site.rows() == ["– beta 0.75000", "1 alpha 0.50000"]
    body = site.api(site.judge)
    assert [row["team"]["name"] for row in body["pinned"]] == ["beta"]
    assert ([row["rank"] for row in body["items"]], body["total"]) == ([1], 1)


def test_whoever_stands_below_a_disqualified_team_moves_up(site: Site) -> None:
    for name, value in (("alpha", 0.5), ("beta", 0.75)):
        site.score(name, value)
    assert site.rows()[1] == "2 alpha 0.50000"
    act_on(site, "beta", "disqualify", reason="")
    assert len(site.rows()) == 2  # without a reason nothing happens
    act_on(site, "beta", "disqualify", reason="two accounts")
    assert site.rows() == ["1 alpha 0.50000"]
    assert "two accounts" in site.page(site.teams["beta"])
    assert "two accounts" not in site.page(site.teams["alpha"])
    assert "two accounts" in site.client(site.judge).get("/staff/problems/pcb/teams").text
    assert "0.75" not in site.client(None).get("/problems").text
    act_on(site, "beta", "reinstate", reason="cleared")
    assert site.rows()[0] == "1 beta 0.75000"
    with site.database.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-2:] == ["team.disqualify", "team.reinstate"]


def test_nothing_moves_a_team_while_a_board_is_signed_off(site: Site) -> None:
    site.score("alpha", 0.5)
    site.set(divisions="学生组")
    with site.database.transaction() as session:
        session.scalars(select(Problem)).one().stages[0].signed_off_at = site.clock.now()
    act_on(site, "alpha", "disqualify", reason="two accounts")
    act_on(site, "alpha", "class", division="学生组", pinned="y")
    assert site.rows() == ["1 alpha 0.50000"]
    with site.database.reading() as session:
        assert session.scalars(select(TeamClass)).all() == []


def test_the_reveal_shows_who_moved(site: Site) -> None:
    for name, first, hidden in (("alpha", 0.9, 0.1), ("beta", 0.8, 0.9), ("gamma", 0.7, 0.5)):
        site.score(name, first, hidden=hidden)
    assert "shake-up" not in site.page(query="&board=B")
    reveal(site)
    page = site.page(query="&board=B")
    assert page.count("shake-up__line ") == 3
    moves = re.findall(r'class="move[^"]*">([^<]+)<', page)
    assert moves == ["↑1", "↑1", "↓2"]
    items = site.api(site.judge, "?board=B")["items"]
    assert [(row["rank"], row["rank_on_a"]) for row in items] == [(1, 2), (2, 3), (3, 1)]


def test_what_is_no_number_is_never_ranked(site: Site) -> None:
    made = site.score("alpha", 0.5)
    site.score("beta", 0.25)
    with site.database.transaction() as session:
        for score in session.scalars(
            select(Score)
            .join(Evaluation)
            .where(Evaluation.submission_id == made, Score.key == "macro_f1")
        ):
            score.value = math.inf
        rebuild(session, session.scalars(select(Problem)).one(), now=site.clock.now())
    assert site.rows() == ["1 beta 0.25000"]


def test_a_change_of_rules_is_in_the_audit_log(site: Site) -> None:
    site.set(freeze_hours="3", visible_to="own")
    with site.database.reading() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert entry.action == "problem.set"
    assert entry.facts == {
        "freeze_hours": {"from": "0", "to": "3"},
        "visible_to": {"from": "all", "to": "own"},
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [("freeze_hours", "-1"), ("refresh", "often"), ("visible_to", "me"), ("tie_columns", "maybe")],
)
def test_a_rule_that_is_none_is_refused(site: Site, name: str, value: str) -> None:
    client = site.client(site.organiser)
    assert client.post("/staff/problems/pcb", data={name: value}).status_code == 422


def reveal(site: Site) -> None:
    client = site.client(site.organiser)
    assert client.post("/staff/problems/pcb/reveal-b").status_code == 303
    with site.database.reading() as session:
        assert session.scalars(select(Problem)).one().stage(Board.B) is not None
