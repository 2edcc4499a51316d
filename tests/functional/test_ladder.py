"""Board A by the Ladder: organisers set it, teams are told less, and nothing more can be read."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.accounts import operations as accounts
from app.accounts.models import Role, User
from app.core.audit import THE_CLOCK
from app.core.blobs import LocalBlobs
from app.core.pagination import PageRequest
from app.core.platform import Platform
from app.evaluations.climbing import climb_due
from app.evaluations.models import Evaluation, Score
from app.evaluations.standings import audit_board
from app.judging.errors import StillClimbingError
from app.judging.operations import sign_off
from app.judging.queries import digest_ranking
from app.leaderboards.cli import commands as board_commands
from app.problems.cli import commands as problem_commands
from app.problems.errors import LadderNeedsLossesError
from app.problems.models import Board, Problem
from app.problems.preparing import prepare_pack
from app.problems.publishing import publish, stage
from app.problems.queries import get_current_revision
from app.rescoring.models import RescoreMove
from app.settings import Settings
from app.standings.queries import Stretch, list_ranked
from app.statistics.jobs import refresh
from app.statistics.models import BoardStatistics, ScoreInterval
from app.teams.models import Team
from tests.factories import make_submission, make_team, make_user
from tests.factories.ladder import COLUMNS, FREE, STEP, Climb, in_force
from tests.factories.packs import publish_pack, run_scripts, write_pack
from tests.factories.rescoring import Competition, answer
from tests.fakes.ports import ScriptedSandbox
from tests.unit.app.evaluations.test_ladder import errors

pytestmark = pytest.mark.functional
BOARD: Final = "/problems/pcb/leaderboard"
SETTINGS: Final = "/staff/problems/pcb"
TOKENS: Final = re.compile(r"I[jm][\w.-]{40,}|nonce-[\w-]+")


class Site:
    """Two teams whose scores differ by less than is told, and everybody who looks."""

    def __init__(self, app: Flask, climb: Climb) -> None:
        self.app, self.climb, self.platform = app, climb, climb.platform
        self.browsers: dict[str, FlaskClient] = {}
        app.config["WTF_CSRF_ENABLED"] = False
        with self.platform.database.transaction() as session:
            self.people = {
                name: make_user(session, role=role, name=name)
                for name, role in (
                    ("rival", Role.PARTICIPANT),
                    ("stranger", Role.PARTICIPANT),
                    ("judge", Role.JUDGE),
                    ("organiser", Role.ORGANISER),
                )
            }
            self.people["captain"] = session.get_one(Team, climb.team_id).captain
            problem = session.get_one(Problem, climb.problem_id)
            self.rivals = make_team(session, problem=problem, captain=self.people["rival"]).id
            make_submission(
                session, problem=problem, baseline=True, scores={"A": {"accuracy": 0.4143}}
            )
        self.first = climb.score(losses=errors(188))
        self.second = climb.score(losses=errors(178, start=150))
        climb.score(losses=errors(184), team_id=self.rivals)
        while climb_due(self.platform):
            pass
        refresh(self.platform, climb.problem_id, Board.A)

    def client(self, name: str) -> FlaskClient:
        """Return somebody's browser, the same every time."""
        found = self.browsers.get(name)
        if found is not None:
            return found
        client = self.browsers[name] = self.app.test_client()
        user = self.people.get(name)
        if user is not None:
            with client.session_transaction() as cookie:
                cookie["_user_id"] = f"{user.id}:{user.session_epoch}"
        return client

    def api(self, name: str, path: str) -> Any:  # noqa: ANN401 — JSON
        with self.platform.database.transaction() as session:
            user = session.get_one(User, self.people[name].id)
            token = accounts.create_token(session, user, "t", now=user.created_at)[1]
        answer = self.app.test_client().get(
            f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"}
        )
        return answer.status_code, answer.get_json(), answer.headers.get("ETag")

    def everything(self, name: str) -> dict[str, object]:
        """Return all that somebody can read of the scores, with the ETags."""
        one, other = self.climb.team_id, self.rivals
        pages = [
            *("/", "/problems", "/problems/pcb", BOARD, f"{BOARD}?board=B", "/submissions"),
            *(f"/submissions/{number}" for number in (self.first, self.second)),
            f"/submissions/{self.second}/status.json",
            f"/submissions/compare?id={self.first}&id={self.second}",
            f"{BOARD}/compare?one={one}&other={other}",
            "/metrics",
        ]
        client, found = self.client(name), dict[str, object]()
        client.get(BOARD)  # the form's token is in the cookie from here on
        for page in pages:
            answer = client.get(f"{page}{'&' if '?' in page else '?'}lang=en")
            etag = answer.headers.get("ETag")
            text = TOKENS.sub("", answer.text)
            found[page] = (answer.status_code, text if page != "/metrics" else "", etag)
        if name in self.people:
            calls = (
                "/problems/pcb/leaderboard",
                "/submissions",
                f"/submissions/{self.second}",
                f"/problems/pcb/leaderboard/{one}/against/{other}",
            )
            found |= {f"api {path}": self.api(name, path) for path in calls}
        return found

    def export(self, *options: str) -> str:
        done = self.app.test_cli_runner().invoke(
            board_commands, ["export", "pcb", "--lang", "en", *options]
        )
        assert done.exit_code == 0, done.output
        return done.output


