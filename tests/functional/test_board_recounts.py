"""A long board whose rules changed is read as it was until a worker has made it anew."""

import pytest
from flask import Flask

from app.core.db import Database
from app.core.platform import Platform
from app.leaderboards import old_views
from app.leaderboards.jobs import recount
from tests.fakes.ports import FrozenClock, MemoryQueue
from tests.functional.test_board_rules import Site

pytestmark = pytest.mark.functional

NOTE = "it is being recounted"


@pytest.fixture
def site(
    app: Flask, database: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> Site:
    app.config["WTF_CSRF_ENABLED"] = False
    monkeypatch.setattr(old_views, "LONG", 2)
    made = Site(app, database, clock)
    made.score("alpha", 0.75)
    made.score("beta", 0.5)
    made.at(1)
    made.score("alpha", 0.25)
    assert made.rows() == ["1 alpha 0.75000", "2 beta 0.50000"]
    return made


def asked(queue: MemoryQueue) -> int:
    return sum(path.endswith(".recount_boards") for _pool, path, _args in queue.jobs)


def test_the_old_ranks_are_shown_with_a_note_and_a_worker_is_asked_once(
    site: Site, platform: Platform, queue: MemoryQueue
) -> None:
    site.set(counts="last")
    for user in (None, site.teams["beta"], site.judge):
        assert site.rows(user) == ["1 alpha 0.75000", "2 beta 0.50000"]
        assert NOTE in site.page(user)
    body = site.api(site.teams["beta"])
    assert (body["is_recounting"], body["items"][0]["team"]["name"]) == (True, "alpha")
    assert asked(queue) == 1
    site.at(1.5)  # whoever was asked seems to be gone
    site.page()
    assert asked(queue) == 2
    recount(platform, 1)
    assert site.rows() == ["1 beta 0.50000", "2 alpha 0.25000"]
    assert NOTE not in site.page()
    assert not site.api(site.teams["beta"])["is_recounting"]


def test_a_kept_page_is_read_again_when_the_ranks_are_new(site: Site, platform: Platform) -> None:
    site.set(counts="last")
    client, path = site.client(None), "/problems/pcb/leaderboard"
    etag = client.get(path).headers["ETag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    recount(platform, 1)
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_scores_made_meanwhile_are_in_the_new_ranks(site: Site, platform: Platform) -> None:
    site.set(counts="last")
    site.page()
    site.score("gamma", 0.875)
    assert site.rows() == ["1 alpha 0.75000", "2 beta 0.50000"]
    recount(platform, 1)
    assert site.rows()[0] == "1 gamma 0.87500"


def test_what_was_not_shown_yet_is_not_shown_meanwhile(site: Site, platform: Platform) -> None:
    site.set(refresh="hourly")
    site.at(2.25)
    recount(platform, 1)
    site.score("beta", 0.96875)
    assert site.rows() == ["1 alpha 0.75000", "2 beta 0.50000"]
    site.set(refresh="daily")
    assert NOTE in site.page()
    assert site.rows() == ["1 alpha 0.75000", "2 beta 0.50000"]


def test_a_short_board_and_hidden_rows_are_made_anew_at_once(
    site: Site, monkeypatch: pytest.MonkeyPatch, queue: MemoryQueue
) -> None:
    monkeypatch.setattr(old_views, "LONG", 3)
    site.set(counts="last")
    assert site.rows() == ["1 beta 0.50000", "2 alpha 0.25000"]
    assert asked(queue) == 0
