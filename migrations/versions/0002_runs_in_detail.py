"""GPUs, run details and the health of hosts.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gpu_device",
        sa.Column("uuid", sa.String(length=96), nullable=False),
        sa.Column("host", sa.String(length=128), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("memory_bytes", sa.BigInteger(), nullable=False),
        sa.Column("idle_bytes", sa.BigInteger(), nullable=False),
        sa.Column("used_bytes", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quarantined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quarantine_reason", sa.String(length=500), nullable=False),
        sa.Column("clean_checks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_gpu_device")),
    )
    op.add_column(
        "evaluation",
        sa.Column(
            "devices", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True
        ),
    )
    op.add_column(
        "evaluation",
        sa.Column(
            "gpu_uses", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True
        ),
    )
    op.add_column(
        "evaluation",
        sa.Column(
            "run_details", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True
        ),
    )
    op.add_column("evaluation", sa.Column("log_blob", sa.String(length=64), nullable=True))
    op.add_column("evaluation", sa.Column("log_bytes", sa.BigInteger(), nullable=True))
    op.add_column(
        "publication",
        sa.Column("needs_no_pool", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "submission",
        sa.Column("is_debug", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("worker", sa.Column("host", sa.String(length=128), nullable=True))
    op.add_column(
        "worker",
        sa.Column(
            "devices", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True
        ),
    )
    op.add_column("worker", sa.Column("cpus", sa.Integer(), nullable=True))
    op.add_column("worker", sa.Column("memory_bytes", sa.BigInteger(), nullable=True))
    op.add_column("worker", sa.Column("concurrency", sa.Integer(), nullable=True))
    op.add_column("worker", sa.Column("runtime", sa.String(length=32), nullable=True))
    op.add_column(
        "worker",
        sa.Column(
            "images", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True
        ),
    )
    op.add_column("worker", sa.Column("sick_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "worker", sa.Column("sick_reason", sa.String(length=500), server_default="", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("worker", "sick_reason")
    op.drop_column("worker", "sick_since")
    op.drop_column("worker", "images")
    op.drop_column("worker", "runtime")
    op.drop_column("worker", "concurrency")
    op.drop_column("worker", "memory_bytes")
    op.drop_column("worker", "cpus")
    op.drop_column("worker", "devices")
    op.drop_column("worker", "host")
    op.drop_column("submission", "is_debug")
    op.drop_column("publication", "needs_no_pool")
    op.drop_column("evaluation", "log_bytes")
    op.drop_column("evaluation", "log_blob")
    op.drop_column("evaluation", "run_details")
    op.drop_column("evaluation", "gpu_uses")
    op.drop_column("evaluation", "devices")
    op.drop_table("gpu_device")
