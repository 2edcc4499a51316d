"""Threads of a problem, their posts, and who follows them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.core.db import Base
from app.problems.models import Problem


class Thread(Base):
    """A question or a remark with its replies. The first post is its own text."""

    __tablename__ = "discussion_thread"
    __table_args__ = (Index(None, "problem_id", "last_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    title: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    last_at: Mapped[datetime]
    """When somebody last wrote in it."""
    posts_count: Mapped[int] = mapped_column(default=0)
    pinned_at: Mapped[datetime | None]
    answer_id: Mapped[int | None]
    """The post marked as the answer."""
    hidden_at: Mapped[datetime | None]
    """Set while its first post is hidden: the title is part of what was written there."""

    problem: Mapped[Problem] = relationship()
    author: Mapped[User] = relationship()


class Post(Base):
    """One text in a thread. It is never edited; organisers may hide it, with a reason."""

    __tablename__ = "discussion_post"
    __table_args__ = (Index(None, "thread_id", "id"), Index(None, "author_id", "created_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("discussion_thread.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    body: Mapped[str] = mapped_column(Text)
    """Markdown."""
    created_at: Mapped[datetime]
    hidden_at: Mapped[datetime | None]
    hidden_reason: Mapped[str] = mapped_column(String(300), default="")

    thread: Mapped[Thread] = relationship()
    author: Mapped[User] = relationship()


class Following(Base):
    """Somebody is told of every new post of a thread."""

    __tablename__ = "discussion_following"
    __table_args__ = (UniqueConstraint("thread_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("discussion_thread.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
