"""The database: one declarative base, one session factory, one way to write."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, ClassVar, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    SQLColumnExpression,
    String,
    TypeDecorator,
    create_engine,
    event,
    inspect,
    or_,
)
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from typing_extensions import override

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

_PENDING: Final = "after-commit"
_BUSY_TIMEOUT_MS: Final = 30_000
# one option for both engines: PostgreSQL obeys it, our SQLite hook below reads it
_READ_ONLY: Final = {"postgresql_readonly": True}

type_json: Final = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store as UTC; a naive time is a bug, not a guess.

        Raises:
            ValueError: the time has no zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"naive time {value}"
            raise ValueError(message)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


ByteCount = Annotated[int, "bytes"]
"""A number of bytes: more than 32 bits."""


class BlobDigest(TypeDecorator[str]):
    """The SHA-256 of a blob, in hexadecimal. Columns of this type keep a blob from being swept."""

    impl = String(64)
    cache_ok = True


class Base(DeclarativeBase):
    """Every table. Enums are stored by value, times are aware, constraints have stable names."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        ByteCount: BigInteger(),
        dict[str, Any]: type_json,
        list[Any]: type_json,
        Enum: SqlEnum(
            Enum,
            native_enum=False,
            create_constraint=True,
            length=32,
            values_callable=lambda kind: [member.value for member in kind],
        ),
    }


class Database:
    """An engine and the transactions opened on it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._sessions = sessionmaker(engine, expire_on_commit=False)

    @classmethod
    def connect(cls, url: str) -> "Database":
        """Open a database by URL. SQLite gets WAL, foreign keys and a busy timeout."""
        if url.startswith("postgresql"):
            # a server that is gone must not hang a process that is told to stop
            engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
        else:
            engine = create_engine(url)
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine)
        return cls(engine)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open one unit of work: commit on success, roll back on any exception."""
        with self._sessions.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a read-only view: never waits for a writer, and writes nothing."""
        with self._sessions() as session:
            session.connection(execution_options=_READ_ONLY)
            yield session

    def forget_connections(self) -> None:
        """Drop inherited connections without closing them: call first thing after a fork."""
        self.engine.dispose(close=False)


def _prepare_sqlite(engine: Engine) -> None:
    """Several processes write one file: WAL, wait for locks, and take the write lock up front.

    A deferred transaction that reads and then writes fails at once with "database is locked" when
    another wrote in between, whatever the timeout; BEGIN IMMEDIATE queues instead.
    """

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver must not open transactions by itself
        for pragma in (
            f"busy_timeout={_BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("postgresql_readonly")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def hold(session: Session, row: Base) -> None:
    """Read a row anew and keep everybody else from changing it until the transaction ends.

    For decisions that look at what they change: of two at once, the second sees what the first did.
    SQLite holds the whole file from the beginning of a writing transaction.
    """
    columns = [attribute.key for attribute in inspect(type(row)).column_attrs]
    session.flush()  # reading anew would drop what is pending
    session.refresh(row, columns, with_for_update=True)


@contextmanager
def undone(session: Session) -> Iterator[None]:
    """Let the block write and look at what it wrote, then undo all of it.

    What was read meanwhile is read anew when it is asked for again.
    """
    savepoint = session.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()
        session.expire_all()


def after_commit(session: Session, action: Callable[[], None]) -> None:
    """Run `action` once the outermost transaction has committed, and never if it rolls back.

    Raises:
        RuntimeError: called inside a savepoint, whose fate is not yet known.
    """
    if session.in_nested_transaction():
        message = "register after-commit actions outside savepoints"
        raise RuntimeError(message)
    session.info.setdefault(_PENDING, []).append(action)


@event.listens_for(Session, "after_commit")
def _run_pending(session: Session) -> None:
    if session.in_nested_transaction():  # SQLAlchemy fires this for savepoints too
        return
    for action in session.info.pop(_PENDING, []):
        action()


@event.listens_for(Session, "after_rollback")
def _drop_pending(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_PENDING, None)


def is_past(column: SQLColumnExpression[datetime | None], mark: datetime) -> ColumnElement[bool]:
    """Tell in SQL whether a moment lies before `mark`; one that never was does too."""
    return or_(column.is_(None), column < mark)
