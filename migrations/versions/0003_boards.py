"""Boards: standings kept row by row, their rules, classes of teams and final choices.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "board_state",
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column(
            "board",
            sa.Enum("A", "B", name="board", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rules", sa.String(length=64), nullable=False),
        sa.Column("shown_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_board_state_problem_id")
        ),
        sa.PrimaryKeyConstraint("problem_id", "board", name=op.f("pk_board_state")),
    )
    op.create_table(
        "standing_bucket",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column(
            "board",
            sa.Enum("A", "B", name="board", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "edition",
            sa.Enum(
                "live",
                "shown",
                name="edition",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("division", sa.String(length=64), nullable=False),
        sa.Column("low_key", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_standing_bucket_problem_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_bucket")),
        sa.UniqueConstraint(
            "problem_id",
            "board",
            "edition",
            "division",
            "low_key",
            name=op.f("uq_standing_bucket_problem_id_board_edition_division_low_key"),
        ),
    )
    op.create_table(
        "team_class",
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("division", sa.String(length=64), nullable=False),
        sa.Column("pinned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("disqualified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "(disqualified_at IS NULL) = (reason = '')",
            name=op.f("ck_team_class_reason_iff_disqualified"),
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_class_team_id")),
        sa.PrimaryKeyConstraint("team_id", name=op.f("pk_team_class")),
    )
    op.create_table(
        "final_choice",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_final_choice_submission_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_final_choice_team_id")),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_final_choice")),
    )
    op.create_index(op.f("ix_final_choice_team_id"), "final_choice", ["team_id"], unique=False)

    op.create_table(
        "standing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column(
            "board",
            sa.Enum("A", "B", name="board", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "edition",
            sa.Enum(
                "live",
                "shown",
                name="edition",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("division", sa.String(length=64), nullable=False),
        sa.Column("pinned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("place_key", sa.LargeBinary(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("evaluation_id", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_standing_problem_id")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_standing_submission_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_standing_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing")),
        sa.UniqueConstraint(
            "problem_id",
            "board",
            "edition",
            "team_id",
            name=op.f("uq_standing_problem_id_board_edition_team_id"),
        ),
    )
    op.create_index(
        "ix_standing_division",
        "standing",
        ["problem_id", "board", "edition", "pinned", "division", "place_key"],
        unique=False,
    )
    op.create_index(
        "ix_standing_place",
        "standing",
        ["problem_id", "board", "edition", "pinned", "place_key"],
        unique=False,
    )
    op.create_index(op.f("ix_standing_team_id"), "standing", ["team_id"], unique=False)

    op.add_column(
        "problem",
        sa.Column(
            "board_rules",
            sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )


def downgrade() -> None:
    op.drop_column("problem", "board_rules")

    op.drop_index(op.f("ix_standing_team_id"), table_name="standing")
    op.drop_index("ix_standing_place", table_name="standing")
    op.drop_index("ix_standing_division", table_name="standing")

    op.drop_table("standing")
    op.drop_index(op.f("ix_final_choice_team_id"), table_name="final_choice")

    op.drop_table("final_choice")
    op.drop_table("team_class")
    op.drop_table("standing_bucket")
    op.drop_table("board_state")