@pytest.fixture(params=["step", "parameter-free"])
def site(request: pytest.FixtureRequest, app: Flask, platform: Platform, blobs: LocalBlobs) -> Site:
    return Site(app, Climb(platform, blobs, STEP if request.param == "step" else FREE))


@pytest.fixture
def stepped(app: Flask, platform: Platform, blobs: LocalBlobs) -> Site:
    return Site(app, Climb(platform, blobs, STEP))


def change_what_was_found(site: Site) -> None:
    """Change every number that a team must not see; what is told stays."""
    with site.platform.database.transaction() as session:
        numbers = session.scalars(select(Evaluation.id)).all()
        session.execute(update(Score).where(Score.board == Board.A).values(value=0.98765))
        session.execute(update(Evaluation).values(cases={"A": [{"id": "r1", "right": True}]}))
        session.execute(update(ScoreInterval).values(low=0.98, high=0.99, level_group=7))
        session.execute(update(BoardStatistics).values(version=BoardStatistics.version + 5))
        assert numbers


def test_nothing_that_is_not_told_can_be_read(site: Site) -> None:
    everybody = ("visitor", "stranger", "captain", "rival")
    before, exported = {name: site.everything(name) for name in everybody}, site.export()
    staff = site.everything("judge")
    change_what_was_found(site)
    for name in everybody:
        for page, found in site.everything(name).items():
            assert found == before[name][page], (name, page)
    assert site.export() == exported
    with site.platform.database.transaction() as session:
        problem = session.get_one(Problem, site.climb.problem_id)
        audit = audit_board(session, problem, Board.A, now=site.platform.clock.now())
        assert (audit.rows, audit.wrong) == (2, 0)  # nor does the order follow from it
    changed = {page for page, found in site.everything("judge").items() if found != staff[page]}
    assert {BOARD, f"/submissions/{site.second}", "api /problems/pcb/leaderboard"} <= changed
    assert site.export("--raw") != exported


def test_the_board_tells_and_shows_staff_both(stepped: Site) -> None:
    page = stepped.client("captain").get(f"{BOARD}?lang=en").text
    assert "Board A answers by the Ladder" in page
    assert "more than 0.1, rounded to that" in page
    assert re.findall(r"score--main[^>]*>(?:<a[^>]*>)?.*?(0\.\d{5})", page) == ["0.50000"] * 2
    assert "0.40000" in page  # the baseline, rounded
    assert 'class="race' in page  # drawn of what is told
    assert "macro_f1" not in page
    assert "for staff alone" not in page
    assert "axis__spread" not in page
    staff = stepped.client("judge").get(f"{BOARD}?lang=en").text
    assert "found, for staff alone" in staff
    assert "macro_f1" in staff
    assert staff.count("axis__spread") == 2
    _, answer, _ = stepped.api("judge", "/problems/pcb/leaderboard")
    first = answer["items"][0]
    assert first["scores"] == {"accuracy": 0.5}
    assert first["raw_scores"]["accuracy"] == pytest.approx(0.53)
    assert first["interval"]["group"] == 1
    _, answer, _ = stepped.api("captain", "/problems/pcb/leaderboard")
    assert answer["items"][0]["raw_scores"] is None
    assert answer["items"][0]["interval"] is None


