"""Notifications of one person, what they want to hear of and how, and the mails on their way."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.core.db import Base

KEY_LENGTH: Final = 120


class Topic(StrEnum):
    """What one is told of; for each one chooses whether and how."""

    REPLY = "reply"
    """Somebody answered in a discussion one follows."""
    ANSWER = "answer"
    """A post of one's own was marked as the answer."""
    MODERATED = "moderated"
    """Organisers hid a post of one's own, with the reason."""
    SCORED = "scored"
    """A submission of one's team has its score on A."""
    FAILED = "failed"
    """A submission of one's team has failed."""
    ANNOUNCEMENT = "announcement"
    REVEALED = "revealed"
    """Board B of a problem one is in is shown."""
    STAGE_ENDING = "stage_ending"
    """A stage of a problem one is in closes within a day."""
    INVITED = "invited"
    """A captain wants one in their team."""
    MERGE = "merge"
    """Another team wants to merge, or has answered."""
    QUESTION = "question"
    """A judge asks one's team, or a team has answered one's question."""


class Delivery(StrEnum):
    """How one is told. Whatever is mailed stands on the site as well."""

    NONE = "none"
    SITE = "site"
    DAILY = "daily"
    """Once a day, all of it in one mail."""
    AT_ONCE = "at_once"


MAILED: Final = frozenset({Delivery.DAILY, Delivery.AT_ONCE})
DEFAULTS: Final = {
    Topic.REPLY: Delivery.DAILY,
    Topic.ANSWER: Delivery.SITE,
    Topic.MODERATED: Delivery.AT_ONCE,
    Topic.SCORED: Delivery.DAILY,
    Topic.FAILED: Delivery.DAILY,
    Topic.ANNOUNCEMENT: Delivery.DAILY,
    Topic.REVEALED: Delivery.AT_ONCE,
    Topic.STAGE_ENDING: Delivery.AT_ONCE,
    Topic.INVITED: Delivery.AT_ONCE,
    Topic.MERGE: Delivery.AT_ONCE,
    Topic.QUESTION: Delivery.AT_ONCE,
}
"""What holds while a person has chosen nothing."""


class Notification(Base):
    """One thing one is told. The words are made when it is read, in the reader's language."""

    __tablename__ = "notification"
    __table_args__ = (
        Index(None, "user_id", "id"),
        UniqueConstraint("user_id", "key"),
        Index(None, "mail_sorted", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    topic: Mapped[Topic]
    facts: Mapped[dict[str, Any]]
    """What fills the words: `who`, `title`, `reason` …, each a text or texts by language."""
    path: Mapped[str] = mapped_column(String(300))
    """Where it leads on this site."""
    key: Mapped[str | None] = mapped_column(String(KEY_LENGTH))
    """Names what must be told once, however often it is asked for."""
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    mail_sorted: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether it has been decided if and with which mail it goes."""


class TopicChoice(Base):
    """How a person wants to be told of a kind of thing."""

    __tablename__ = "topic_choice"
    __table_args__ = (UniqueConstraint("user_id", "topic"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    topic: Mapped[Topic]
    delivery: Mapped[Delivery]


class MailState(StrEnum):
    """Where a mail is on its way."""

    WAITING = "waiting"
    SENT = "sent"
    DROPPED = "dropped"
    """There was nothing left to say: all of it was read, or is not wanted any more."""
    GIVEN_UP = "given_up"
    """The mail server refused it for good, or too often."""


class OutgoingMail(Base):
    """The outbox: one mail to one person. A claim is a lease, so of two senders one sends."""

    __tablename__ = "outgoing_mail"
    __table_args__ = (Index(None, "state", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(KEY_LENGTH), unique=True)
    """`notification:NUMBER`, or `digest:PERSON:DAY`: by one key there is one mail."""
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    state: Mapped[MailState] = mapped_column(default=MailState.WAITING)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(String(300), default="")
    """What the mail server said last."""
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()


class MailItem(Base):
    """One notification in one mail."""

    __tablename__ = "mail_item"

    notification_id: Mapped[int] = mapped_column(ForeignKey("notification.id"), primary_key=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("outgoing_mail.id"), index=True)

    notification: Mapped[Notification] = relationship()
