"""Alembic's environment: the models' metadata, and SQLite's way of altering tables."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, Connection

from app.core.db import Base, BlobDigest, UtcDateTime
from app.models import MODELS

_REGISTERED = MODELS  # the import is what registers the tables


def render(kind: str, item: object, script: AutogenContext) -> str | Literal[False]:
    """Write our own types as what they are in the database: a migration stands alone."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, BlobDigest):
        return "sa.String(length=64)"
    if kind == "type" and isinstance(item, JSON):
        script.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=render,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
