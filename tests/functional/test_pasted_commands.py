"""What the data tab says to paste into a shell works: in the middle, at the end, and again."""

import html
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import User
from app.core.platform import Platform
from app.settings import Settings
from tests.factories.packs import publish_pack
from tests.functional.terminal import Person, sit_down

pytestmark = [
    pytest.mark.functional,
    pytest.mark.enable_socket,
    pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl"),
]


@pytest.fixture
def person(settings: Settings, app: Flask, platform: Platform, tmp_path: Path) -> Iterator[Person]:
    publish_pack(platform, tmp_path / "pack")
    with sit_down(app, platform, settings, tmp_path / "home") as somebody:
        yield somebody


def read_page(app: Flask, person: Person, path: str) -> str:
    with person.platform.database.reading() as session:
        user = session.scalars(select(User).where(User.name == "Li Lei")).one()
    client = app.test_client()
    with client.session_transaction(base_url=person.address) as cookie:
        cookie["_user_id"] = f"{user.id}:{user.session_epoch}"
    return client.get(path, base_url=person.address).get_data(as_text=True)


def paste(commands: str, person: Person, folder: Path) -> subprocess.CompletedProcess[str]:
    told = commands.replace("BAIJING_TOKEN=…", f"BAIJING_TOKEN={person.token}")
    environment = {"BAIJING_TOKEN": person.token, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    return subprocess.run(
        ["bash", "-eu", "-c", told],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_files_are_brought_resumed_and_checked(
    app: Flask, person: Person, tmp_path: Path
) -> None:
    page = read_page(app, person, "/problems/solder/data")
    commands, check = map(
        html.unescape,
        re.findall(r'<pre class="code" tabindex="0">(.*?)</pre>', page, re.DOTALL)[-2:],
    )
    folder = tmp_path / "brought"
    folder.mkdir()
    (folder / "train.csv").write_bytes(b"id,la")  # an earlier download broke off
    for _time in range(2):
        done = paste(commands, person, folder)
        assert done.returncode == 0, done.stderr
    assert (folder / "train.csv").read_text() == "id,label\nt0,ok\n"
    assert (folder / "notes/README.md").read_text() == "# data\n"
    assert paste(check, person, folder).returncode == 0
    (folder / "train.csv").write_text("other")
    assert paste(check, person, folder).returncode == 1


def test_one_file_is_brought_and_checked(app: Flask, person: Person, tmp_path: Path) -> None:
    page = read_page(app, person, "/problems/solder/data")
    buttons = [html.unescape(text) for text in re.findall(r'data-copy="(.*?)"', page, re.DOTALL)]
    (command,) = (
        text for text in buttons if "-o notes/README.md" in text and "train.csv" not in text
    )
    for _time in range(2):
        done = paste(command, person, tmp_path)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "notes/README.md").read_text() == "# data\n"
