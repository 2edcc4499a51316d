"""Announcements in two languages, and corrections that name what they correct.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "announcement",
        sa.Column("title_en", sa.String(length=120), server_default="", nullable=False),
    )
    op.add_column(
        "announcement", sa.Column("body_en", sa.Text(), server_default="", nullable=False)
    )
    op.add_column("announcement", sa.Column("corrects_id", sa.Integer(), nullable=True))
    op.create_index(
        op.f("ix_announcement_corrects_id"), "announcement", ["corrects_id"], unique=True
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_announcement_corrects_id"), "announcement")
    for name in ("corrects_id", "body_en", "title_en"):
        op.drop_column("announcement", name)