def test_a_submission_says_whose_score_it_is_told(stepped: Site) -> None:
    client = stepped.client("captain")
    first = client.get(f"/submissions/{stepped.first}?lang=en").text
    assert "this is your new score on board A" in first
    again = client.get(f"/submissions/{stepped.second}?lang=en").text
    assert f"Not clearly better than submission #{stepped.first}" in again
    _, answer, _ = stepped.api("captain", f"/submissions/{stepped.second}")
    assert answer["scores"] == {"A": {"accuracy": 0.5}}
    assert answer["ladder"] == {"score": 0.5, "is_new": False}
    staff = stepped.client("organiser").get(f"/submissions/{stepped.second}?lang=en").text
    assert f"The team is told 0.50000, the score of submission #{stepped.first}." in staff
    _, answer, _ = stepped.api("organiser", f"/submissions/{stepped.second}")
    assert answer["scores"]["A"]["accuracy"] == pytest.approx(0.555)
    for page in ("/staff/submissions", f"/staff/review/submissions/{stepped.second}"):
        assert "told: 0.50000" in stepped.client("judge").get(f"{page}?lang=en").text, page


def test_one_that_waits_for_an_earlier_one_says_so_and_is_looked_at_again(stepped: Site) -> None:
    climb, client = stepped.climb, stepped.client("captain")
    slow = climb.score()
    quick = climb.score(0.9)
    climb.told()
    page = client.get(f"/submissions/{quick}?lang=en").text
    assert "this one is told once those before it have ended" in page
    assert "data-live-pending" in page
    status = client.get(f"/submissions/{quick}/status.json")
    assert status.get_json()["done"] is False
    assert stepped.api("captain", f"/submissions/{quick}")[1]["scores"] == {}
    climb.end(slow, None)
    assert climb_due(stepped.platform)
    told = client.get(f"/submissions/{quick}/status.json", headers={"If-None-Match": "x"})
    assert told.get_json()["done"] is True
    assert told.get_json()["version"] != status.get_json()["version"]
    assert "0.90000" in client.get(f"/submissions/{quick}?lang=en").text


def test_a_reveal_shows_b_as_it_is_and_a_as_it_was_told(stepped: Site) -> None:
    with stepped.platform.database.transaction() as session:
        problem = session.get_one(Problem, stepped.climb.problem_id)
        problem.b_revealed_at = stepped.platform.clock.now()
    board = stepped.client("stranger").get(f"{BOARD}?board=B&lang=en").text
    assert "0.25000" in board
    assert "board__move" in board
    _, answer, _ = stepped.api("captain", f"/submissions/{stepped.second}")
    assert answer["scores"] == {"A": {"accuracy": 0.5}, "B": {"accuracy": 0.25}}


def settings_of(site: Site) -> dict[str, Any]:
    with site.platform.database.reading() as session:
        return dict(session.get_one(Problem, site.climb.problem_id).board_rules)


def save(site: Site, **values: str) -> str:
    """Save settings on the organisers' page, and return what it says."""
    client = site.client("organiser")
    return client.post(f"{SETTINGS}?lang=en", data=values, follow_redirects=True).text


def rank_by(site: Site, metric: str) -> None:
    """Have another metric rank."""
    with site.platform.database.transaction() as session:
        problem = session.get_one(Problem, site.climb.problem_id)
        revision = get_current_revision(session, problem)
        column = {**COLUMNS[0], "key": metric, "metric": metric}
        revision.spec = {**revision.spec, "scoring": {"partition": "rows", "columns": [column]}}


def test_organisers_set_the_ladder_and_hear_what_it_cannot_be(stepped: Site) -> None:
    save(stepped, ladder="off", ladder_step="0")
    assert settings_of(stepped) == {"ladder": "off", "ladder_step": 0.0}
    assert "0.55500" in stepped.client("stranger").get(BOARD).text  # all of it is shown again
    assert "needs the step" in save(stepped, ladder="step")
    for step in ("-1", "x", "nan", "inf", "1e300"):
        save(stepped, ladder="step", ladder_step=step)
        assert settings_of(stepped)["ladder"] == "off", step
    save(stepped, ladder="step", ladder_step="0.02")
    assert settings_of(stepped) == {"ladder": "step", "ladder_step": 0.02}
    save(stepped, ladder="parameter-free")
    assert settings_of(stepped)["ladder"] == "parameter-free"
    page = stepped.client("visitor").get(f"{BOARD}?lang=en").text
    assert "by more than chance makes it" in page
    rank_by(stepped, "f1_macro")
    save(stepped, ladder="step")
    assert "f1_macro, has no loss per item" in save(stepped, ladder="parameter-free")
    assert settings_of(stepped)["ladder"] == "step"


