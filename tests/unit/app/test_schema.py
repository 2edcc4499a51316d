"""Migrations, on both engines: what they build is what the models say."""

import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Inspector, inspect, text

from app import schema
from app.core.db import Base, Database
from tests.databases import new_postgres_database

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if request.param == "sqlite":
        opened = Database.connect(f"sqlite:///{tmp_path / 'bare.db'}")
        yield opened
        opened.engine.dispose()
        return
    with new_postgres_database() as url:
        opened = Database.connect(url)
        yield opened
        opened.engine.dispose()


def describe(engine: Engine) -> dict[str, dict[str, Any]]:
    """Everything the database says about itself, table by table, in a comparable order."""
    found: dict[str, dict[str, Any]] = {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based")
        inspector = inspect(engine)
        for name in inspector.get_table_names():
            if name != "alembic_version":
                found[name] = _describe_table(inspector, name)
    return found


def _describe_table(inspector: Inspector, name: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "columns": {
            column["name"]: (str(column["type"]), column["nullable"], column["default"])
            for column in inspector.get_columns(name)
        },
        "key": inspector.get_pk_constraint(name),
    }
    for kind, read in (
        ("foreign keys", inspector.get_foreign_keys),
        ("unique", inspector.get_unique_constraints),
        ("checks", inspector.get_check_constraints),
        ("indexes", inspector.get_indexes),
    ):
        described[kind] = sorted(map(str, read(name)))
    return described


def indexes_in_sqlite(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(
            connection.scalars(
                text("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
            )
        )


def test_up_down_up(bare: Database) -> None:
    assert not schema.is_current(bare)
    schema.upgrade(bare)
    assert schema.is_current(bare)
    schema.downgrade(bare, "base")
    assert inspect(bare.engine).get_table_names() == ["alembic_version"]
    assert not schema.is_current(bare)
    schema.upgrade(bare)
    schema.upgrade(bare)
    assert schema.is_current(bare)
    assert schema.list_differences(bare) == []


def test_the_migrations_build_what_the_models_say(bare: Database) -> None:
    """More than `flask db check` sees: checks, defaults and indexes on expressions as well."""
    schema.upgrade(bare)
    migrated = describe(bare.engine)
    is_sqlite = bare.engine.dialect.name == "sqlite"
    indexes = indexes_in_sqlite(bare.engine) if is_sqlite else set()
    schema.downgrade(bare, "base")
    Base.metadata.create_all(bare.engine)
    assert set(migrated) == set(Base.metadata.tables)
    assert migrated == describe(bare.engine)
    assert indexes == (indexes_in_sqlite(bare.engine) if is_sqlite else set())


def test_a_difference_is_found(bare: Database) -> None:
    schema.upgrade(bare)
    with bare.engine.begin() as connection:
        connection.execute(text("ALTER TABLE contest ADD COLUMN motto VARCHAR(10)"))
    (difference,) = schema.list_differences(bare)
    assert "remove_column" in difference
    assert "motto" in difference


def test_several_processes_migrate_at_once(bare: Database) -> None:
    """As when every host of an installation starts with the same new version."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _number: schema.upgrade(bare), range(4)))
    assert schema.is_current(bare)
