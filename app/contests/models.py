"""Contests and announcements."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.core.db import Base


class Contest(Base):
    """One edition of the competition."""

    __tablename__ = "contest"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[dict[str, Any]]
    """By language tag."""
    created_at: Mapped[datetime]


class Announcement(Base):
    """A notice. Append-only: a mistake is corrected by another announcement, not by an edit."""

    __tablename__ = "announcement"

    id: Mapped[int] = mapped_column(primary_key=True)
    contest_id: Mapped[int] = mapped_column(ForeignKey("contest.id"), index=True)
    problem_slug: Mapped[str | None] = mapped_column(String(64), index=True)
    """Empty for the whole contest."""
    title: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(Text)
    """Markdown."""
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    published_at: Mapped[datetime]

    author: Mapped[User] = relationship()
