"""Intervals and groups on the board, for those who may see the scores they are of."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.accounts import operations as accounts
from app.accounts.models import Role, User
from app.core.blobs import LocalBlobs
from app.core.platform import Platform
from app.evaluations.standings import rebuild
from app.problems.board_rules import Refresh
from app.problems.models import Board, Problem
from app.statistics.jobs import refresh
from app.submissions.models import Submission
from tests.factories import make_problem, make_user
from tests.factories.problems import SPEC
from tests.unit.app.statistics.test_statistics import enter, wrong

pytestmark = pytest.mark.functional


@pytest.fixture
def problem(platform: Platform, blobs: LocalBlobs) -> Problem:
    column = {"key": "accuracy", "metric": "accuracy", "target": "label", "direction": "max"}
    scoring = {"partition": "rows", "columns": [{**column, "primary": True, "decimals": 3}]}
    with platform.database.transaction() as session:
        found = make_problem(session, slug="pcb", spec={**SPEC, "slug": "pcb", "scoring": scoring})
        rebuild(session, found, now=found.created_at)
        for share, seed in ((0.1, 1), (0.11, 2), (0.4, 3)):
            enter(session, blobs, found, wrong(share, seed))
    for board in Board:
        refresh(platform, found.id, board)
    return found


def teams(platform: Platform) -> list[int]:
    with platform.database.reading() as session:
        found = session.query(Submission.team_id).order_by(Submission.id)
        return [row[0] for row in found if row[0] is not None]


def groups(text: str) -> list[str]:
    return re.findall(r'board__minor board__group" data-label="[^"]*">([^<]*)<', text)


def test_the_board_shows_intervals_and_groups(
    client: FlaskClient, platform: Platform, problem: Problem
) -> None:
    text = client.get("/problems/pcb/leaderboard?lang=en").text
    assert groups(text) == ["1", "1", "2"]
    assert text.count("axis__spread") == 3
    assert re.search(r'title="95 % interval">0\.\d{3} – 0\.\d{3}<', text)
    assert "drawing the 400 items anew 2000 times" in text
    one, other, _ = teams(platform)
    compared = client.get(f"/problems/pcb/leaderboard/compare?one={one}&other={other}&lang=en")
    share = re.search(r"compare__chance num\">([\d.]+) %", compared.text)
    assert share is not None
    assert 50 < float(share[1]) < 99
    for strange in ("", "x", "-1", str(1 << 31), "9" * 30, "１"):
        compare = f"/problems/pcb/leaderboard/compare?one={strange}&other={other}"
        assert client.get(compare).status_code == 404, strange


def test_a_page_kept_is_read_again_once_the_groups_are_new(
    client: FlaskClient, platform: Platform, problem: Problem, blobs: LocalBlobs
) -> None:
    with platform.database.transaction() as session:
        enter(session, blobs, session.get_one(Problem, problem.id), wrong(0.2, 5))
    board = "/problems/pcb/leaderboard?lang=en"
    before = client.get(board)
    assert "The latest scores are being worked in." in before.text
    kept = {"If-None-Match": before.headers["ETag"]}
    assert client.get(board, headers=kept).status_code == 304
    refresh(platform, problem.id, Board.A)
    after = client.get(board, headers=kept)
    assert after.status_code == 200
    assert "being worked in" not in after.text
    assert len(groups(after.text)) == 4


def test_a_board_that_shows_an_earlier_state_tells_no_groups(
    client: FlaskClient, platform: Platform, problem: Problem
) -> None:
    one, other, _ = teams(platform)
    with platform.database.transaction() as session:
        found = session.get_one(Problem, problem.id)
        found.board_rules = {**(found.board_rules or {}), "refresh": Refresh.DAILY.value}
    text = client.get("/problems/pcb/leaderboard").text
    assert groups(text) == []
    compare = f"/problems/pcb/leaderboard/compare?one={one}&other={other}"
    assert client.get(compare).status_code == 404


def test_nothing_of_b_before_the_reveal(
    client: FlaskClient,
    platform: Platform,
    problem: Problem,
    sign_in: Callable[[User], None],
) -> None:
    one, other, _ = teams(platform)
    compare = f"/problems/pcb/leaderboard/compare?board=B&one={one}&other={other}"
    assert client.get(compare).status_code == 404
    with platform.database.transaction() as session:
        judge = make_user(session, role=Role.JUDGE)
    sign_in(judge)
    assert client.get(compare).status_code == 200
    assert groups(client.get("/problems/pcb/leaderboard?board=B").text) == ["1", "1", "2"]


def test_the_api_has_them(client: FlaskClient, platform: Platform, problem: Problem) -> None:
    with platform.database.transaction() as session:
        user = make_user(session)
        token = accounts.create_token(session, user, "t", now=user.created_at)[1]
    answer = client.get(
        "/api/v1/problems/pcb/leaderboard", headers={"Authorization": f"Bearer {token}"}
    )
    first = answer.get_json()["items"][0]
    assert first["interval"]["low"] < first["scores"]["accuracy"] < first["interval"]["high"]
    assert first["interval"]["group"] == 1


def test_the_api_compares_two_teams_and_nothing_of_b_before_the_reveal(
    client: FlaskClient, platform: Platform, problem: Problem
) -> None:
    with platform.database.transaction() as session:
        user = make_user(session)
        token = accounts.create_token(session, user, "t", now=user.created_at)[1]
    one, _, last = teams(platform)
    headers = {"Authorization": f"Bearer {token}"}
    against = "/api/v1/problems/pcb/leaderboard/{}/against/{}"
    found = client.get(against.format(one, last), headers=headers).get_json()
    assert (found["team"], found["other"]) == (str(one), str(last))
    assert found["chance"] > 0.99
    back = client.get(against.format(last, one), headers=headers).get_json()["chance"]
    assert found["chance"] + back == pytest.approx(1)
    assert client.get(against.format(one, 9999), headers=headers).status_code == 404
    hidden = client.get(against.format(one, last) + "?board=B", headers=headers)
    assert (hidden.status_code, hidden.get_json()["code"]) == (404, "not_comparable")
