"""Contests, problems, teams and people are looked after on pages: what those pages keep.

Revision ID: 0017
Revises: 0016
"""

import re
from typing import Final

import sqlalchemy as sa
from alembic import op
from pypinyin import lazy_pinyin
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CHINESE: Final = re.compile(r"[\u3400-\u9fff\U00020000-\U0003134f]+")
TIMES: Final = (
    "starts_at",
    "ends_at",
    "a_opens_at",
    "a_closes_at",
    "b_opens_at",
    "b_closes_at",
    "archived_at",
)


def upgrade() -> None:
    for name, empty in (("description", "{}"), ("terms", "{}"), ("areas", "[]")):
        op.add_column("contest", _json(name, empty))
    for name in TIMES:
        op.add_column("contest", _time(name))
    op.add_column("contest", _flag("approves_teams"))
    op.add_column("problem", _time("archived_at"))
    op.add_column("publication", sa.Column("contest_slug", sa.String(length=64), nullable=True))
    op.add_column("publication", _flag("is_draft"))
    op.add_column("user_account", sa.Column("disabled_reason", sa.Text(), nullable=True))
    op.add_column("team", _time("approved_at"))
    for table in ("user_account", "team"):
        op.add_column(
            table,
            sa.Column("name_pinyin", sa.String(length=500), server_default="", nullable=False),
        )
        _write_pinyin(op.get_bind(), table)


def _json(name: str, empty: str) -> sa.Column[object]:
    kind = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    return sa.Column(name, kind, server_default=sa.text(f"'{empty}'"), nullable=False)


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _flag(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)


def _write_pinyin(bind: sa.Connection, table: str) -> None:
    """People and teams that are there already are found by pinyin too."""
    found = sa.table(table, sa.column("id"), sa.column("name"), sa.column("name_pinyin"))
    for number, name in bind.execute(sa.select(found.c.id, found.c.name)).all():
        lines = []
        for run in dict.fromkeys(CHINESE.findall(name)):
            syllables = [one for one in lazy_pinyin(run) if one]
            lines.append("".join(syllables) + " " + "".join(one[0] for one in syllables))
        if lines:
            bind.execute(
                sa.update(found).where(found.c.id == number).values(name_pinyin="\n".join(lines))
            )


def downgrade() -> None:
    for table in ("team", "user_account"):
        op.drop_column(table, "name_pinyin")
    op.drop_column("team", "approved_at")
    op.drop_column("user_account", "disabled_reason")
    op.drop_column("publication", "is_draft")
    op.drop_column("publication", "contest_slug")
    op.drop_column("problem", "archived_at")
    for name in ("approves_teams", *reversed(TIMES), "areas", "terms", "description"):
        op.drop_column("contest", name)
