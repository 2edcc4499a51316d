"""Intervals of scores, and the state of each board's statistics.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BOARD = sa.Enum("A", "B", name="board", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "board_statistics",
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column("board", BOARD, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("draws_blob", sa.String(length=64), nullable=True),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_board_statistics_problem_id")
        ),
        sa.PrimaryKeyConstraint("problem_id", "board", name=op.f("pk_board_statistics")),
    )
    op.create_table(
        "score_interval",
        sa.Column("evaluation_id", sa.Integer(), nullable=False),
        sa.Column("board", BOARD, nullable=False),
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("level_group", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_score_interval_problem_id")
        ),
        sa.PrimaryKeyConstraint("evaluation_id", "board", name=op.f("pk_score_interval")),
    )
    op.create_index(
        op.f("ix_score_interval_problem_id_board"), "score_interval", ["problem_id", "board"]
    )


def downgrade() -> None:
    op.drop_table("score_interval")
    op.drop_table("board_statistics")
