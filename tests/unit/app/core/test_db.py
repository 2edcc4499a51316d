from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, StatementError

from app.compute.models import Worker
from app.core.db import Database, after_commit

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def worker(name: str, at: datetime = NOON) -> Worker:
    return Worker(
        name=name, pool="cpu", sandbox="docker", sandbox_reason="", started_at=at, seen_at=at
    )


def test_after_commit_runs_on_commit(database: Database) -> None:
    seen: list[str] = []
    with database.transaction() as session:
        after_commit(session, lambda: seen.append("ran"))
        session.add(worker("a"))
        assert not seen
    assert seen == ["ran"]


def test_after_commit_is_dropped_on_rollback(database: Database) -> None:
    seen: list[str] = []
    with pytest.raises(ZeroDivisionError), database.transaction() as session:
        session.add(worker("a"))
        session.flush()
        after_commit(session, lambda: seen.append("ran"))
        raise ZeroDivisionError
    assert not seen


def test_a_savepoint_neither_releases_nor_loses_it(database: Database) -> None:
    seen: list[str] = []
    with database.transaction() as session:
        after_commit(session, lambda: seen.append("ran"))
        with session.begin_nested():
            session.add(worker("a"))
        assert not seen
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            raise ZeroDivisionError
    assert seen == ["ran"]


def test_registering_inside_a_savepoint_is_refused(database: Database) -> None:
    with (
        database.transaction() as session,
        session.begin_nested(),
        pytest.raises(RuntimeError, match="outside savepoints"),
    ):
        after_commit(session, lambda: None)


def test_times_come_back_aware_and_in_utc(database: Database) -> None:
    beijing = timezone(timedelta(hours=8))
    with database.transaction() as session:
        session.add(worker("a", datetime(2030, 1, 1, 20, tzinfo=beijing)))
    with database.reading() as session:
        seen = session.scalars(select(Worker.seen_at)).one()
    assert (seen, seen.tzinfo) == (NOON, UTC)


def test_a_naive_time_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="naive time"), database.transaction() as session:
        session.add(worker("a", datetime(2030, 1, 1)))  # noqa: DTZ001 — that is the point


def test_many_writers_wait_for_each_other(database: Database) -> None:
    """Read, then write, from many threads: nobody sees "database is locked"."""

    def write(number: int) -> None:
        with database.transaction() as session:
            session.scalars(select(func.count()).select_from(Worker)).one()
            session.add(worker(f"w{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    with database.reading() as session:
        assert session.scalars(select(func.count()).select_from(Worker)).one() == 40


def test_reading_does_not_wait_for_a_writer(database: Database) -> None:
    with database.transaction() as writer:
        writer.add(worker("a"))
        writer.flush()
        with database.reading() as reader:
            assert reader.scalars(select(func.count()).select_from(Worker)).one() == 0


def test_the_database_refuses_an_unknown_word(database: Database) -> None:
    with database.engine.begin() as connection, pytest.raises(DBAPIError):
        connection.exec_driver_sql("INSERT INTO no_such_table VALUES (1)")
