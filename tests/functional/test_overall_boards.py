"""One board over several problems, as organisers set it up and everybody reads it."""

import csv
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import operations as accounts
from app.accounts.models import Role, User
from app.core.audit import AuditEntry
from app.core.platform import Platform
from app.leaderboards import operations as boards
from app.overall import operations
from app.overall.jobs import count, ring_stale
from app.overall.models import OverallBoard
from app.problems.models import Problem, TieRule
from app.teams.models import Team
from tests.factories import make_problem, make_submission, make_team, make_user
from tests.fakes.ports import FrozenClock, MemoryQueue

pytestmark = pytest.mark.functional

Counting = Callable[[], AbstractContextManager[list[str]]]
PATH: Final = "/overall/all-rounders"
FORM: Final[dict[str, Any]] = {
    "title_zh": "总榜",
    "title_en": "All-rounders",
    "slug": "all-rounders",
    "method": "mean_rank",
    "basis": "final",
    "problems": ["welds", "routes"],
}
PEOPLE: Final = ("ada", "bo", "cy", "di")


class Site:
    """Two problems; ada and bo are on both, cy on welds alone, di on routes alone."""

    SCORES: Final = {
        "welds": {"ada": (0.9, 0.1), "bo": (0.8, 0.9), "cy": (0.4, 0.5)},
        "routes": {"bo": (0.7, 0.2), "ada": (0.6, 0.9), "di": (0.1, 0.5)},
    }

    def __init__(self, app: Flask, platform: Platform, queue: MemoryQueue) -> None:
        self.app, self.platform, self.queue = app, platform, queue
        with platform.database.transaction() as session:
            self.people = {name: make_user(session, name=name) for name in PEOPLE}
            self.organiser = make_user(session, role=Role.ORGANISER)
            for slug, scores in self.SCORES.items():
                problem = make_problem(session, slug=slug)
                problem.tie_rule = TieRule.SHARED
                for name, (first, hidden) in scores.items():
                    captain = self.people[name]
                    team = make_team(session, problem=problem, captain=captain, name=name)
                    make_submission(
                        session,
                        problem=problem,
                        team=team,
                        scores={"A": {"macro_f1": first}, "B": {"macro_f1": hidden}},
                    )

    def client(self, user: User | None = None) -> FlaskClient:
        client = self.app.test_client()
        if user is not None:
            with client.session_transaction() as cookie:
                cookie["_user_id"] = f"{user.id}:{user.session_epoch}"
        return client

    def set_up(self, **changes: object) -> int:
        """Make the board on the page, and have it counted as a worker does."""
        answer = self.client(self.organiser).post("/staff/overall/new", data=FORM | changes)
        assert answer.status_code == 303, answer.text
        with self.platform.database.reading() as session:
            found = session.scalars(select(OverallBoard.id)).one()
        assert ("count_overall", (found,)) in self.queued()
        assert count(self.platform, found)
        return found

    def queued(self) -> list[tuple[str, tuple[object, ...]]]:
        return [(path.rsplit(".", 1)[-1], args) for _pool, path, args in self.queue.jobs]

    def rows(self, user: User | None = None, query: str = "") -> list[str]:
        """The rows of the page, as `rank name total`."""
        page = self.client(user).get(f"{PATH}?lang=en{query}").text
        found = re.findall(
            r'board__rank">(\d+)<.*?board__name">([^<]+)<.*?score num">([^<]+)<', page, re.DOTALL
        )
        return [" ".join(row) for row in found]

    def problem(self, slug: str, **values: object) -> None:
        with self.platform.database.transaction() as session:
            problem = session.scalars(select(Problem).where(Problem.slug == slug)).one()
            for name, value in values.items():
                setattr(problem, name, value)

    def recount(self) -> None:
        """What the scheduler and a worker do within a minute or two."""
        self.platform.clock.tick(timedelta(minutes=2))  # type: ignore[attr-defined]
        ring_stale(self.platform)
        with self.platform.database.reading() as session:
            found = session.scalars(select(OverallBoard.id)).all()
        for one in found:
            count(self.platform, one)


@pytest.fixture
def site(app: Flask, platform: Platform, queue: MemoryQueue) -> Site:
    app.config["WTF_CSRF_ENABLED"] = False
    return Site(app, platform, queue)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        # cy and di are fourth where they are missing
        ("mean_rank", ["1 ada 1.50", "1 bo 1.50", "3 cy 3.50", "3 di 3.50"]),
        # ada and bo lie five sixths and four fifths of the way up where they are second
        ("points", ["1 ada 1.8333", "2 bo 1.8000", "3 cy 0.0000", "3 di 0.0000"]),
        ("borda", ["1 ada 5", "1 bo 5", "3 cy 1", "3 di 1"]),
    ],
)
def test_each_method_ranks_and_says_how(site: Site, method: str, expected: list[str]) -> None:
    site.set_up(method=method)
    assert site.rows() == expected
    page = site.client().get(f"{PATH}?lang=en").text
    words = {"mean_rank": "mean of a team", "points": "the worst 0", "borda": "one point"}
    assert words[method] in page
    assert "Teams with equal totals share a rank." in page
    assert "not on this board" in page


