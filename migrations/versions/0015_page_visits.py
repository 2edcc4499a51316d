"""How often pages are opened, as numbers by day.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "page_visits",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("page", sa.String(length=32), nullable=False),
        sa.Column("problem_slug", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "page", "problem_slug", name=op.f("pk_page_visits")),
    )


def downgrade() -> None:
    op.drop_table("page_visits")
