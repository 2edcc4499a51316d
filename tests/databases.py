"""Databases for tests: a file copied per test, or a PostgreSQL database emptied after each."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import URL, Engine, create_engine, make_url, text

from app.core.db import Base, Database
from app.models import MODELS

assert MODELS, "every table is registered"

Kind = Literal["sqlite", "postgres"]
ROOT: Final = Path(__file__).resolve().parent
BOTH: Final = (
    "functional/test_announcements.py",
    "functional/test_api_leaderboards.py",
    "functional/test_api_submissions.py",
    "functional/test_compute_page.py",
    "functional/test_discussions.py",
    "functional/test_hostile_requests.py",
    "functional/test_hostile_states.py",
    "functional/test_leaderboard_pages.py",
    "functional/test_odd_input.py",
    "functional/test_problems.py",
    "functional/test_publishing.py",
    "functional/test_races.py",
    "functional/test_rescores.py",
    "functional/test_stages.py",
    "functional/test_teams.py",
    "unit/app/accounts/test_account_operations.py",
    "unit/app/accounts/test_staff_operations.py",
    "unit/app/compute/test_devices.py",
    "unit/app/core/test_audit.py",
    "unit/app/core/test_db.py",
    "unit/app/evaluations/test_claims.py",
    "unit/app/evaluations/test_device_races.py",
    "unit/app/evaluations/test_devices.py",
    "unit/app/evaluations/test_pipeline.py",
    "unit/app/evaluations/test_states.py",
    "unit/app/insights/test_statistics.py",
    "unit/app/leaderboards/test_queries.py",
    "unit/app/problems/test_publications.py",
    "unit/app/problems/test_publishing.py",
    "unit/app/problems/test_stages_and_settings.py",
    "unit/app/rescoring/test_publishing_races.py",
    "unit/app/teams/test_team_operations.py",
)
"""Where the engine matters: these run on both, everything else on SQLite alone."""
_numbers = count(1)


def kinds_for(path: Path, wanted: str) -> tuple[Kind, ...]:
    """Return which engines the tests of a file run on; `wanted` is the `--database` option."""
    if wanted == "sqlite":
        return ("sqlite",)
    if wanted == "postgres":
        return ("postgres",)
    inside = path.is_relative_to(ROOT) and path.relative_to(ROOT).as_posix()
    return ("sqlite", "postgres") if inside in BOTH else ("sqlite",)


def has_postgres() -> bool:
    """Tell whether the tests were given a server."""
    return bool(os.environ.get("TEST_POSTGRES_URL"))


def postgres_url() -> URL:
    """Return the server the tests may create databases on (`tools/services run` sets it)."""
    return make_url(os.environ["TEST_POSTGRES_URL"])


@contextmanager
def new_postgres_database() -> Iterator[str]:
    """Create an empty database, give its URL, and drop it."""
    server = postgres_url()
    name = f"{server.database}_{os.getpid()}_{next(_numbers)}"
    engine = create_engine(server.set(database="postgres"), isolation_level="AUTOCOMMIT")
    _command(engine, f'CREATE DATABASE "{name}" TEMPLATE template0 STRATEGY file_copy')
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _command(engine, f'DROP DATABASE "{name}" WITH (FORCE)')
        engine.dispose()


def _command(engine: Engine, statement: str) -> None:
    with engine.connect() as connection:
        connection.execute(text(statement))


@dataclass(frozen=True)
class PostgresForTests:
    """One database with every table, shared by the tests of a process and emptied after each.

    Deleting from empty tables takes 2 ms; TRUNCATE takes 300, a copied database 250. A savepoint
    would take none, but code that opens transactions of its own, in threads, could not be tested.
    """

    url: str

    def create_tables(self) -> None:
        opened = Database.connect(self.url)
        Base.metadata.create_all(opened.engine)
        opened.engine.dispose()

    @contextmanager
    def open(self) -> Iterator[Database]:
        """Give the empty database; empty it again."""
        opened = Database.connect(self.url)
        try:
            yield opened
        finally:
            self._empty(opened)
            opened.engine.dispose()

    def _empty(self, opened: Database) -> None:
        tables = Base.metadata.sorted_tables
        statements = ["SET LOCAL lock_timeout = '10s'"]
        statements += [f'DELETE FROM "{table.name}"' for table in reversed(tables)]  # noqa: S608
        statements += [
            f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', 'id'), 1, false)"
            for table in tables
            if "id" in table.columns
        ]
        with opened.engine.begin() as connection:
            connection.exec_driver_sql(";".join(statements))


@contextmanager
def open_sqlite(path: Path, empty: Path) -> Iterator[Database]:
    """Give a copy of a file with every table: faster than creating them."""
    shutil.copyfile(empty, path)
    opened = Database.connect(f"sqlite:///{path}")
    try:
        yield opened
    finally:
        opened.engine.dispose()
