"""What the hall is filtered, searched and sorted by: difficulty, prize, pinyin.

Revision ID: 0004
Revises: 0003
"""

import json
import re

import sqlalchemy as sa
from alembic import op
from pypinyin import lazy_pinyin

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CHINESE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003134f]+")


def upgrade() -> None:
    op.add_column(
        "problem",
        sa.Column("title_pinyin", sa.String(length=500), server_default="", nullable=False),
    )
    op.add_column("problem", sa.Column("difficulty", sa.String(length=32), nullable=True))
    op.add_column(
        "problem",
        sa.Column("prize_yuan", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    _write_pinyin(op.get_bind())


def _write_pinyin(bind: sa.Connection) -> None:
    """Problems that are there already are found by pinyin too, from their titles."""
    rows = bind.execute(sa.text("SELECT id, title, search_text FROM problem")).all()
    for number, title, text in rows:
        chinese = (json.loads(title) if isinstance(title, str) else title).get("zh-Hans", "")
        found = [text]
        for run in CHINESE.findall(chinese):
            syllables = lazy_pinyin(run)
            found.append("".join(syllables) + " " + "".join(one[0] for one in syllables))
        order = " ".join(one.strip().lower() for one in lazy_pinyin(chinese))[:500]
        bind.execute(
            sa.text("UPDATE problem SET title_pinyin = :o, search_text = :s WHERE id = :n"),
            {"o": order, "s": "\n".join(found), "n": number},
        )


def downgrade() -> None:
    op.drop_column("problem", "prize_yuan")
    op.drop_column("problem", "difficulty")
    op.drop_column("problem", "title_pinyin")