def test_board_b_never_answers_by_the_ladder(stepped: Site) -> None:
    done = stepped.app.test_cli_runner().invoke(
        problem_commands, ["set", "pcb", "b.ladder", "step", "--lang", "en"]
    )
    assert done.exit_code == 1
    assert "The Ladder is for board A alone" in done.output


def test_no_pack_comes_into_force_whose_scores_cannot_climb(
    platform: Platform, tmp_path: Path
) -> None:
    publish_pack(platform, tmp_path / "one", slug="pcb")
    with platform.database.transaction() as session:
        session.scalars(select(Problem)).one().board_rules = FREE
    pack = write_pack(tmp_path / "two", slug="pcb")
    text = (pack / "problem.yaml").read_text().replace("metric: accuracy", "metric: f1_macro")
    (pack / "problem.yaml").write_text(text)
    prepared = prepare_pack(platform, pack, seed=None, progress=lambda _step: None)
    with platform.database.transaction() as session, pytest.raises(LadderNeedsLossesError):
        publish(session, prepared, actor=THE_CLOCK, now=platform.clock.now())
    with platform.database.transaction() as session, pytest.raises(LadderNeedsLossesError):
        stage(session, prepared, "pcb", now=platform.clock.now())


def test_nobody_signs_what_the_ladder_may_still_move(stepped: Site) -> None:
    climb, now = stepped.climb, stepped.platform.clock.now()
    climb.score(0.95)
    with stepped.platform.database.transaction() as session:
        problem = session.get_one(Problem, climb.problem_id)
        for stage_ in problem.stages:
            stage_.closes_at = now
        judge = session.get_one(User, stepped.people["judge"].id)
        ranking, _ = digest_ranking(session, problem, Board.A)
        with pytest.raises(StillClimbingError):
            sign_off(session, problem, Board.A, judge, ranking, now=now)
    climb_due(stepped.platform)
    with stepped.platform.database.transaction() as session:
        problem = session.get_one(Problem, climb.problem_id)
        judge = session.get_one(User, stepped.people["judge"].id)
        ranking, _ = digest_ranking(session, problem, Board.A)
        assert sign_off(session, problem, Board.A, judge, ranking, now=now).teams == 2


@pytest.mark.parametrize("rules", [STEP, FREE], ids=["step", "parameter-free"])
def test_a_rescore_is_told_in_the_moment_it_is_published(
    platform: Platform,
    settings: Settings,
    tmp_path: Path,
    sandbox: ScriptedSandbox,
    rules: dict[str, Any],
) -> None:
    sandbox.act = run_scripts
    competition = Competition(platform, settings, tmp_path)
    with platform.database.transaction() as session:
        competition.problem(session).board_rules = rules
    misled = competition.hand_in("Misled", answer(r0="bad", r2="bad"))
    right = competition.hand_in("Right", answer())
    while competition.work():
        pass
    assert told(platform, misled, right) == [1.0, 0.5]
    rescore = competition.stage()
    competition.finish()
    with platform.database.reading() as session:
        moves = {
            one.team.name: (one.old_score, one.new_score)
            for one in session.scalars(select(RescoreMove).where(RescoreMove.board == Board.A))
        }
    assert moves == {"Misled": (1.0, 0.5), "Right": (0.5, 1.0)}
    assert told(platform, misled, right) == [1.0, 0.5]  # nobody is told before
    competition.publish(rescore)
    assert told(platform, misled, right) == [0.5, 1.0]
    with platform.database.reading() as session:
        problem = competition.problem(session)
        ranked = list_ranked(session, Stretch(problem.id, Board.A), PageRequest(1, 5), None)
        assert [one.row.submission_id for one in ranked.items] == [right, misled]
    while climb_due(platform):
        pass
    assert told(platform, misled, right) == [0.5, 1.0]


def told(platform: Platform, *submissions: int) -> list[float | None]:
    with platform.database.reading() as session:
        found = [in_force(session, number).told for number in submissions]
        return [None if one is None else one.value for one in found]
