"""Notifications of one person, and the kinds they do not want."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class Topic(StrEnum):
    """What one is told of; each can be switched off."""

    REPLY = "reply"
    """Somebody answered in a discussion one follows."""
    ANSWER = "answer"
    """A post of one's own was marked as the answer."""
    MODERATED = "moderated"
    """Organisers hid a post of one's own, with the reason."""


class Notification(Base):
    """One thing one is told. The words are made when it is read, in the reader's language."""

    __tablename__ = "notification"
    __table_args__ = (Index(None, "user_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    topic: Mapped[Topic]
    facts: Mapped[dict[str, Any]]
    """What fills the words: `who`, `title`, `reason`."""
    path: Mapped[str] = mapped_column(String(300))
    """Where it leads on this site."""
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class MutedTopic(Base):
    """A kind that a person does not want to hear of."""

    __tablename__ = "muted_topic"
    __table_args__ = (UniqueConstraint("user_id", "topic"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    topic: Mapped[Topic]
