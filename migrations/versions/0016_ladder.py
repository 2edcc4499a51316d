"""The Ladder: what board A tells of a score, and whose submissions have to climb.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "told_score",
        sa.Column("evaluation_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("loss", sa.Double(), nullable=False),
        sa.Column("rung_id", sa.Integer(), nullable=False),
        sa.Column("after_id", sa.Integer(), nullable=True),
        sa.Column("rule", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"], ["evaluation.id"], name=op.f("fk_told_score_evaluation_id")
        ),
        sa.PrimaryKeyConstraint("evaluation_id", name=op.f("pk_told_score")),
    )
    op.create_table(
        "ladder_due",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_ladder_due_problem_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_ladder_due_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ladder_due")),
        sa.UniqueConstraint("problem_id", "team_id", name=op.f("uq_ladder_due_problem_id_team_id")),
    )


def downgrade() -> None:
    op.drop_table("ladder_due")
    op.drop_table("told_score")
