"""A requirements.txt in an uploaded archive is answered before anything is charged or run."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts import operations as accounts
from app.core.db import Database
from app.core.platform import Platform
from app.problems.models import Problem, Revision
from app.submissions.models import QuotaSlot, Submission
from tests.factories import make_user
from tests.factories.packs import publish_pack
from tests.fakes.ports import FrozenClock

pytestmark = pytest.mark.functional
Send = Callable[..., TestResponse]


@pytest.fixture(autouse=True)
def _published(platform: Platform, tmp_path: Path, clock: FrozenClock) -> None:
    publish_pack(platform, tmp_path / "pack", slug="solder")
    with platform.database.transaction() as session:
        session.scalars(select(Problem)).one().stages[0].opens_at = clock.now()


@pytest.fixture
def send(client: FlaskClient, database: Database, clock: FrozenClock) -> Send:
    with database.transaction() as session:
        _row, token = accounts.create_token(session, make_user(session), "t", now=clock.now())

    def post(requirements: str, locale: str = "en", **files: str) -> TestResponse:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("main.py", "print()\n")
            archive.writestr("requirements.txt", requirements)
            for name, text in files.items():
                archive.writestr(name.replace("__", "/", 1) + ".py", text)
        content.seek(0)
        return client.post(
            "/api/v1/problems/solder/submissions",
            data={"kind": "code", "file": (content, "code.zip")},
            headers={"Authorization": f"Bearer {token}", "Accept-Language": locale},
        )

    return post


def count(database: Database, model: type) -> int:
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def test_satisfied_ones_are_taken(send: Send) -> None:
    answer = send("numpy\nopencv-python\nscikit-learn>=1\n")
    assert answer.status_code == 202, answer.json


def test_others_are_refused_line_by_line_and_free_of_charge(send: Send, database: Database) -> None:
    answer = send("numpy\ntorch>=2\n\nsklearn\nnumpy<1.0\n")
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_upload")
    assert [error["line"] for error in answer.json["errors"]] == [2, 4, 5]
    torch, sklearn, numpy = (error["message"] for error in answer.json["errors"])
    assert "has no “torch”" in torch
    assert "write “scikit-learn”" in sklearn
    assert "has numpy" in numpy
    assert count(database, Submission) == count(database, QuotaSlot) == 0


def test_it_is_answered_in_the_readers_language(send: Send) -> None:
    answer = send("-r more.txt\n", "zh-Hans")
    assert answer.json is not None
    (error,) = answer.json["errors"]
    assert error["message"].startswith("requirements.txt 第 1 行是 pip 选项“-r more.txt”")


def test_packages_in_the_archive_count(send: Send) -> None:
    assert send("my-solver\n", my_solver____init__="").status_code == 202


def test_an_image_of_unknown_content_answers_none(send: Send, database: Database) -> None:
    with database.transaction() as session:
        revision = session.scalars(select(Revision)).one()
        image = {"image": f"factory/own@sha256:{'0' * 64}"}
        revision.spec = revision.spec | {"resources": revision.spec["resources"] | image}
    assert send("anything==1\n").status_code == 202
