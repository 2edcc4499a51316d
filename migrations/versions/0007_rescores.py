"""Re-scores: staged revisions, shadows, whom they move; the answers of code runs are kept.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rescore",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column("open_problem_id", sa.Integer(), nullable=True),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("base_number", sa.Integer(), nullable=False),
        sa.Column("publication_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "staged",
                "scoring",
                "ready",
                "published",
                name="rescorestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("staged_by", sa.String(length=100), nullable=False),
        sa.Column("staged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scoring_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.String(length=100), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announcement_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcement.id"], name=op.f("fk_rescore_announcement_id")
        ),
        sa.ForeignKeyConstraint(["problem_id"], ["problem.id"], name=op.f("fk_rescore_problem_id")),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publication.id"], name=op.f("fk_rescore_publication_id")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_rescore_revision_id")
        ),
        sa.CheckConstraint(
            "(state = 'published') = (open_problem_id IS NULL)",
            name=op.f("ck_rescore_open_unless_published"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rescore")),
        sa.UniqueConstraint("open_problem_id", name=op.f("uq_rescore_open_problem_id")),
    )
    op.create_index(op.f("ix_rescore_problem_id"), "rescore", ["problem_id"], unique=False)
    op.create_table(
        "rescore_move",
        sa.Column("rescore_id", sa.Integer(), nullable=False),
        sa.Column(
            "board",
            sa.Enum("A", "B", name="board", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("old_rank", sa.Integer(), nullable=True),
        sa.Column("new_rank", sa.Integer(), nullable=True),
        sa.Column("old_score", sa.Double(), nullable=True),
        sa.Column("new_score", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["rescore_id"], ["rescore.id"], name=op.f("fk_rescore_move_rescore_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_rescore_move_team_id")),
        sa.PrimaryKeyConstraint("rescore_id", "board", "team_id", name=op.f("pk_rescore_move")),
    )
    op.create_table(
        "rescore_shadow",
        sa.Column("rescore_id", sa.Integer(), nullable=False),
        sa.Column("evaluation_id", sa.Integer(), nullable=False),
        sa.Column("shadow_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"], ["evaluation.id"], name=op.f("fk_rescore_shadow_evaluation_id")
        ),
        sa.ForeignKeyConstraint(
            ["rescore_id"], ["rescore.id"], name=op.f("fk_rescore_shadow_rescore_id")
        ),
        sa.ForeignKeyConstraint(
            ["shadow_id"], ["evaluation.id"], name=op.f("fk_rescore_shadow_shadow_id")
        ),
        sa.PrimaryKeyConstraint("rescore_id", "evaluation_id", name=op.f("pk_rescore_shadow")),
        sa.UniqueConstraint("shadow_id", name=op.f("uq_rescore_shadow_shadow_id")),
    )
    op.create_index(
        op.f("ix_rescore_shadow_evaluation_id"), "rescore_shadow", ["evaluation_id"], unique=False
    )

    op.add_column(
        "evaluation",
        sa.Column("is_shadow", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("evaluation", sa.Column("revision_number", sa.Integer(), nullable=True))
    op.add_column("evaluation", sa.Column("answer_blob", sa.String(length=64), nullable=True))
    op.add_column("evaluation", sa.Column("reuses_id", sa.Integer(), nullable=True))

    op.add_column("problem", sa.Column("least_revision", sa.Integer(), nullable=True))

    op.add_column("publication", sa.Column("rescore_reason", sa.Text(), nullable=True))

    op.add_column(
        "revision",
        sa.Column("is_staged", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("revision", "is_staged")

    op.drop_column("publication", "rescore_reason")

    op.drop_column("problem", "least_revision")

    op.drop_column("evaluation", "reuses_id")
    op.drop_column("evaluation", "answer_blob")
    op.drop_column("evaluation", "revision_number")
    op.drop_column("evaluation", "is_shadow")

    op.drop_index(op.f("ix_rescore_shadow_evaluation_id"), "rescore_shadow")

    op.drop_table("rescore_shadow")
    op.drop_table("rescore_move")
    op.drop_index(op.f("ix_rescore_problem_id"), "rescore")

    op.drop_table("rescore")
