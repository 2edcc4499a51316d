"""How teams came where they are: the race of the best ten, and who moved since yesterday."""

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.core.db import Database
from app.core.platform import Platform
from app.leaderboards.climbing import keep_todays_ranks
from app.leaderboards.race import HEIGHT, RIGHT, Step, make_steps
from app.problems.board_rules import Counts, Refresh
from scoring import Direction
from tests.fakes.ports import FrozenClock
from tests.functional.test_board_rules import Site

pytestmark = pytest.mark.functional


@pytest.fixture
def site(app: Flask, database: Database, clock: FrozenClock) -> Site:
    app.config["WTF_CSRF_ENABLED"] = False
    return Site(app, database, clock)


def race_of(page: str) -> list[str]:
    """What a screen reader says of each line, the first of the board first."""
    return re.findall(r'race__team[^>]*aria-label="([^"]+)"', page)[::-1]


def moves_of(page: str) -> dict[str, str]:
    found = {}
    for row in re.findall(r'<tr class="board__row.*?</tr>', page, re.DOTALL):
        name = re.search(r'board__name"[^>]*>([^<]+)<', row)
        move = re.search(r"[▲▼]\d+", row)
        assert name
        found[name[1]] = move[0] if move else ""
    return found


def raced(site: Site) -> None:
    for hours, name, score in (
        (1, "alpha", 0.5),
        (2, "beta", 0.25),
        (3, "alpha", 0.375),  # no better: no step
        (4, "beta", 0.75),
    ):
        site.at(hours)
        site.score(name, score, hidden=0.98765)


def test_the_race_is_of_board_a_as_everybody_saw_it(site: Site) -> None:
    raced(site)
    page = site.page()
    lines = race_of(page)
    assert [line.split(",")[0].split(" at ")[0] for line in lines] == [
        "1. beta: 0.25000",
        "2. alpha: 0.50000",
    ]
    assert "0.75000 since" in lines[0]
    assert "0.98765" not in page
    assert "race__team--own" not in page
    assert site.page(site.teams["beta"]).count("race__team--own") == 1
    assert "The same as a list" in page
    heights = [float(y) for y in re.findall(r'race__end" cx="\d+" cy="([\d.]+)"', page)]
    assert heights == sorted(heights, reverse=True)  # drawn last is the best
    assert all(0 <= y <= HEIGHT for y in heights)
    assert f'cx="{RIGHT}"' in page


def test_what_may_not_be_seen_is_not_drawn(site: Site) -> None:
    raced(site)
    assert race_of(site.page())
    assert race_of(site.page(query="&page=2")) == []
    site.set(visible_to="own")
    assert race_of(site.page()) == race_of(site.page(site.teams["beta"])) == []
    assert race_of(site.page(site.judge))
    site.set(visible_to="all", counts="chosen")
    assert race_of(site.page()) == []  # a better score that was not chosen was never shown


def test_a_frozen_board_ends_where_it_stands(site: Site) -> None:
    site.set(freeze_hours="8")
    raced(site)
    assert "0.75000 since" not in "".join(race_of(site.page()))
    assert "0.75000 since" in "".join(race_of(site.page(site.judge)))


def test_a_new_score_is_drawn_at_once(site: Site) -> None:
    raced(site)
    before = site.page()
    assert site.page() == before
    site.at(5)
    site.score("gamma", 0.875)
    assert race_of(site.page())[0].startswith("1. gamma")


def steps(
    scores: list[float],
    counts: Counts = Counts.BEST,
    direction: Direction = Direction.MAX,
    refresh: Refresh = Refresh.LIVE,
) -> list[tuple[int, float]]:
    start = datetime.fromisoformat("2030-01-01T00:10:00+00:00")
    scored = [Step(start + timedelta(minutes=20 * n), one) for n, one in enumerate(scores)]
    found = make_steps(scored, counts, direction, refresh)
    return [(round((one.at - start).total_seconds() / 60), one.score) for one in found]


def test_steps_follow_the_rules() -> None:
    scores = [3.0, 2.0, 2.0, 5.0, 4.0]
    assert steps(scores) == [(0, 3.0), (60, 5.0)]
    assert steps(scores, direction=Direction.MIN) == [(0, 3.0), (20, 2.0)]
    assert steps(scores, Counts.LAST) == [(0, 3.0), (20, 2.0), (60, 5.0), (80, 4.0)]
    # by the hour: what came and went within one was never seen
    assert steps(scores, Counts.LAST, refresh=Refresh.HOURLY) == [(50, 2.0), (110, 4.0)]


def test_ranks_move_since_the_day_began(site: Site, platform: Platform) -> None:
    raced(site)
    assert set(moves_of(site.page()).values()) == {""}  # nothing was kept yet
    site.at(24)
    assert keep_todays_ranks(platform) == 1
    assert keep_todays_ranks(platform) == 0
    assert set(moves_of(site.page()).values()) == {""}
    site.at(25)
    site.score("gamma", 0.625)
    site.score("alpha", 0.875)
    page = site.page()
    assert moves_of(page) == {"alpha": "▲1", "beta": "▼1", "gamma": ""}
    assert "up 1" in page
    site.at(49)
    keep_todays_ranks(platform)
    assert set(moves_of(site.page()).values()) == {""}


def test_a_daily_board_is_compared_with_the_midnight_before(site: Site, platform: Platform) -> None:
    site.set(refresh="daily")
    raced(site)
    site.at(24)
    site.page()
    keep_todays_ranks(platform)
    site.score("alpha", 0.875)
    assert moves_of(site.page())["beta"] == ""
    site.at(48)
    keep_todays_ranks(platform)
    assert moves_of(site.page()) == {"alpha": "▲1", "beta": "▼1"}


def test_a_page_kept_over_midnight_is_read_again(site: Site, platform: Platform) -> None:
    raced(site)
    client = site.client(None)
    path = "/problems/pcb/leaderboard"
    etag = client.get(path).headers["ETag"]
    site.at(24)
    keep_todays_ranks(platform)
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200
