"""Acts on many submissions at once.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "bulk",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column("kind", _choice("bulkkind", "rerun", "rescore", "retract"), nullable=False),
        sa.Column(
            "state",
            _choice("bulkstate", "weighing", "planned", "under_way", "done", "stopped"),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "chosen_by", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("planned_by_id", sa.Integer(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("weighed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["problem_id"], ["problem.id"], name=op.f("fk_bulk_problem_id")),
        sa.ForeignKeyConstraint(
            ["planned_by_id"], ["user_account.id"], name=op.f("fk_bulk_planned_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["user_account.id"], name=op.f("fk_bulk_confirmed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk")),
    )
    op.create_index(op.f("ix_bulk_problem_id"), "bulk", ["problem_id"])
    op.create_index(op.f("ix_bulk_state"), "bulk", ["state"])
    op.create_table(
        "bulk_item",
        sa.Column("bulk_id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("state", _choice("itemstate", "waiting", "done", "skipped"), nullable=False),
        sa.Column("because", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["bulk_id"], ["bulk.id"], name=op.f("fk_bulk_item_bulk_id")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_bulk_item_submission_id")
        ),
        sa.PrimaryKeyConstraint("bulk_id", "submission_id", name=op.f("pk_bulk_item")),
    )
    op.create_index(op.f("ix_bulk_item_bulk_id_state"), "bulk_item", ["bulk_id", "state"])
    op.create_index(op.f("ix_bulk_item_submission_id"), "bulk_item", ["submission_id"])
    op.create_table(
        "bulk_move",
        sa.Column("bulk_id", sa.Integer(), nullable=False),
        sa.Column("board", _choice("board", "A", "B"), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("old_rank", sa.Integer(), nullable=False),
        sa.Column("new_rank", sa.Integer(), nullable=True),
        sa.Column("old_score", sa.Double(), nullable=True),
        sa.Column("new_score", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["bulk_id"], ["bulk.id"], name=op.f("fk_bulk_move_bulk_id")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_bulk_move_team_id")),
        sa.PrimaryKeyConstraint("bulk_id", "board", "team_id", name=op.f("pk_bulk_move")),
    )


def downgrade() -> None:
    for table in ("bulk_move", "bulk_item", "bulk"):
        op.drop_table(table)
