"""Reads about people, their tokens and their password links."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.errors import TokenNotFoundError, UserNotFoundError
from app.accounts.models import ApiToken, PasswordReset, Role, User
from app.core.pagination import Page, PageRequest


def find_user(session: Session, email: str) -> User | None:
    """Return the person with an e-mail address, in whatever case it is written, or None."""
    return session.scalar(select(User).where(func.lower(User.email) == email.strip().lower()))


def get_user(session: Session, user_id: int) -> User:
    """Return one person.

    Raises:
        UserNotFoundError: there is no such account.
    """
    user = session.get(User, user_id)
    if user is None:
        raise UserNotFoundError
    return user


def lock_user(session: Session, user_id: int) -> User:
    """Return one person as the database has them now, held until the transaction ends.

    Raises:
        UserNotFoundError: there is no such account.
    """
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise UserNotFoundError
    return user


def list_taken_names(session: Session, base: str) -> set[str]:
    """Return which of `base`, `base 2`, `base 3` … people are called."""
    return set(
        session.scalars(select(User.name).where(User.name.startswith(base, autoescape=True)))
    )


def list_users(
    session: Session, search: str, role: Role | None, request: PageRequest
) -> Page[User]:
    """Return one page of the people whose name, pinyin or address holds a text, newest first."""
    wanted: list[ColumnElement[bool]] = []
    if search:
        wanted.append(
            or_(
                User.name.icontains(search, autoescape=True),
                User.name_pinyin.contains(search.lower(), autoescape=True),
                User.email.icontains(search, autoescape=True),
            )
        )
    if role is not None:
        wanted.append(User.role == role)
    total = session.scalars(select(func.count(User.id)).where(*wanted)).one()
    found = session.scalars(
        select(User)
        .where(*wanted)
        .order_by(User.id.desc())
        .offset(request.offset)
        .limit(request.per_page)
    )
    return Page(list(found), total, request)


def list_tokens(session: Session, user: User) -> list[ApiToken]:
    """Return a person's tokens that still work, newest first."""
    return list(
        session.scalars(select(ApiToken).where(_is_live(user)).order_by(ApiToken.id.desc()))
    )


def count_tokens(session: Session, user: User) -> int:
    """Count a person's tokens that still work."""
    return session.scalars(select(func.count(ApiToken.id)).where(_is_live(user))).one()


def get_token(session: Session, user: User, token_id: int) -> ApiToken:
    """Return one of a person's tokens that still works.

    Raises:
        TokenNotFoundError: no such token, somebody else's, or revoked.
    """
    token = session.scalar(select(ApiToken).where(_is_live(user), ApiToken.id == token_id))
    if token is None:
        raise TokenNotFoundError
    return token


def find_reset(session: Session, token_hash: str, now: datetime) -> PasswordReset | None:
    """Return the password link with a hash if it still works, with its person, or None."""
    return session.scalar(
        select(PasswordReset)
        .join(PasswordReset.user)
        .where(
            PasswordReset.token_hash == token_hash,
            PasswordReset.used_at.is_(None),
            PasswordReset.expires_at > now,
            User.disabled_at.is_(None),
        )
        .options(joinedload(PasswordReset.user))
    )


def _is_live(user: User) -> ColumnElement[bool]:
    return and_(ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None))
