from datetime import UTC, datetime
from itertools import count
from typing import Final

from sqlalchemy.orm import Session

from app.accounts.models import Role, User

CREATED: Final = datetime(2029, 12, 1, tzinfo=UTC)
_numbers = count(1)


def make_user(session: Session, *, role: Role = Role.PARTICIPANT, name: str | None = None) -> User:
    number = next(_numbers)
    user = User(
        email=f"user{number}@example.org",
        name=name or f"User {number}",
        role=role,
        password_hash=None,
        locale=None,
        disabled_at=None,
        created_at=CREATED,
    )
    session.add(user)
    session.flush()
    return user