def test_b_is_counted_from_its_reveal_on_and_never_before(site: Site, clock: FrozenClock) -> None:
    site.set_up()
    before = site.rows()
    with site.platform.database.reading() as session:
        source = session.scalars(select(OverallBoard.source)).one()
    assert source
    site.problem("welds", b_revealed_at=clock.now())
    assert site.rows() == []  # of A, while B decides: not shown any longer
    assert "being counted" in site.client().get(f"{PATH}?lang=en").text
    site.recount()
    assert site.rows() != before
    assert site.rows()[0] == "1 bo 1.00"  # first on B of welds, first on A of routes
    page = site.client().get(f"{PATH}?lang=en").text
    assert "/problems/welds/leaderboard?board=B" in page
    assert "/problems/routes/leaderboard?board=A" in page


def test_a_basis_of_a_stays_with_a(site: Site, clock: FrozenClock) -> None:
    site.set_up(basis="a")
    before = site.rows()
    site.problem("welds", b_revealed_at=clock.now())
    site.recount()
    assert site.rows() == before


def test_a_board_that_is_not_everybodys_is_left_out_at_once(site: Site) -> None:
    site.set_up(method="borda")
    site.problem("routes", board_rules={"visible_to": "own"})
    assert site.rows() == []
    site.recount()
    assert site.rows() == ["1 ada 3", "2 bo 2", "3 cy 1"]
    assert "is left out while" in site.client().get(f"{PATH}?lang=en").text
    site.problem("routes", board_rules={}, withdrawn_at=site.platform.clock.now())
    site.recount()
    page = site.client().get(f"{PATH}?lang=en").text
    assert len(site.rows()) == 3
    assert "routes" not in page


def test_a_frozen_board_counts_as_it_stands(site: Site, clock: FrozenClock) -> None:
    site.problem("welds", board_rules={"refresh": "daily"})
    site.set_up(method="borda")
    before = site.rows()
    clock.tick(timedelta(seconds=1))
    with site.platform.database.transaction() as session:
        team = session.scalars(select(Team).where(Team.name == "cy")).one()
        make_submission(
            session,
            problem=team.problem,
            team=team,
            at=clock.now(),
            scores={"A": {"macro_f1": 0.99}},
        )
    site.recount()
    assert site.rows() == before
    clock.tick(timedelta(days=1))
    site.recount()
    assert site.rows()[2] == "3 cy 3"


def test_who_is_disqualified_or_an_organiser_is_out(site: Site, clock: FrozenClock) -> None:
    site.set_up(method="borda")
    with site.platform.database.transaction() as session:
        ada, *_ = session.scalars(select(Team).where(Team.name == "ada").order_by(Team.id))
        boards.disqualify(session, ada, site.organiser, "copied", now=clock.now())
        di = session.scalars(select(Team).where(Team.name == "di")).one()
        boards.class_team(session, di, site.organiser, division="", pinned=True, now=clock.now())
    site.recount()
    assert site.rows() == ["1 bo 4", "2 cy 1", "2 ada 1"]


def test_the_own_team_is_marked_and_pinned(site: Site, platform: Platform) -> None:
    with platform.database.transaction() as session:
        welds = session.scalars(select(Problem).where(Problem.slug == "welds")).one()
        for number in range(60):
            make_submission(session, problem=welds, scores={"A": {"macro_f1": 0.5 + number / 1e3}})
    site.set_up()
    page = site.client(site.people["di"]).get(f"{PATH}?lang=en").text
    assert page.count("your team") == 1
    assert page.count("board__row--pinned") == 1
    assert len(site.rows()) == 50
    assert len(site.rows(query="&page=2")) == 14
    assert "board__row--pinned" not in site.client(site.people["ada"]).get(PATH).text


def test_programs_read_it_page_by_page(site: Site) -> None:
    site.set_up(method="points")
    with site.platform.database.transaction() as session:
        _row, token = accounts.create_token(
            session, site.people["di"], "test", now=site.platform.clock.now()
        )
    head = {"Authorization": f"Bearer {token}"}
    client = site.client()
    listed = client.get("/api/v1/overall-boards", headers=head).get_json()
    assert [one["slug"] for one in listed["items"]] == ["all-rounders"]
    answer = client.get(
        "/api/v1/overall-boards/all-rounders?page=2&per_page=3&lang=en", headers=head
    )
    body = answer.get_json()
    assert (body["total"], [one["team"] for one in body["items"]]) == (4, ["di"])
    assert body["own"] == body["items"]
    assert body["items"][0]["parts"] == [
        {"problem": "welds", "board": "A", "counts": 0.0, "rank": None},
        {"problem": "routes", "board": "A", "counts": 0.0, "rank": 3},
    ]
    again = client.get(
        "/api/v1/overall-boards/all-rounders?page=2&per_page=3&lang=en",
        headers=head | {"If-None-Match": answer.headers["ETag"]},
    )
    assert (again.status_code, again.data) == (304, b"")
    missing = client.get("/api/v1/overall-boards/none", headers=head)
    assert (missing.status_code, missing.get_json()["code"]) == (404, "overall_board_not_found")


