"""Files made to break whoever reads them: each is refused in words, at once, free of charge."""

import io
import json
import stat
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.accounts import operations as accounts
from app.core.db import Database
from app.core.platform import Platform
from app.problems.models import Problem
from app.submissions.models import QuotaSlot, Submission
from tests.factories import make_user
from tests.factories.packs import publish_pack
from tests.fakes.ports import FrozenClock, MemoryQueue

pytestmark = [pytest.mark.functional, pytest.mark.slow]

HEAD = "id,label\n"
ROWS = [f"r{row},ok\n" for row in range(6)]
GOOD = HEAD + "".join(ROWS)
GB_MARK = "\ufeff".encode("gb18030")
Send = Callable[..., TestResponse]


@pytest.fixture(autouse=True)
def _published(platform: Platform, tmp_path: Path, clock: FrozenClock) -> None:
    publish_pack(platform, tmp_path / "pack", slug="solder")
    with platform.database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        problem.stages[0].opens_at = clock.now()
        problem.submissions_per_day = 2


@pytest.fixture
def headers(database: Database, clock: FrozenClock) -> dict[str, str]:
    with database.transaction() as session:
        _row, token = accounts.create_token(session, make_user(session), "t", now=clock.now())
    return {"Authorization": f"Bearer {token}", "Accept-Language": "zh-Hans"}


@pytest.fixture
def send(client: FlaskClient, headers: dict[str, str]) -> Send:
    def post(content: bytes, kind: str = "predictions", **more: str) -> TestResponse:
        return submit(client, headers | more, content, kind)

    return post


def submit(
    client: FlaskClient, headers: dict[str, str], content: bytes, kind: str = "predictions"
) -> TestResponse:
    data = {"kind": kind, "file": (io.BytesIO(content), "file.bin")}
    answer = client.post("/api/v1/problems/solder/submissions", data=data, headers=headers)
    answer.request.environ["wsgi.input"].close()
    return answer


