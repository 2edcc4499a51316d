"""How people are told: by topic, on the site and by mail; an outbox; hidden discussions.

What was switched off stays switched off. What was told before is not mailed.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_OLD = ("reply", "answer", "moderated")
_NEW = (
    *_OLD,
    "scored",
    "failed",
    "announcement",
    "revealed",
    "stage_ending",
    "invited",
    "merge",
    "question",
)


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    _change_notifications()
    _create_choices()
    _create_outbox()
    op.add_column(
        "discussion_thread", sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.execute(
        "UPDATE discussion_thread SET hidden_at = (SELECT hidden_at FROM discussion_post"
        " WHERE discussion_post.id = (SELECT min(id) FROM discussion_post AS first"
        " WHERE first.thread_id = discussion_thread.id))"
    )
    op.add_column("stage", sa.Column("end_told", sa.DateTime(timezone=True), nullable=True))


def _change_notifications() -> None:
    _rebuild_notifications(
        _NEW,
        sa.Column("key", sa.String(length=120), nullable=True),
        sa.Column("mail_sorted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_notification_user_id_key")),
    )
    op.execute("UPDATE notification SET mail_sorted = true")
    op.create_index(op.f("ix_notification_mail_sorted_id"), "notification", ["mail_sorted", "id"])


def _rebuild_notifications(topics: tuple[str, ...], *more: sa.Column | sa.Constraint) -> None:
    """Make the table anew and fill it again: SQLite changes no check of a table that is there."""
    op.execute("CREATE TABLE notification_kept AS SELECT * FROM notification")
    op.drop_table("notification")
    op.create_table(
        "notification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("topic", _enum("topic", *topics), nullable=False),
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
        *more,
    )
    op.create_index(op.f("ix_notification_user_id_id"), "notification", ["user_id", "id"])
    kept = "id, user_id, topic, facts, path, created_at, read_at"
    op.execute(f"INSERT INTO notification ({kept}) SELECT {kept} FROM notification_kept")  # noqa: S608 — constant names
    op.drop_table("notification_kept")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('notification', 'id'),"
            " (SELECT coalesce(max(id), 0) + 1 FROM notification), false)"
        )


def _create_choices() -> None:
    op.create_table(
        "topic_choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("topic", _enum("topic", *_NEW), nullable=False),
        sa.Column(
            "delivery", _enum("delivery", "none", "site", "daily", "at_once"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_topic_choice_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic_choice")),
        sa.UniqueConstraint("user_id", "topic", name=op.f("uq_topic_choice_user_id_topic")),
    )
    op.execute(
        "INSERT INTO topic_choice (user_id, topic, delivery)"
        " SELECT user_id, topic, 'none' FROM muted_topic"
    )
    op.drop_table("muted_topic")


def _create_outbox() -> None:
    op.create_table(
        "outgoing_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            _enum("mailstate", "waiting", "sent", "dropped", "given_up"),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_outgoing_mail_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mail")),
        sa.UniqueConstraint("key", name=op.f("uq_outgoing_mail_key")),
    )
    op.create_index(op.f("ix_outgoing_mail_user_id"), "outgoing_mail", ["user_id"])
    op.create_index(op.f("ix_outgoing_mail_state_due_at"), "outgoing_mail", ["state", "due_at"])
    op.create_table(
        "mail_item",
        sa.Column("notification_id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notification.id"], name=op.f("fk_mail_item_notification_id")
        ),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["outgoing_mail.id"], name=op.f("fk_mail_item_mail_id")
        ),
        sa.PrimaryKeyConstraint("notification_id", name=op.f("pk_mail_item")),
    )
    op.create_index(op.f("ix_mail_item_mail_id"), "mail_item", ["mail_id"])


def downgrade() -> None:
    op.drop_column("stage", "end_told")
    op.drop_column("discussion_thread", "hidden_at")
    op.drop_table("mail_item")
    op.drop_table("outgoing_mail")
    _restore_muted()
    _restore_notifications()


def _restore_muted() -> None:
    op.create_table(
        "muted_topic",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("topic", _enum("topic", *_OLD), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_muted_topic_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_muted_topic")),
        sa.UniqueConstraint("user_id", "topic", name=op.f("uq_muted_topic_user_id_topic")),
    )
    op.execute(
        "INSERT INTO muted_topic (user_id, topic) SELECT user_id, topic FROM topic_choice"
        " WHERE delivery = 'none' AND topic IN ('reply', 'answer', 'moderated')"
    )
    op.drop_table("topic_choice")


def _restore_notifications() -> None:
    op.execute("DELETE FROM notification WHERE topic NOT IN ('reply', 'answer', 'moderated')")
    _rebuild_notifications(_OLD)
