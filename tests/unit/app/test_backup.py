"""A backup holds everything, restores on either engine, and refuses what would spoil something."""

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect, select

from app import schema
from app.backup import BackupError, read_backup, restore, write_backup
from app.backup import backup as backing_up
from app.core.audit import THE_CLOCK, record_audit, verify_chain
from app.core.blobs import LocalBlobs
from app.core.db import Base, Database
from app.core.platform import Platform
from app.core.sealing import Seal
from app.evaluations.models import Evaluation, LogChunk
from app.factory import create_app
from app.problems.models import Problem, Revision
from app.settings import KEY_FILE, Settings, secret_key
from app.submissions.models import Kind, QuotaSlot
from app.wiring import build_platform
from tests.databases import new_postgres_database
from tests.factories import make_problem, make_submission, make_user

NOON = datetime(2030, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
LARGE = (1 << 31) + 5
ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
Open = Callable[[str], Database]


@pytest.fixture
def open_bare(tmp_path: Path) -> Iterator[Open]:
    """Open databases without any table."""
    closing: list[Callable[[], object]] = []

    def opening(kind: str) -> Database:
        if kind == "sqlite":
            opened = Database.connect(f"sqlite:///{tmp_path / f'bare-{len(closing)}.db'}")
        else:
            created = new_postgres_database()
            opened = Database.connect(created.__enter__())
            closing.append(lambda: created.__exit__(None, None, None))
        closing.append(opened.engine.dispose)
        return opened

    yield opening
    for close in reversed(closing):
        close()


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return Settings(instance=tmp_path / "here")


@pytest.fixture
def there(tmp_path: Path) -> Settings:
    return Settings(instance=tmp_path / "there")


@pytest.fixture
def empty_blobs(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "restored")


def fill(database: Database, blobs: LocalBlobs, configured: Settings) -> None:
    """One of everything that could be lost on the way."""
    schema.upgrade(database)
    stored = blobs.put(io.BytesIO(b"id,label\nr1,ok\n")).digest
    with database.transaction() as session:
        problem = make_problem(session, slug="pcb")
        revision = session.scalars(select(Revision)).one()
        revision.sealed_seed = Seal(secret_key(configured)).seal("7 ab")
        for number in range(1, 4):
            submission = make_submission(
                session,
                problem=problem,
                kind=Kind.CODE,
                at=NOON,
                blob=stored,
                size=LARGE + number,
                note="第一次 “quoted”\nline\tтаб 🚀",
                scores={"A": {"macro_f1": 0.1 + 0.2}, "B": {"macro_f1": 1e-300}},
            )
            session.add(
                QuotaSlot(
                    problem_id=problem.id,
                    team_id=submission.team_id,
                    day=date(2030, 1, number),
                    ordinal=1,
                    submission_id=submission.id,
                )
            )
        evaluation = session.scalars(select(Evaluation).limit(1)).one()
        evaluation.cases = {"A": [{"id": "r1", "说明": "对", "loss": 0.30000000000000004}]}
        evaluation.peak_memory_bytes = LARGE
        session.add(LogChunk(evaluation_id=evaluation.id, attempt=1, start=0, size=3, text="日"))
        record_audit(session, THE_CLOCK, "problem.publish", "problem:pcb", {"名": 1.5}, now=NOON)


def rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    with database.engine.connect() as connection:
        return {
            table.name: [
                dict(row)
                for row in connection.execute(
                    select(table).order_by(*table.primary_key.columns)
                ).mappings()
            ]
            for table in Base.metadata.sorted_tables
        }


@pytest.mark.parametrize("source", ENGINES)
@pytest.mark.parametrize("target", ENGINES)
def test_everything_comes_back(
    source: str,
    target: str,
    open_bare: Open,
    here: Settings,
    there: Settings,
    blobs: LocalBlobs,
    empty_blobs: LocalBlobs,
    tmp_path: Path,
) -> None:
    first, second = open_bare(source), open_bare(target)
    fill(first, blobs, here)
    written = write_backup(first, blobs, here, tmp_path / "backup.tar")
    restored = read_backup(second, empty_blobs, there, tmp_path / "backup.tar")
    assert restored == written
    before = rows(first)
    assert rows(second) == before
    assert restored.rows == sum(len(one) for one in before.values()) > 20
    assert (restored.blobs, restored.key_fits) == (1, True)
    assert [digest for digest, _ in empty_blobs.list()] == [digest for digest, _ in blobs.list()]
    assert (there.instance / KEY_FILE).read_bytes() == (here.instance / KEY_FILE).read_bytes()
    assert (there.instance / KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert schema.list_differences(second) == []
    with second.transaction() as session:  # and life goes on where it stopped
        problem = session.scalars(select(Problem)).one()
        fourth = make_submission(session, problem=problem)
        assert fourth.id == 4
        assert make_user(session).id == len(before["user_account"]) + 2
        record_audit(session, THE_CLOCK, "after.restore", "x:1", {}, now=NOON)
        assert verify_chain(session).broken is None
        revision = session.scalars(select(Revision)).one()
        assert Seal(secret_key(there)).open(revision.sealed_seed or "") == "7 ab"
        nothing = select(Evaluation.id).where(Evaluation.cases.is_(None), Evaluation.id < 4)
        assert len(session.scalars(nothing).all()) == 2


def test_the_restored_site_works(
    open_bare: Open, here: Settings, blobs: LocalBlobs, tmp_path: Path
) -> None:
    source = open_bare("sqlite")
    fill(source, blobs, here)
    write_backup(source, blobs, here, tmp_path / "backup.tar")
    new = Settings(instance=tmp_path / "new")
    port = build_platform(new)
    read_backup(port.database, port.blobs, new, tmp_path / "backup.tar")
    site: Flask = create_app(new)
    client = site.test_client()
    assert client.get("/problems/pcb").status_code == 200
    assert client.get("/problems/pcb/leaderboard?board=A").status_code == 200
    port.database.engine.dispose()


@pytest.fixture
def backup(open_bare: Open, here: Settings, blobs: LocalBlobs, tmp_path: Path) -> Path:
    source = open_bare("sqlite")
    fill(source, blobs, here)
    write_backup(source, blobs, here, tmp_path / "backup.tar")
    return tmp_path / "backup.tar"


def repack(file: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """Write a tar again with some members changed or left out."""
    with tarfile.open(file) as tar:
        members = []
        for info in tar:
            reader = tar.extractfile(info)
            assert reader is not None
            members.append((info.name, reader.read()))
    with tarfile.open(file, "w") as tar:
        for name, content in members:
            changed = change(name, content)
            if changed is not None:
                info = tarfile.TarInfo(name)
                info.size = len(changed)
                tar.addfile(info, io.BytesIO(changed))


def refuses(
    file: Path, target: Database, store: LocalBlobs, configured: Settings, match: str
) -> None:
    with pytest.raises(BackupError, match=match):
        read_backup(target, store, configured, file)
    with target.engine.connect() as connection:
        tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
        for name in tables:
            assert connection.execute(select(Base.metadata.tables[name])).first() is None


def test_a_database_with_rows_is_left_alone(
    backup: Path, open_bare: Open, there: Settings, empty_blobs: LocalBlobs
) -> None:
    target = open_bare("sqlite")
    schema.upgrade(target)
    with target.transaction() as session:
        make_user(session)
    with pytest.raises(BackupError, match="not empty: table user_account has rows"):
        read_backup(target, empty_blobs, there, backup)
    assert len(rows(target)["user_account"]) == 1
    assert not list(empty_blobs.list())


@pytest.mark.parametrize("kept", [0, 100, 5_000, 20_000])
def test_a_cut_file(
    kept: int, backup: Path, open_bare: Open, there: Settings, empty_blobs: LocalBlobs
) -> None:
    backup.write_bytes(backup.read_bytes()[:kept])
    refuses(backup, open_bare("sqlite"), empty_blobs, there, "is not a backup, or is damaged")


def test_a_foreign_file(
    tmp_path: Path, open_bare: Open, there: Settings, empty_blobs: LocalBlobs
) -> None:
    words = tmp_path / "words.txt"
    words.write_text("nothing of ours\n" * 100)
    foreign = tmp_path / "foreign.tar"
    with tarfile.open(foreign, "w") as tar:
        tar.add(words, "words.txt")
    for file in (words, foreign):
        refuses(file, open_bare("sqlite"), empty_blobs, there, f"{file.name} is not a backup")


def _manifest(**changes: object) -> Callable[[str, bytes], bytes]:
    def change(name: str, content: bytes) -> bytes:
        if name != "manifest.json":
            return content
        return json.dumps(json.loads(content) | changes).encode()

    return change


@pytest.mark.parametrize(
    ("change", "match"),
    [
        pytest.param(_manifest(format=99), "backup format 99 is not 1", id="format"),
        pytest.param(_manifest(schema="9999"), "of a newer version: schema 9999", id="newer"),
        pytest.param(
            lambda name, content: (
                content.replace(b"pcb", b"bcp") if "/problem." in name else content
            ),
            "table problem is damaged",
            id="row",
        ),
        pytest.param(
            lambda name, content: None if name == "tables/score.jsonl" else content,
            "score.jsonl",
            id="table",
        ),
        pytest.param(
            lambda name, content: content + b"x" if name.startswith("blobs/") else content,
            "blobs/.* is damaged",
            id="blob",
        ),
        pytest.param(
            lambda name, content: None if name.startswith("blobs/") else content,
            "0 of 1 blobs",
            id="blobs",
        ),
        pytest.param(
            lambda name, content: None if name == "end.json" else content, "end.json", id="end"
        ),
    ],
)
def test_a_changed_backup(
    change: Callable[[str, bytes], bytes | None],
    match: str,
    backup: Path,
    open_bare: Open,
    there: Settings,
    empty_blobs: LocalBlobs,
) -> None:
    repack(backup, change)
    refuses(backup, open_bare("sqlite"), empty_blobs, there, match)


def test_a_refused_restore_can_be_tried_again(
    backup: Path, open_bare: Open, there: Settings, empty_blobs: LocalBlobs
) -> None:
    good, target = backup.read_bytes(), open_bare("sqlite")
    repack(backup, lambda name, content: content[:-9] if "user_account" in name else content)
    refuses(backup, target, empty_blobs, there, "damaged")
    backup.write_bytes(good)
    assert read_backup(target, empty_blobs, there, backup).rows > 20


def test_another_key_is_said_aloud(
    backup: Path, open_bare: Open, tmp_path: Path, empty_blobs: LocalBlobs
) -> None:
    other = Settings(instance=tmp_path / "there", secret_key="another key " * 4)
    assert not read_backup(open_bare("sqlite"), empty_blobs, other, backup).key_fits


def test_an_old_schema_is_upgraded_first(
    open_bare: Open, here: Settings, blobs: LocalBlobs, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match="run `flask db upgrade` first"):
        write_backup(open_bare("sqlite"), blobs, here, tmp_path / "backup.tar")
    assert not list(tmp_path.glob("*backup*"))


def test_the_commands(app: Flask, tmp_path: Path, platform: Platform) -> None:
    runner = app.test_cli_runner()
    refused = runner.invoke(backing_up, [str(tmp_path / "x.tar")])
    assert refused.exit_code == 1
    assert refused.stderr.count("\n") == 1
    (tmp_path / "y.tar").write_bytes(b"no tar")
    refused = runner.invoke(restore, [str(tmp_path / "y.tar")])
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert refused.stderr.startswith("baijing: y.tar is not a backup")
    Base.metadata.drop_all(platform.database.engine)
    schema.upgrade(platform.database)
    written = runner.invoke(backing_up, [str(tmp_path / "z.tar")])
    assert (written.exit_code, written.stderr.endswith("0 rows, 0 blobs\n")) == (0, True)
    restored = runner.invoke(restore, [str(tmp_path / "z.tar")])
    assert (restored.exit_code, restored.stderr) == (0, "restored 0 rows, 0 blobs\n")