def count(database: Database, model: type) -> int:
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def packed(*entries: tuple[str | zipfile.ZipInfo, bytes], method: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def linked(target: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("data")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    info.comment = target.encode()
    return info


def encrypted() -> bytes:
    """The flag alone: nobody gets as far as the password."""
    raw = bytearray(packed(("main.py", b"print(1)")))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + offset] |= 1
    return bytes(raw)


def legacy_name() -> bytes:
    """A name in GBK without the flag for UTF-8, as old Chinese Windows writes it."""
    raw = packed(("main.py", b"print(1)"), ("ABCD.txt", b"x"))
    return raw.replace(b"ABCD", "数据".encode("gbk"))


MAIN = ("main.py", b"print(1)")
ARCHIVES = {
    "slip": packed(MAIN, ("../../evil.py", b"x")),
    "absolute": packed(MAIN, ("/etc/cron.d/x", b"x")),
    "backslash slip": packed(MAIN, ("..\\..\\evil.py", b"x")),
    "drive": packed(MAIN, ("C:/evil.py", b"x")),
    "link": packed(MAIN, (linked("/etc/passwd"), b"/etc/passwd")),
    "bomb": packed(MAIN, ("zeros", b"\0" * (64 << 20)), method=zipfile.ZIP_DEFLATED),
    "encrypted": encrypted(),
    "twice": packed(MAIN, ("a", b"1"), ("A", b"2")),
    "file and folder": packed(MAIN, ("a", b"1"), ("a/b", b"2")),
    "nothing to run": packed(("readme.md", b"x")),
    "nested twice": packed(("one/two/main.py", b"x")),
    "empty": packed(),
    "truncated": packed(MAIN)[:-30],
    "no zip": b"\x7fELF" + b"\0" * 100,
    "nothing": b"",
    "control name": packed(MAIN, ("a\x1bb", b"x")),
    "long name": packed(MAIN, ("x" * 300, b"x")),
    "deep": packed(MAIN, ("d/" * 100 + "x", b"x")),
    "many": packed(MAIN, *((f"{number}", b"") for number in range(30_000))),
}
HARMLESS_ARCHIVES = {
    "top folder": packed(("项目/main.py", b"x"), ("项目/模型.bin", b"x")),
    "shell": packed(("run.sh", b"true")),
    "old Chinese names": legacy_name(),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_hostile_archive_is_refused_in_words(database: Database, send: Send, name: str) -> None:
    answer = send(ARCHIVES[name], "code")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_upload")
    assert all(issue["loc"] == "file" for issue in answer.get_json()["errors"])
    assert any(
        "\u4e00" <= letter <= "\u9fff" for letter in answer.get_json()["errors"][0]["message"]
    )
    assert count(database, Submission) == count(database, QuotaSlot) == 0


@pytest.mark.parametrize("name", HARMLESS_ARCHIVES)
def test_what_people_really_zip_is_taken(send: Send, name: str) -> None:
    assert send(HARMLESS_ARCHIVES[name], "code").status_code == 202


TABLES = {
    "a NUL": GOOD.replace("r3", "r\0003").encode(),
    "another column": (GOOD.replace("label", "lable")).encode(),
    "no header": "".join(ROWS).encode(),
    "a row too few": (HEAD + "".join(ROWS[:-1])).encode(),
    "a row too many": (GOOD + "r9,ok\n").encode(),
    "a row twice": (GOOD + ROWS[0]).encode(),
    "an open quote": (HEAD + '"r0,ok\n' + "".join(ROWS[1:])).encode(),
    "a formula": GOOD.replace("r0,ok", "r0,=cmd|' /C calc'!A0").encode(),
    "a tag": GOOD.replace("r0,ok", "r0,<script>alert(1)</script>").encode(),
    "60,000 columns": (",".join(["id", *map(str, range(60_000))]) + "\n").encode(),
    "a cell of 900 kB": (HEAD + "r0," + "x" * 900_000 + "\n").encode(),
    "binary": bytes(range(256)) * 40,
    "UTF-16": GOOD.encode("utf-16"),
    "nothing": b"",
    "only a header": HEAD.encode(),
    "a zip": packed(("predictions.csv", GOOD.encode())),
}
HARMLESS_TABLES = {
    "a BOM": b"\xef\xbb\xbf" + GOOD.encode(),
    "CRLF": GOOD.replace("\n", "\r\n").encode(),
    "any order": (HEAD + "".join(reversed(ROWS))).encode(),
    "no last line feed": GOOD.rstrip().encode(),
    "tabs": GOOD.replace(",", "\t").encode(),
    "JSON": json.dumps([{"id": f"r{n}", "label": "ok"} for n in range(6)]).encode(),
    "columns the other way": ("label,id\n" + "".join(f"ok,r{n}\n" for n in range(6))).encode(),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_hostile_table_is_refused_in_words_and_soon(
    database: Database, send: Send, name: str
) -> None:
    begun = time.monotonic()
    answer = send(TABLES[name])
    assert time.monotonic() - begun < 10
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_upload")
    issues = answer.get_json()["errors"]
    assert 1 <= len(issues) <= 21  # twenty, and how many more
    # what is quoted from the file stays short: an answer is no way to send it back
    assert all(len(issue["message"]) < 2000 for issue in issues)
    assert all("\0" not in issue["message"] for issue in issues)
    assert count(database, Submission) == count(database, QuotaSlot) == 0


@pytest.mark.parametrize("name", HARMLESS_TABLES)
def test_what_spreadsheets_really_write_is_taken(send: Send, name: str) -> None:
    assert send(HARMLESS_TABLES[name]).status_code == 202


def test_gbk_is_taken_and_a_refusal_names_it(send: Send) -> None:
    answer = send((HEAD + "焊点,ok\n").encode("gbk"))
    assert answer.status_code == 422
    first, *others = [issue["message"] for issue in answer.get_json()["errors"]]
    assert "GB18030" in first
    assert any("焊点" in other for other in others)
    assert send(GB_MARK + GOOD.encode()).status_code == 202


def test_refusals_cost_nothing_however_many(send: Send) -> None:
    assert {send(TABLES["a tag"]).status_code for _ in range(5)} == {422}
    assert [send(GOOD.encode()).status_code for _ in range(3)] == [202, 202, 429]


def test_without_quota_nothing_is_unpacked(database: Database, send: Send) -> None:
    """A team that has used its day up cannot go on keeping the machine busy."""
    for _ in range(2):
        send(GOOD.encode())
    answer = send(ARCHIVES["bomb"], "code")
    assert (answer.status_code, answer.get_json()["code"]) == (429, "quota")
    assert count(database, Submission) == 2


def test_a_quota_is_not_exceeded_by_sending_at_once(
    app: Flask, database: Database, headers: dict[str, str], queue: MemoryQueue
) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda _n: submit(app.test_client(), headers, GOOD.encode()), range(6))
        )
    assert sorted(answer.status_code for answer in answers) == [202] * 2 + [429] * 4
    assert count(database, Submission) == count(database, QuotaSlot) == len(queue.jobs) == 2


def test_keys_used_at_once_for_the_last_slot_make_one_submission(
    app: Flask, database: Database, headers: dict[str, str]
) -> None:
    submit(app.test_client(), headers, GOOD.encode())
    keyed = headers | {"Idempotency-Key": "last"}
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda _n: submit(app.test_client(), keyed, GOOD.encode()), range(6))
        )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.get_json()["id"] for answer in answers}) == 1
    assert count(database, QuotaSlot) == 2
