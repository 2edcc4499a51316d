"""Ranks as they were when the day began.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rank_snapshot",
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_rank_snapshot_problem_id")
        ),
        sa.PrimaryKeyConstraint("problem_id", "day", name=op.f("pk_rank_snapshot")),
    )
    op.create_table(
        "past_rank",
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_past_rank_problem_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_past_rank_team_id")),
        sa.PrimaryKeyConstraint("problem_id", "day", "team_id", name=op.f("pk_past_rank")),
    )


def downgrade() -> None:
    for table in ("past_rank", "rank_snapshot"):
        op.drop_table(table)
