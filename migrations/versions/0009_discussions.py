"""Discussions of problems, and what people are told on the site.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TOPIC = sa.Enum(
    "reply",
    "answer",
    "moderated",
    name="topic",
    native_enum=False,
    create_constraint=True,
    length=32,
)


def upgrade() -> None:
    op.add_column(
        "user_account",
        sa.Column(
            "unread_notifications", sa.Integer(), server_default=sa.text("0"), nullable=False
        ),
    )
    _create_notifications()
    _create_discussions()


def _create_notifications() -> None:
    op.create_table(
        "notification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("topic", TOPIC.copy(), nullable=False),
        sa.Column(
            "facts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_notification_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    op.create_index(op.f("ix_notification_user_id_id"), "notification", ["user_id", "id"])
    op.create_table(
        "muted_topic",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("topic", TOPIC.copy(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_muted_topic_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_muted_topic")),
        sa.UniqueConstraint("user_id", "topic", name=op.f("uq_muted_topic_user_id_topic")),
    )


def _create_discussions() -> None:
    op.create_table(
        "discussion_thread",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("problem_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posts_count", sa.Integer(), nullable=False),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_discussion_thread_problem_id")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user_account.id"], name=op.f("fk_discussion_thread_author_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discussion_thread")),
    )
    op.create_index(
        op.f("ix_discussion_thread_problem_id_last_at"),
        "discussion_thread",
        ["problem_id", "last_at"],
    )
    op.create_table(
        "discussion_post",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hidden_reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["discussion_thread.id"], name=op.f("fk_discussion_post_thread_id")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user_account.id"], name=op.f("fk_discussion_post_author_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discussion_post")),
    )
    op.create_index(op.f("ix_discussion_post_thread_id_id"), "discussion_post", ["thread_id", "id"])
    op.create_index(
        op.f("ix_discussion_post_author_id_created_at"),
        "discussion_post",
        ["author_id", "created_at"],
    )
    op.create_table(
        "discussion_following",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["thread_id"], ["discussion_thread.id"], name=op.f("fk_discussion_following_thread_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_discussion_following_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discussion_following")),
        sa.UniqueConstraint(
            "thread_id", "user_id", name=op.f("uq_discussion_following_thread_id_user_id")
        ),
    )
    op.create_index(op.f("ix_discussion_following_user_id"), "discussion_following", ["user_id"])


def downgrade() -> None:
    for table in (
        "discussion_following",
        "discussion_post",
        "discussion_thread",
        "muted_topic",
        "notification",
    ):
        op.drop_table(table)
    op.drop_column("user_account", "unread_notifications")
