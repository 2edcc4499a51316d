"""Signing in and out: who is recognised by e-mail and password, and the cookie that remembers."""

from urllib.parse import urlsplit

from flask import session as cookie
from flask_login import login_user, logout_user

from app.accounts import operations, queries
from app.accounts.errors import (
    AccountDisabledError,
    AccountDisabledWithReasonError,
    DemoAccountError,
    WrongCredentialsError,
)
from app.accounts.identity import BrowserUser
from app.accounts.models import User
from app.accounts.passwords import is_outdated, verify_password
from app.core.db import Database

HOME = "/"


def authenticate(database: Database, email: str, password: str, *, production: bool) -> User:
    """Return whose address and password these are.

    No transaction is open while the password is hashed. A hash made with older parameters is
    renewed on the way.

    Raises:
        WrongCredentialsError: no such address, or another password.
        AccountDisabledError, DemoAccountError: the password is right, the account may not be used.
    """
    with database.reading() as session:
        user = queries.find_user(session, email)
    stored = None if user is None else user.password_hash
    if not verify_password(password, stored) or user is None or stored is None:
        raise WrongCredentialsError
    if user.disabled_at is not None:
        if user.disabled_reason:
            raise AccountDisabledWithReasonError(reason=user.disabled_reason.rstrip("。. "))
        raise AccountDisabledError
    if user.is_demo and production:
        raise DemoAccountError
    if is_outdated(stored):
        with database.transaction() as session:
            operations.renew_password_hash(session, user, stored, password)
    return user


def start_session(user: User) -> None:
    """Give the browser a cookie of its own for this person; whatever it had before is dropped."""
    cookie.clear()
    cookie.permanent = True
    login_user(BrowserUser(user))


def end_session() -> None:
    """Take the cookie away."""
    logout_user()
    cookie.clear()


def own_path(target: str | None) -> str:
    """Return where to go next: a path of this site, or the home page for anything else."""
    if not target or not target.startswith("/") or not target.isprintable():
        return HOME
    # browsers read a backslash as a slash, and two slashes as another site
    parts = urlsplit(target.replace("\\", "/"))
    if parts.scheme or parts.netloc or target[1:2] in {"/", "\\"}:
        return HOME
    return target
