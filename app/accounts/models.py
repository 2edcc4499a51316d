"""People and what proves who they are."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.core.audit import Actor
from app.core.db import Base
from app.core.pinyin import to_search


class Role(StrEnum):
    """What a person is here; one each."""

    PARTICIPANT = "participant"
    JUDGE = "judge"
    ORGANISER = "organiser"
    ADMIN = "admin"


STAFF: Final = frozenset({Role.JUDGE, Role.ORGANISER, Role.ADMIN})
ORGANISERS: Final = frozenset({Role.ORGANISER, Role.ADMIN})


class User(Base):
    """One person. Others read the `name`; of two people of one name the second gets a number."""

    __tablename__ = "user_account"
    __table_args__ = (Index("uq_user_account_email_lower", text("lower(email)"), unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(64), unique=True)
    name_pinyin: Mapped[str] = mapped_column(String(500), default="", server_default="")
    """What a Chinese name is found by; follows the name by itself."""
    role: Mapped[Role] = mapped_column(default=Role.PARTICIPANT)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    """Argon2id; empty for an account that has never had a password."""
    session_epoch: Mapped[int] = mapped_column(default=0)
    """Counts up when every open browser session of this person must end."""
    locale: Mapped[str | None] = mapped_column(String(16))
    unread_notifications: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """The number on the bell; kept by the notifications, so that no page has to count."""
    is_demo: Mapped[bool] = mapped_column(default=False)
    """A published password: refused in production."""
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    """What the person is told when they try to sign in."""
    created_at: Mapped[datetime]

    @validates("name")
    def _note_pinyin(self, _key: str, name: str) -> str:
        self.name_pinyin = to_search([name])
        return name

    @property
    def is_staff(self) -> bool:
        """Whether this person works for the contest and so may not compete."""
        return self.role in STAFF

    @property
    def is_organiser(self) -> bool:
        """Whether this person runs the contest."""
        return self.role in ORGANISERS

    def as_actor(self) -> Actor:
        """Return who the audit log names."""
        return Actor(self.id, self.name)


class ApiToken(Base):
    """A key for programs. Its SHA-256 alone is stored: 256 random bits need no salt."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(12))
    """The first characters, to tell tokens apart in a list."""
    label: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()


class PasswordReset(Base):
    """A link, used once and soon, with which a person sets a new password."""

    __tablename__ = "password_reset"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(foreign_keys=[user_id])
