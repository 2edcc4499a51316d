"""Overall boards: one ranking over several problems of a contest.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "overall_board",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contest_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("title", JSON, nullable=False),
        sa.Column("method", _choice("method", "mean_rank", "points", "borda"), nullable=False),
        sa.Column("basis", _choice("basis", "a", "final"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settings_version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("told", sa.String(length=64), server_default="", nullable=False),
        sa.Column("source", sa.String(length=64), server_default="", nullable=False),
        sa.Column("size", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contest.id"], name=op.f("fk_overall_board_contest_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overall_board")),
        sa.UniqueConstraint("slug", name=op.f("uq_overall_board_slug")),
    )
    op.create_index(op.f("ix_overall_board_contest_id"), "overall_board", ["contest_id"])
    op.create_table(
        "overall_problem",
        sa.Column("overall_id", sa.Integer(), nullable=False),
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["overall_id"], ["overall_board.id"], name=op.f("fk_overall_problem_overall_id")
        ),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_overall_problem_problem_id")
        ),
        sa.PrimaryKeyConstraint("overall_id", "problem_id", name=op.f("pk_overall_problem")),
    )
    op.create_table(
        "overall_row",
        sa.Column("overall_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("captain_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("parts", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["overall_id"], ["overall_board.id"], name=op.f("fk_overall_row_overall_id")
        ),
        sa.ForeignKeyConstraint(
            ["captain_id"], ["user_account.id"], name=op.f("fk_overall_row_captain_id")
        ),
        sa.PrimaryKeyConstraint("overall_id", "number", name=op.f("pk_overall_row")),
    )
    op.create_index(
        op.f("ix_overall_row_overall_id_captain_id"), "overall_row", ["overall_id", "captain_id"]
    )


def downgrade() -> None:
    for table in ("overall_row", "overall_problem", "overall_board"):
        op.drop_table(table)


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
