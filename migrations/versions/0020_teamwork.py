"""Teams invite people, merge, say where they are from, and members let themselves be named.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "team", sa.Column("affiliation", sa.String(length=60), server_default="", nullable=False)
    )
    op.add_column(
        "membership",
        sa.Column("is_name_public", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    _create_invitations()
    _create_merges()


def _create_invitations() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("invited_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_invitation_team_id")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_invitation_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["invited_by_id"], ["user_account.id"], name=op.f("fk_invitation_invited_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("team_id", "user_id", name=op.f("uq_invitation_team_id_user_id")),
    )
    op.create_index(op.f("ix_invitation_user_id"), "invitation", ["user_id"])


def _create_merges() -> None:
    op.create_table(
        "merge_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("from_team_id", sa.Integer(), nullable=False),
        sa.Column("into_team_id", sa.Integer(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_team_id"], ["team.id"], name=op.f("fk_merge_request_from_team_id")
        ),
        sa.ForeignKeyConstraint(
            ["into_team_id"], ["team.id"], name=op.f("fk_merge_request_into_team_id")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["user_account.id"], name=op.f("fk_merge_request_asked_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge_request")),
        sa.UniqueConstraint(
            "from_team_id", "into_team_id", name=op.f("uq_merge_request_from_team_id_into_team_id")
        ),
    )
    op.create_index(op.f("ix_merge_request_into_team_id"), "merge_request", ["into_team_id"])
    op.create_table(
        "team_merge",
        sa.Column("from_team_id", sa.Integer(), nullable=False),
        sa.Column("into_team_id", sa.Integer(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_team_id"], ["team.id"], name=op.f("fk_team_merge_from_team_id")
        ),
        sa.ForeignKeyConstraint(
            ["into_team_id"], ["team.id"], name=op.f("fk_team_merge_into_team_id")
        ),
        sa.PrimaryKeyConstraint("from_team_id", name=op.f("pk_team_merge")),
    )
    op.create_index(op.f("ix_team_merge_into_team_id"), "team_merge", ["into_team_id"])


def downgrade() -> None:
    for table in ("team_merge", "merge_request", "invitation"):
        op.drop_table(table)
    op.drop_column("membership", "is_name_public")
    op.drop_column("team", "affiliation")
