"""`flask backup FILE` and `flask restore FILE`: the whole installation in one tar, on any engine.

Rows are JSON lines, one file per table, read in one snapshot; blobs follow under their digests; the
last member says what there was, so that a cut or damaged file shows. Because no engine's own dump
is used, a backup of SQLite restores into PostgreSQL and back; because rows go into the schema they
were written from, which is then upgraded, one of an older version restores as well.
"""

import io
import json
import sys
import tarfile
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, BinaryIO, Final, NoReturn, cast

import click
from flask.cli import with_appcontext
from sqlalchemy import (
    JSON,
    Connection,
    Date,
    DateTime,
    LargeBinary,
    Table,
    func,
    insert,
    select,
)

from app import schema
from app.core.blobs import BlobMissingError, BlobStore
from app.core.current import platform, settings
from app.core.db import Base, Database
from app.core.sealing import Seal
from app.settings import KEY_FILE, Settings, secret_key

FORMAT: Final = 1
_BATCH: Final = 500
_SPOOL: Final = 64 << 20


class BackupError(Exception):
    """What is wrong with the file, or with the place to restore into, in one line."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was written or restored."""

    rows: int
    blobs: int
    key_fits: bool = True
    """Whether the secrets in the rows can be opened with this installation's key."""


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup(file: Path) -> None:
    """Write database, blobs and the generated key (if there is one) into one tar file."""
    port = platform()
    try:
        done = write_backup(port.database, port.blobs, settings(), file)
    except BackupError as error:
        _refuse(error)
    click.echo(f"{file}: {done.rows} rows, {done.blobs} blobs", err=True)


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@with_appcontext
def restore(file: Path) -> None:
    """Fill an empty installation from a backup."""
    port = platform()
    try:
        done = read_backup(port.database, port.blobs, settings(), file)
    except BackupError as error:
        _refuse(error)
    click.echo(f"restored {done.rows} rows, {done.blobs} blobs", err=True)
    if not done.key_fits:
        click.echo(
            "baijing: BAIJING_SECRET_KEY is not the key of the backed-up installation: "
            "sealed seeds cannot be opened until it is",
            err=True,
        )


def _refuse(error: BackupError) -> NoReturn:
    click.echo(f"baijing: {error}", err=True)
    sys.exit(1)


def write_backup(database: Database, blobs: BlobStore, configured: Settings, file: Path) -> Counts:
    """Write a backup next to `file` and rename it into place.

    Blobs are listed after the rows were read: a row's blob is stored before the row, so none that a
    row names can be missing.

    Raises:
        BackupError: the database is empty or waits for an upgrade.
    """
    if not schema.is_current(database):
        message = "the schema is not at the newest revision: run `flask db upgrade` first"
        raise BackupError(message)
    partial = file.with_name(f".{file.name}.part")
    partial.touch(mode=0o600)
    try:
        with tarfile.open(partial, "w") as tar:
            done = _write(database, blobs, configured, tar)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return done


def _write(
    database: Database, blobs: BlobStore, configured: Settings, tar: tarfile.TarFile
) -> Counts:
    options: dict[str, Any] = {"postgresql_readonly": True, "yield_per": _BATCH}
    if database.engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    rows, digests = 0, {}
    with database.engine.connect().execution_options(**options) as connection:
        _add_json(
            tar,
            "manifest.json",
            {
                "format": FORMAT,
                "schema": schema.current(connection),
                "key": Seal.fingerprint(secret_key(configured)),
            },
        )
        for table in Base.metadata.sorted_tables:
            count, digests[table.name] = _write_table(connection, table, tar)
            rows += count
    count = sum(_write_blob(blobs, digest, tar) for digest, _stored in blobs.list())
    if not configured.secret_key.get_secret_value():
        tar.add(configured.instance / KEY_FILE, KEY_FILE)
    _add_json(tar, "end.json", {"tables": digests, "rows": rows, "blobs": count})
    return Counts(rows, count)


def _write_table(connection: Connection, table: Table, tar: tarfile.TarFile) -> tuple[int, str]:
    rows, digest = 0, sha256()
    with SpooledTemporaryFile(_SPOOL) as spool:
        for row in connection.execute(select(table)).mappings():
            line = (json.dumps(dict(row), ensure_ascii=False, default=_plain) + "\n").encode()
            digest.update(line)
            spool.write(line)
            rows += 1
        _add(tar, _table_file(table.name), spool)
    return rows, digest.hexdigest()


def _write_blob(blobs: BlobStore, digest: str, tar: tarfile.TarFile) -> int:
    """Write one blob; one that was collected as garbage in this moment is not missed."""
    with SpooledTemporaryFile(_SPOOL) as spool:
        try:
            for chunk in blobs.read(digest):
                spool.write(chunk)
        except BlobMissingError:
            return 0
        _add(tar, f"blobs/{digest}", spool)
    return 1


def read_backup(database: Database, blobs: BlobStore, configured: Settings, file: Path) -> Counts:
    """Fill an empty installation; on a refusal no row is in it.

    Raises:
        BackupError: not a backup, damaged, made by another version, or there are rows already.
    """
    try:
        with tarfile.open(file, "r:") as tar:
            return _read(database, blobs, configured, tar)
    except (tarfile.TarError, KeyError, ValueError) as error:
        message = f"{file.name} is not a backup, or is damaged: {error}"
        raise BackupError(message) from error


