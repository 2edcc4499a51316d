"""Prints of submissions, and the pairs of different teams' entries that are alike.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KIND = sa.Enum(
    "code", "answer", name="likeness", native_enum=False, create_constraint=True, length=32
)


def upgrade() -> None:
    op.create_table(
        "submission_print",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("method", sa.Integer(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_submission_print_submission_id")
        ),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_submission_print")),
    )
    op.create_table(
        "similar_pair",
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("kind", KIND, nullable=False),
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["first_id"], ["submission.id"], name=op.f("fk_similar_pair_first_id")
        ),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_similar_pair_problem_id")
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["submission.id"], name=op.f("fk_similar_pair_second_id")
        ),
        sa.PrimaryKeyConstraint("first_id", "second_id", "kind", name=op.f("pk_similar_pair")),
    )
    op.create_index(
        op.f("ix_similar_pair_problem_id_kind_share"),
        "similar_pair",
        ["problem_id", "kind", "share"],
    )
    op.create_index(op.f("ix_similar_pair_second_id"), "similar_pair", ["second_id"])
    op.create_table(
        "similarity_comparison",
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("typical", sa.Double(), nullable=True),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_similarity_comparison_problem_id")
        ),
        sa.PrimaryKeyConstraint("problem_id", name=op.f("pk_similarity_comparison")),
    )


def downgrade() -> None:
    op.drop_table("similarity_comparison")
    op.drop_table("similar_pair")
    op.drop_table("submission_print")
