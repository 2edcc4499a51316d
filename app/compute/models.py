"""Workers."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Worker(Base):
    """One worker process, as it last reported."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    """`host:pid:pool`."""
    pool: Mapped[str] = mapped_column(String(32), index=True)
    sandbox: Mapped[str] = mapped_column(String(32))
    sandbox_reason: Mapped[str] = mapped_column(String(500))
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
