"""Notes on submissions, and judges' signatures under boards.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stage", sa.Column("signed_off_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "review_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "comment",
                "flag",
                "cleared",
                "question",
                "answer",
                "recommendation",
                name="notekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "recommendation",
            sa.Enum(
                "confirm",
                "rerun",
                "disqualify",
                name="recommendation",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'recommendation') = (recommendation IS NOT NULL)",
            name=op.f("ck_review_note_recommendation_iff_of_that_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user_account.id"], name=op.f("fk_review_note_author_id")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name=op.f("fk_review_note_submission_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_note")),
    )
    op.create_index(op.f("ix_review_note_submission_id"), "review_note", ["submission_id"])
    op.create_table(
        "sign_off",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column(
            "board",
            sa.Enum("A", "B", name="board", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("judge_id", sa.Integer(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ranking", sa.String(length=64), nullable=False),
        sa.Column("teams", sa.Integer(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by_id", sa.Integer(), nullable=True),
        sa.Column("lift_reason", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lift_reason = '')",
            name=op.f("ck_sign_off_reason_iff_lifted"),
        ),
        sa.ForeignKeyConstraint(
            ["judge_id"], ["user_account.id"], name=op.f("fk_sign_off_judge_id")
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by_id"],
            ["user_account.id"],
            name=op.f("fk_sign_off_lifted_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_sign_off_problem_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_off")),
    )
    op.create_index(op.f("ix_sign_off_problem_id_board"), "sign_off", ["problem_id", "board"])


def downgrade() -> None:
    op.drop_table("sign_off")
    op.drop_table("review_note")
    op.drop_column("stage", "signed_off_at")