def _read(
    database: Database, blobs: BlobStore, configured: Settings, tar: tarfile.TarFile
) -> Counts:
    manifest, end = _read_json(tar, "manifest.json"), _read_json(tar, "end.json")
    if manifest["format"] != FORMAT:
        message = f"backup format {manifest['format']} is not {FORMAT}"
        raise BackupError(message)
    if not schema.is_known(manifest["schema"]):
        message = f"the backup is of a newer version: schema {manifest['schema']} is not known"
        raise BackupError(message)
    _check_empty(database)
    names = [name for name in tar.getnames() if name.startswith("blobs/")]
    if len(names) != end["blobs"]:
        message = f"{len(names)} of {end['blobs']} blobs"
        raise ValueError(message)
    for name in names:
        if blobs.put(_content(tar, name)).digest != name.removeprefix("blobs/"):
            message = f"{name} is damaged"
            raise BackupError(message)
    schema.downgrade(database, "base")
    schema.upgrade(database, manifest["schema"])
    with database.engine.begin() as connection:
        for table in _tables(connection):
            _read_table(connection, table, tar, end["tables"][table.name])
    schema.upgrade(database)
    _restore_key(configured, tar)
    fits = manifest["key"] == Seal.fingerprint(secret_key(configured))
    return Counts(end["rows"], len(names), fits)


def _tables(connection: Connection) -> list[Table]:
    """Return what the database has, in the order in which rows may be inserted."""
    found = schema.reflect(connection).sorted_tables
    return [table for table in found if table.name != "alembic_version"]


def _check_empty(database: Database) -> None:
    with database.engine.connect() as connection:
        for table in _tables(connection):
            if connection.execute(select(table).limit(1)).first() is not None:
                message = f"the database is not empty: table {table.name} has rows"
                raise BackupError(message)


def _read_table(connection: Connection, table: Table, tar: tarfile.TarFile, expected: str) -> None:
    for column in table.columns:
        if isinstance(column.type, JSON):
            column.type.none_as_null = True
    digest = sha256()
    batch: list[dict[str, Any]] = []
    for line in _content(tar, _table_file(table.name)):
        digest.update(line)
        batch.append(_decode(table, json.loads(line)))
        if len(batch) == _BATCH:
            connection.execute(insert(table), batch)
            batch = []
    if batch:
        connection.execute(insert(table), batch)
    if digest.hexdigest() != expected:
        message = f"table {table.name} is damaged"
        raise BackupError(message)
    if connection.dialect.name == "postgresql" and "id" in table.columns:
        _follow_ids(connection, table)


def _plain(value: object) -> str:
    """Write what JSON has no word for.

    Raises:
        TypeError: a column of a type that no restore would know.
    """
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return b64encode(value).decode()
    message = f"a backup cannot hold {type(value)}"
    raise TypeError(message)


def _decode(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Give times, days and bytes back.

    All times are UTC, so SQLite's reflected type may drop the zone.
    """
    decoded = dict(row)
    for column in table.columns:
        value = decoded[column.name]
        if value is None:
            continue
        if isinstance(column.type, DateTime):
            decoded[column.name] = datetime.fromisoformat(value)
        elif isinstance(column.type, Date):
            decoded[column.name] = date.fromisoformat(value)
        elif isinstance(column.type, LargeBinary):
            decoded[column.name] = b64decode(value, validate=True)
    return decoded


def _follow_ids(connection: Connection, table: Table) -> None:
    """Let PostgreSQL's next id follow the restored ones."""
    last = select(func.coalesce(func.max(table.c.id), 0) + 1).scalar_subquery()
    sequence = func.pg_get_serial_sequence(f'"{table.name}"', "id")
    connection.execute(select(func.setval(sequence, last, False)))  # noqa: FBT003 — not used yet


def _restore_key(configured: Settings, tar: tarfile.TarFile) -> None:
    if KEY_FILE in tar.getnames() and not configured.secret_key.get_secret_value():
        key = configured.instance / KEY_FILE
        key.parent.mkdir(parents=True, exist_ok=True)
        key.touch(mode=0o600)
        key.write_bytes(_content(tar, KEY_FILE).read())


def _table_file(name: str) -> str:
    return f"tables/{name}.jsonl"


def _add_json(tar: tarfile.TarFile, name: str, content: Mapping[str, Any]) -> None:
    _add(tar, name, io.BytesIO(json.dumps(content).encode()))


def _read_json(tar: tarfile.TarFile, name: str) -> Mapping[str, Any]:
    found = json.loads(_content(tar, name).read())
    if not isinstance(found, dict):
        raise KeyError(name)
    return found


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes] | SpooledTemporaryFile[bytes]) -> None:
    info = tarfile.TarInfo(name)
    info.size = content.seek(0, io.SEEK_END)
    info.mode = 0o600
    content.seek(0)
    tar.addfile(info, content)


def _content(tar: tarfile.TarFile, name: str) -> BinaryIO:
    found = tar.extractfile(name)
    if found is None:
        raise KeyError(name)
    return cast("BinaryIO", found)
