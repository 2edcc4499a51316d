"""Writes: what organisers do with other people's accounts. Each is audited.

Callers own the transaction.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.accounts import policy, queries
from app.accounts.errors import DisablingReasonError
from app.accounts.models import ApiToken, PasswordReset, Role, User
from app.accounts.tokens import hash_secret, new_link_secret
from app.core.audit import record_audit
from app.core.errors import ForbiddenError

LONGEST_REASON: Final = 500
RESET_LIFETIME: Final = timedelta(hours=24)


def change_role(session: Session, actor: User, user_id: int, role: Role, *, now: datetime) -> User:
    """Give a person another role.

    Raises:
        UserNotFoundError: there is no such account.
        ForbiddenError: the actor may not give this role to this person.
    """
    user = queries.lock_user(session, user_id)
    if not policy.can_give_role(actor, user, role):
        raise ForbiddenError
    facts = {"from": user.role.value, "to": role.value}
    user.role = role
    _note(session, actor, "user.change_role", user, facts, now=now)
    return user


def disable_user(
    session: Session, actor: User, user_id: int, reason: str, *, now: datetime
) -> User:
    """Shut a person out: their browser sessions and their tokens end at once.

    They read the reason when they try to sign in.

    Raises:
        DisablingReasonError: no reason was given.
        UserNotFoundError: there is no such account.
        ForbiddenError: the actor may not do this to this person.
    """
    user = _manageable(session, actor, user_id)
    reason = " ".join(reason.split())[:LONGEST_REASON]
    if not reason:
        raise DisablingReasonError
    if user.disabled_at is None:
        user.disabled_at, user.disabled_reason = now, reason
        user.session_epoch += 1
        session.execute(
            update(ApiToken)
            .where(ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        _void_links(session, user, now=now)
        _note(session, actor, "user.disable", user, {"reason": reason}, now=now)
    return user


def enable_user(session: Session, actor: User, user_id: int, *, now: datetime) -> User:
    """Let a disabled person in again; old sessions and tokens stay ended.

    Raises:
        UserNotFoundError: there is no such account.
        ForbiddenError: the actor may not do this to this person.
    """
    user = _manageable(session, actor, user_id)
    if user.disabled_at is not None:
        user.disabled_at = user.disabled_reason = None
        _note(session, actor, "user.enable", user, {}, now=now)
    return user


def create_reset_link(session: Session, actor: User, user_id: int, *, now: datetime) -> str:
    """Make the secret of a password link to hand over; older links of the person stop working.

    Raises:
        UserNotFoundError: there is no such account.
        ForbiddenError: the actor may not do this to this person.
    """
    user = _manageable(session, actor, user_id)
    _void_links(session, user, now=now)
    secret = new_link_secret()
    expires_at = now + RESET_LIFETIME
    session.add(
        PasswordReset(
            user_id=user.id,
            token_hash=hash_secret(secret),
            created_by_id=actor.id,
            created_at=now,
            expires_at=expires_at,
            used_at=None,
        )
    )
    facts = {"expires_at": expires_at.isoformat()}
    _note(session, actor, "user.create_reset_link", user, facts, now=now)
    return secret


def _manageable(session: Session, actor: User, user_id: int) -> User:
    user = queries.lock_user(session, user_id)
    if not policy.can_manage_user(actor, user):
        raise ForbiddenError
    return user


def _void_links(session: Session, user: User, *, now: datetime) -> None:
    session.execute(
        update(PasswordReset)
        .where(PasswordReset.user_id == user.id, PasswordReset.used_at.is_(None))
        .values(used_at=now)
    )


def _note(
    session: Session, actor: User, action: str, user: User, facts: dict[str, str], *, now: datetime
) -> None:
    record_audit(
        session,
        actor.as_actor(),
        action,
        f"user:{user.id}",
        {"name": user.name, **facts},
        now=now,
    )
