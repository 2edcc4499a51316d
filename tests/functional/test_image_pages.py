"""What an image has, for people and programs; nothing asks an engine."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import operations as accounts
from app.compute.image_cli import commands, show_report
from app.compute.images import WANTED, find_manifest, map_users
from app.core.db import Database
from app.core.platform import Platform
from app.problems.models import Problem
from sandbox.image_check import ImageReport
from tests.factories import make_user
from tests.factories.packs import publish_pack
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional


@pytest.mark.parametrize(
    ("locale", "head"), [("zh-Hans", "图像与信号"), ("en", "Images and signals")]
)
def test_everybody_may_read_the_list(client: FlaskClient, locale: str, head: str) -> None:
    page = client.get("/images/python-cpu", headers={"Accept-Language": locale})
    assert page.status_code == 200
    for text in (head, "scikit-learn", "cv2", "Noto Sans SC", "OFL-1.1", "lightgbm"):
        assert text in page.text


@pytest.mark.parametrize("name", ["nothing", "common", "..", "x@sha256:" + "0" * 64])
def test_other_names_are_nothing(client: FlaskClient, name: str) -> None:
    assert client.get(f"/images/{name}").status_code == 404


def test_every_package_asked_for_is_sorted_somewhere() -> None:
    manifest = find_manifest("python-cpu")
    assert manifest is not None
    shown = {name for names in WANTED.values() for name in names}
    asked = Path("sandbox/images/python-cpu/requirements.in").read_text().splitlines()
    assert {line for line in asked if line and not line.startswith("#")} <= shown


def test_programs_read_the_same(
    client: FlaskClient, database: Database, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        _row, token = accounts.create_token(session, make_user(session), "t", now=clock.now())
    answer = client.get(
        "/api/v1/images/python-cpu", headers={"Authorization": f"Bearer {token}"}
    ).json
    assert answer is not None
    assert answer["pythons"] == ["3.11", "3.12"]
    packages = {package["name"]: package for package in answer["packages"]}
    assert packages["pillow"]["imports"] == ["PIL"]
    assert packages["numpy"]["licence"].startswith("BSD")


def test_a_problem_leads_to_its_image(
    client: FlaskClient, platform: Platform, tmp_path: Path, clock: FrozenClock
) -> None:
    publish_pack(platform, tmp_path / "pack", slug="solder")
    with platform.database.transaction() as session:
        session.scalars(select(Problem)).one().stages[0].opens_at = clock.now()
    assert 'href="/images/python-cpu"' in client.get("/problems/solder").text
    with platform.database.reading() as session:
        assert map_users(session) == {"python-cpu": ["solder"]}


def test_a_report_is_printed_with_its_faults(
    app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    report = ImageReport(
        "x", "sha256:1", "3.11.2", ("numpy 2 is missing",), {"pandas": 400, "numpy": 90}, "c0"
    )
    with app.app_context():
        show_report(report)
    said = capsys.readouterr().out
    assert "import\tpandas\t400 ms\nimport\tnumpy\t90 ms" in said
    assert "fault\tnumpy 2 is missing" in said


@pytest.mark.parametrize("command", ["build", "check"])
def test_an_image_that_is_none_is_named(app: Flask, command: str) -> None:
    result = app.test_cli_runner().invoke(commands, [command, "nothing"])
    assert result.exit_code == 1
    assert "there is no image 'nothing'; there are: python-cpu" in result.output
