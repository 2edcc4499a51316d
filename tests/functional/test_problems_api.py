from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.accounts.models import Role
from app.accounts.operations import create_token
from app.core.db import Database
from app.core.platform import Platform
from app.problems import queries
from app.problems.models import RulesAcceptance
from scoring.formats import Format
from tests.factories import make_problem, make_user
from tests.factories.accounts import CREATED
from tests.factories.packs import publish_pack
from tests.factories.problems import OPENS
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional
ADDRESS = "/api/v1/problems"
TRAIN = b"id,label\nt0,ok\n"


def bearer(database: Database, role: Role = Role.PARTICIPANT) -> dict[str, str]:
    with database.transaction() as session:
        user = make_user(session, role=role)
        _token, text = create_token(session, user, "test", now=CREATED)
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def headers(database: Database) -> dict[str, str]:
    return bearer(database)


def test_a_list_of_problems(
    client: FlaskClient, database: Database, headers: dict[str, str], clock: FrozenClock
) -> None:
    with database.transaction() as session:
        make_problem(session, slug="one")
        make_problem(session, slug="two", closes_at=clock.now())
    got = client.get(f"{ADDRESS}?per_page=1&page=2", headers=headers)
    assert got.status_code == 200
    page: dict[str, Any] = got.get_json()
    assert (page["total"], page["page"], page["per_page"]) == (2, 2, 1)
    item = page["items"][0]
    assert (item["slug"], item["title"], item["area"]) == ("one", "题目 one", "quality-inspection")
    assert item["stages"][0] == {
        "key": "A",
        "opens_at": "2029-12-31T08:00:00.000+08:00",
        "closes_at": None,
        "state": "open",
    }
    english = client.get(f"{ADDRESS}?q=two", headers=headers | {"Accept-Language": "en"}).get_json()
    assert [(one["title"], one["state"]) for one in english["items"]] == [("Problem two", "closed")]
    assert client.get(f"{ADDRESS}?area=logistics", headers=headers).get_json()["items"] == []


def test_programs_without_a_token_are_refused(client: FlaskClient, database: Database) -> None:
    with database.transaction() as session:
        make_problem(session, slug="one")
    for address in (ADDRESS, f"{ADDRESS}/one", f"{ADDRESS}/one/files/train.csv"):
        got = client.get(address)
        assert (got.status_code, got.mimetype) == (401, "application/problem+json")


def test_a_wrong_parameter_is_named(client: FlaskClient, headers: dict[str, str]) -> None:
    got = client.get(f"{ADDRESS}?area=moon&page=0", headers=headers)
    assert got.status_code == 400
    assert {issue["loc"] for issue in got.get_json()["errors"]} == {"query.area", "query.page"}


def test_everything_about_one_problem(
    client: FlaskClient, platform: Platform, headers: dict[str, str], tmp_path: Path
) -> None:
    publish_pack(platform, tmp_path / "pack")
    body = client.get(f"{ADDRESS}/solder", headers=headers).get_json()
    assert body["title"] == "焊点缺陷"
    assert body["statement"].startswith("## 赛题背景")
    assert body["limits"] == {"submissions_per_day": 7, "team_size": 4}
    assert body["quota"]["limit"] == 7
    assert body["quota"]["used"] == 0
    assert body["quota"]["resets_at"] == "2030-01-02T00:00:00.000+08:00"
    assert [stage["state"] for stage in body["stages"]] == ["open", "upcoming"]
    digest = sha256(TRAIN).hexdigest()
    assert {"path": "train.csv", "size": 15, "sha256": digest} in body["files"]
    assert body["columns"] == [
        {
            "key": "accuracy",
            "title": "accuracy",
            "metric": "accuracy",
            "run": None,
            "direction": "max",
            "decimals": 5,
            "primary": True,
        }
    ]
    assert body["submission"]["table"]["columns"]["label"]["values"] == ["ok", "bad"]
    formats = {each["name"]: each for each in body["submission"]["formats"]}
    assert list(formats) == [each.label for each in Format if each is not Format.PICTURES]
    assert formats["CSV"] == {"name": "CSV", "extensions": [".csv"], "media_type": "text/csv"}
    assert body["resources"]["time_s"] == 60
    assert body["seed"] is None


def test_staff_have_no_quota(
    client: FlaskClient, database: Database, platform: Platform, tmp_path: Path
) -> None:
    publish_pack(platform, tmp_path / "pack")
    judge = bearer(database, Role.JUDGE)
    assert client.get(f"{ADDRESS}/solder", headers=judge).get_json()["quota"] is None


def test_a_file_and_parts_of_it(
    client: FlaskClient,
    database: Database,
    platform: Platform,
    headers: dict[str, str],
    tmp_path: Path,
) -> None:
    publish_pack(platform, tmp_path / "pack")
    address = f"{ADDRESS}/solder/files/train.csv"
    whole = client.get(address, headers=headers)
    assert (whole.status_code, whole.data) == (200, TRAIN)
    assert whole.headers["ETag"] == f'"{sha256(TRAIN).hexdigest()}"'
    part = client.get(address, headers=headers | {"Range": "bytes=3-7"})
    assert (part.status_code, part.data) == (206, TRAIN[3:8])
    outside = client.get(address, headers=headers | {"Range": "bytes=99-"})
    assert (outside.status_code, outside.mimetype) == (416, "application/problem+json")
    nested = client.get(f"{ADDRESS}/solder/files/notes/README.md", headers=headers)
    assert nested.data == b"# data\n"
    assert client.get(f"{ADDRESS}/solder/files/truth.csv", headers=headers).status_code == 404
    with database.reading() as session:
        assert session.query(RulesAcceptance).count() == 1


def test_what_one_may_not_know_of_is_not_there(
    client: FlaskClient,
    database: Database,
    headers: dict[str, str],
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    with database.transaction() as session:
        make_problem(session, slug="gone").withdrawn_at = OPENS
    addresses = [f"{ADDRESS}/gone", f"{ADDRESS}/never", f"{ADDRESS}/gone/files/x"]
    assert [client.get(one, headers=headers).status_code for one in addresses] == [404] * 3
    assert client.get(ADDRESS, headers=headers).get_json()["total"] == 0
    judge = bearer(database, Role.JUDGE)
    with count_queries() as sent:
        assert client.get(ADDRESS, headers=judge).get_json()["total"] == 1
    assert len(sent) <= 6


def test_a_stage_turns_at_its_instant(
    client: FlaskClient, database: Database, headers: dict[str, str], clock: FrozenClock
) -> None:
    ends = clock.now() + timedelta(seconds=1)
    with database.transaction() as session:
        make_problem(session, slug="one", closes_at=ends)

    def state() -> str:
        found: str = client.get(f"{ADDRESS}/one", headers=headers).get_json()["stages"][0]["state"]
        return found

    assert state() == "open"
    clock.tick(timedelta(seconds=1))
    assert state() == "closed"
    with database.transaction() as session:
        assert queries.get_problem(session, "one").stages[0].closes_at == ends
