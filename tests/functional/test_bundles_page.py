import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import Role, User
from app.core.audit import AuditEntry
from app.core.platform import Platform
from app.problems.models import Publication
from tests.factories import make_user
from tests.factories.bundles import CODABENCH, codabench_files, write_zip
from tests.fakes.ports import MemoryQueue

pytestmark = pytest.mark.functional


@pytest.fixture(autouse=True)
def no_csrf(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def organiser(platform: Platform, sign_in: Callable[[User], None]) -> None:
    with platform.database.transaction() as session:
        user = make_user(session, role=Role.ORGANISER)
    sign_in(user)


def form(archive: Path, **more: str) -> dict[str, Any]:
    content = io.BytesIO(archive.read_bytes())
    return {"bundle": (content, archive.name), "area": "design", "licence": "MIT", **more}


@pytest.mark.usefixtures("organiser")
def test_an_upload_says_what_is_lost_and_hands_each_pack_to_a_worker(
    client: FlaskClient, platform: Platform, queue: MemoryQueue, tmp_path: Path
) -> None:
    archive = write_zip(tmp_path / "seams.zip", codabench_files())
    page = client.post("/staff/bundles", data=form(archive, slug="seams"))
    assert page.status_code == 200
    text = page.get_data(as_text=True)
    assert "codalab/codalab-legacy:py37" in text
    assert "2026-05-02 02:00:00" in text
    with platform.database.reading() as session:
        publication = session.scalars(select(Publication)).one()
        actions = session.scalars(select(AuditEntry.action)).all()
    assert f"/staff/publications/{publication.id}" in text
    assert publication.filename == "seams.zip"
    assert sorted(actions) == ["bundle.import", "publication.upload"]
    assert len(queue.jobs) == 1


@pytest.mark.usefixtures("organiser")
def test_a_look_changes_nothing(
    client: FlaskClient, platform: Platform, queue: MemoryQueue, tmp_path: Path
) -> None:
    archive = write_zip(tmp_path / "seams.zip", codabench_files())
    page = client.post("/staff/bundles", data=form(archive, only_looks="y"))
    assert "weld-seams" in page.get_data(as_text=True)
    with platform.database.reading() as session:
        assert session.scalars(select(Publication)).all() == []
        assert session.scalars(select(AuditEntry)).all() == []
    assert queue.jobs == []


@pytest.mark.usefixtures("organiser")
def test_faults_are_on_the_page_with_their_place(client: FlaskClient, tmp_path: Path) -> None:
    files = codabench_files() | {"competition.yaml": CODABENCH.replace("title: W", "titel: W")}
    page = client.post("/staff/bundles", data=form(write_zip(tmp_path / "seams.zip", files)))
    assert page.status_code == 422
    assert "competition.yaml:2:1" in page.get_data(as_text=True)
    words = tmp_path / "words.zip"
    words.write_text("no zip")
    page = client.post("/staff/bundles", data=form(words))
    assert page.status_code == 422
    assert "field__errors" in page.get_data(as_text=True)
    page = client.post("/staff/bundles", data=form(words, slug="../x"))
    assert page.status_code == 422
