"""Uploads under way, and the pieces that have arrived."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.core.db import Base, BlobDigest, ByteCount
from app.problems.models import Problem
from app.submissions.models import Kind


class Upload(Base):
    """One file of one person for one problem, of which `received` of `size` bytes are here."""

    __tablename__ = "upload"
    __table_args__ = (
        CheckConstraint("received >= 0 AND received <= size", name="received_within_size"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(43), unique=True)
    """Names it in addresses: nobody can guess it."""
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    kind: Mapped[Kind]
    filename: Mapped[str] = mapped_column(String(255))
    size: Mapped[ByteCount]
    received: Mapped[ByteCount] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    """Moved on by every piece; then it is swept, whatever is here of it."""

    user: Mapped[User] = relationship()
    problem: Mapped[Problem] = relationship()


class UploadPart(Base):
    """A piece of an upload, in the blob store."""

    __tablename__ = "upload_part"
    __table_args__ = (UniqueConstraint("upload_id", "start"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    upload_id: Mapped[int] = mapped_column(ForeignKey("upload.id"))
    start: Mapped[ByteCount]
    size: Mapped[ByteCount]
    blob: Mapped[str] = mapped_column(BlobDigest)
