"""Writes: what people do with their own accounts. Callers own the transaction."""

from datetime import datetime
from typing import Final

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts import names, queries
from app.accounts.errors import (
    BadEmailError,
    EmailTakenError,
    NameCharacterError,
    NameLengthError,
    NameTakenError,
    NameWithoutLetterError,
    ResetLinkError,
    TooManyTokensError,
    WrongPasswordError,
)
from app.accounts.models import ApiToken, PasswordReset, Role, User
from app.accounts.passwords import check_password, hash_password, verify_password
from app.accounts.tokens import HINT_LENGTH, hash_secret, new_token
from app.core.audit import record_audit

MOST_TOKENS: Final = 20
_NAME_ATTEMPTS: Final = 20


def parse_name(text: str, *, also: str = "") -> str:
    """Return a name as it is stored; `also` lets more marks in than people's names have.

    Raises:
        NameLengthError: fewer than 2 or more than 30 characters.
        NameCharacterError: control, direction, invisible or unassigned characters, or symbols.
        NameWithoutLetterError: only digits and marks.
    """
    name = names.normalise_name(text)
    if not names.SHORTEST <= len(name) <= names.LONGEST:
        raise NameLengthError(shortest=names.SHORTEST, longest=names.LONGEST)
    forbidden = names.find_forbidden(name, also=also)
    if forbidden is not None:
        raise NameCharacterError(character=f"U+{ord(forbidden):04X}")
    if not names.has_letter(name):
        raise NameWithoutLetterError
    return name


def parse_email(text: str) -> str:
    """Return an e-mail address as it is stored: lower case.

    Raises:
        BadEmailError: it is none, or one no ordinary server takes.
    """
    try:
        found = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise BadEmailError from error
    return found.normalized.lower()


def create_user(
    session: Session,
    *,
    email: str,
    name: str,
    role: Role = Role.PARTICIPANT,
    password: str | None = None,
    now: datetime,
) -> User:
    """Create an account; of two people of one name the second is called “张伟 2”.

    Raises:
        BadEmailError, BadNameError, BadPasswordError: what was typed cannot be used.
        EmailTakenError: there is an account with the address.
    """
    email, name = parse_email(email), parse_name(name)
    stored = None
    if password is not None:
        check_password(password, email=email, name=name)
        stored = hash_password(password)
    for _ in range(_NAME_ATTEMPTS):
        if queries.find_user(session, email) is not None:
            raise EmailTakenError
        user = User(
            email=email,
            name=names.number_name(name, queries.list_taken_names(session, name)),
            role=role,
            password_hash=stored,
            locale=None,
            disabled_at=None,
            created_at=now,
        )
        try:
            with session.begin_nested():
                session.add(user)
        except IntegrityError:  # somebody of this name or address was faster
            continue
        return user
    raise NameTakenError


def renew_password_hash(session: Session, user: User, old_hash: str, password: str) -> None:
    """Hash a password again with today's parameters, unless it has been changed meanwhile."""
    session.execute(
        update(User)
        .where(User.id == user.id, User.password_hash == old_hash)
        .values(password_hash=hash_password(password))
    )


def change_password(session: Session, user: User, present: str, wanted: str) -> User:
    """Set a new password; every browser session of the person ends. Returns the person anew.

    Raises:
        WrongPasswordError: `present` is not the password.
        BadPasswordError: `wanted` cannot be used.
    """
    if not verify_password(present, user.password_hash):
        raise WrongPasswordError
    return _set_password(session, user, wanted)


def rename_self(session: Session, user: User, name: str, *, now: datetime) -> User:
    """Call oneself otherwise; of two people of one name the second gets a number. Audited.

    Raises:
        BadNameError: the name cannot be used.
        NameTakenError: others took every number tried.
    """
    wanted = parse_name(name)
    held = queries.lock_user(session, user.id)
    before = held.name
    if wanted == before:
        return held
    for _ in range(_NAME_ATTEMPTS):
        taken = queries.list_taken_names(session, wanted) - {before}
        try:
            with session.begin_nested():
                held.name = names.number_name(wanted, taken)
        except IntegrityError:
            continue
        facts = {"from": before, "to": held.name}
        actor, subject = held.as_actor(), f"user:{held.id}"
        record_audit(session, actor, "user.rename", subject, facts, now=now)
        return held
    raise NameTakenError


def choose_language(session: Session, user: User, locale: str) -> None:
    """Remember the language a person reads."""
    queries.lock_user(session, user.id).locale = locale
    session.flush()


def create_token(
    session: Session, user: User, label: str, *, now: datetime
) -> tuple[ApiToken, str]:
    """Make an API token; its text is returned here and can never be read again.

    Raises:
        TooManyTokensError: the person has as many as they may keep.
    """
    queries.lock_user(session, user.id)
    if queries.count_tokens(session, user) >= MOST_TOKENS:
        raise TooManyTokensError(limit=MOST_TOKENS)
    text = new_token()
    token = ApiToken(
        user_id=user.id,
        token_hash=hash_secret(text),
        hint=text[:HINT_LENGTH],
        label=label,
        created_at=now,
        last_used_at=None,
        revoked_at=None,
    )
    session.add(token)
    session.flush()
    return token, text


def revoke_token(session: Session, user: User, token_id: int, *, now: datetime) -> None:
    """Make one of a person's tokens worthless.

    Raises:
        TokenNotFoundError: no such token, somebody else's, or revoked before.
    """
    queries.get_token(session, user, token_id).revoked_at = now
    session.flush()


def reset_password(session: Session, secret: str, wanted: str, *, now: datetime) -> User:
    """Set a password with a link; of two uses at once one wins. Every browser session ends.

    Raises:
        ResetLinkError: the link was used, has expired or never existed.
        BadPasswordError: `wanted` cannot be used; the link still works.
    """
    reset = queries.find_reset(session, hash_secret(secret), now)
    if reset is None:
        raise ResetLinkError
    _set_password(session, reset.user, wanted)
    used = session.execute(
        update(PasswordReset)
        .where(PasswordReset.id == reset.id, PasswordReset.used_at.is_(None))
        .values(used_at=now)
        .returning(PasswordReset.id)
    ).one_or_none()
    if used is None:
        raise ResetLinkError
    record_audit(
        session,
        reset.user.as_actor(),
        "user.reset_password",
        f"user:{reset.user_id}",
        {"link": reset.id},
        now=now,
    )
    return reset.user


def _set_password(session: Session, user: User, wanted: str) -> User:
    check_password(wanted, email=user.email, name=user.name)
    stored = hash_password(wanted)
    held = queries.lock_user(session, user.id)
    held.password_hash = stored
    held.session_epoch += 1
    session.flush()
    return held
