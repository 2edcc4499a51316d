"""The schema's version: Alembic without a configuration file."""

import warnings
from collections.abc import Callable
from typing import Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, func, select

from app.core.db import Base, Database
from app.models import MODELS
from app.settings import ROOT

HEAD: Final = "head"
_MODELS: Final = MODELS
_MIGRATING: Final = 0x736368656D61
"""The PostgreSQL advisory lock that a migrating transaction holds: the letters of "schema"."""
_UNSEEN_BY_SQLITE: Final = "(autogenerate skipping|Skipped).* expression-based index"


def upgrade(database: Database, revision: str = HEAD) -> None:
    """Bring the schema to a revision, by default the newest; nothing to do is no error."""
    _run(database, lambda config: command.upgrade(config, revision))


def downgrade(database: Database, revision: str) -> None:
    """Take the schema back to a revision (`base` is the empty one)."""
    _run(database, lambda config: command.downgrade(config, revision))


def create_revision(database: Database, message: str) -> None:
    """Write a migration that makes the schema equal to the models."""
    _run(database, lambda config: command.revision(config, message, autogenerate=True))


def is_current(database: Database) -> bool:
    """Tell whether the schema is at the newest revision."""
    heads = set(ScriptDirectory.from_config(_config()).get_heads())
    with database.engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == heads


def is_known(revision: str) -> bool:
    """Tell whether a revision is one of ours."""
    revisions = ScriptDirectory.from_config(_config()).walk_revisions()
    return any(script.revision == revision for script in revisions)


def current(connection: Connection) -> str:
    """Return the revision the schema is at, `base` when it is empty."""
    return MigrationContext.configure(connection).get_current_revision() or "base"


def list_differences(database: Database) -> list[str]:
    """Return how the schema differs from the models; empty when they agree.

    SQLite does not tell what an index on an expression says, so there it is not compared.
    """
    with database.engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", _UNSEEN_BY_SQLITE)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(difference) for difference in compare_metadata(context, Base.metadata)]


def reflect(connection: Connection) -> MetaData:
    """Return the tables as the database has them, whatever the models say."""
    found = MetaData()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", _UNSEEN_BY_SQLITE)
        found.reflect(connection)
    return found


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    return config


def _run(database: Database, action: Callable[[Config], object]) -> None:
    """Run one of Alembic's commands; whoever else migrates at this moment waits."""
    config = _config()
    with database.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
        config.attributes["connection"] = connection
        action(config)