def test_the_file_has_everything_and_no_formulas(site: Site, platform: Platform) -> None:
    with platform.database.transaction() as session:
        session.scalars(select(Team).where(Team.name == "cy")).one().name = "=1+1"
    site.set_up()
    answer = site.client().get(f"{PATH}/board.csv?lang=en")
    assert answer.headers["Content-Disposition"] == "attachment; filename=all-rounders.csv"
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0][:4] == ["Rank", "Team", "mean rank", "Problem welds (board A): rank"]
    assert rows[3] == ["3", "'=1+1", "3.5", "3", "3.0", "", "4.0"]
    assert len(rows) == 5


def test_a_page_costs_the_same_whatever_its_length_and_nothing_where_it_is_known(
    site: Site, count_queries: Counting, platform: Platform
) -> None:
    site.set_up()
    client = site.client()
    with count_queries() as few:
        etag = client.get(PATH).headers["ETag"]
    with count_queries() as known:
        assert client.get(PATH, headers={"If-None-Match": etag}).status_code == 304
    assert not any("overall_row" in statement for statement in known)
    with platform.database.transaction() as session:
        welds = session.scalars(select(Problem).where(Problem.slug == "welds")).one()
        for _ in range(40):
            make_submission(session, problem=welds, scores={"A": {"macro_f1": 0.5}})
    site.recount()
    assert client.get(PATH, headers={"If-None-Match": etag}).status_code == 200
    with count_queries() as many:
        client.get(PATH)
    assert len(many) == len(few)


def test_organisers_change_and_remove_it_and_the_log_has_it(site: Site) -> None:
    found = site.set_up()
    organiser = site.client(site.organiser)
    changed = FORM | {"method": "borda", "problems": ["routes", "welds"]}
    assert organiser.post(f"/staff/overall/{found}", data=changed).status_code == 303
    assert site.rows() == []  # counted by another rule: not shown any longer
    site.recount()
    assert site.rows()[0] == "1 ada 5"
    assert "总榜" in organiser.get("/staff/overall").text
    assert "checked" in organiser.get(f"/staff/overall/{found}").text
    assert organiser.post(f"/staff/overall/{found}/remove").status_code == 303
    assert site.client().get(PATH).status_code == 404
    with site.platform.database.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [one for one in actions if one.startswith("overall")] == [
        "overall.create",
        "overall.change",
        "overall.remove",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "A b"},
        {"slug": "x"},
        {"problems": ["welds"]},
        {"problems": ["welds", "of-another-contest"]},
        {"method": "sum"},
        {"title_en": ""},
        {"title_zh": "长" * 121},
    ],
)
def test_what_cannot_be_counted_is_refused(site: Site, wrong: dict[str, Any]) -> None:
    answer = site.client(site.organiser).post("/staff/overall/new", data=FORM | wrong)
    assert answer.status_code == 422
    with site.platform.database.reading() as session:
        assert session.scalars(select(OverallBoard)).all() == []


def test_an_address_is_given_once(site: Site) -> None:
    site.set_up()
    answer = site.client(site.organiser).post("/staff/overall/new", data=FORM)
    assert answer.status_code == 422
    assert "另一个总榜已使用此地址" in answer.text


def test_home_and_hall_lead_there(site: Site) -> None:
    assert PATH not in site.client().get("/").text
    site.set_up()
    for page in ("/", "/problems", "/overall"):
        assert f'href="{PATH}"' in site.client().get(page).text, page


def test_a_worker_that_counts_what_is_gone_or_changed_writes_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = site.set_up()
    plain = operations.work_out

    def change_meanwhile(
        session: Session, overall_id: int, *, now: datetime
    ) -> operations.Result | None:
        result = plain(session, overall_id, now=now)
        site.client(site.organiser).post(f"/staff/overall/{found}", data=FORM | {"method": "borda"})
        return result

    monkeypatch.setattr(operations, "work_out", change_meanwhile)
    assert not count(site.platform, found)
    monkeypatch.undo()
    assert not count(site.platform, found + 1)
    assert count(site.platform, found)


def test_the_scheduler_asks_only_where_something_changed(site: Site, clock: FrozenClock) -> None:
    site.set_up()
    clock.tick(timedelta(minutes=2))
    assert ring_stale(site.platform) == 0
    with site.platform.database.transaction() as session:
        team = session.scalars(select(Team).where(Team.name == "di")).one()
        make_submission(session, problem=team.problem, team=team, scores={"A": {"macro_f1": 0.9}})
    assert ring_stale(site.platform) == 1
    assert ring_stale(site.platform) == 0  # asked a moment ago
    clock.tick(timedelta(minutes=2))
    assert ring_stale(site.platform) == 1
