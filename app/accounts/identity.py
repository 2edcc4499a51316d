"""Who is asking, found once per request: a cookie for pages, a bearer token for the API."""

from datetime import timedelta
from typing import Final

from flask import Flask, g, request
from flask_login import LoginManager, UserMixin, current_user
from sqlalchemy import select, update
from sqlalchemy.orm import Session, contains_eager

from app.accounts.models import ApiToken, Role, User
from app.accounts.throttling import throttle_api_call
from app.accounts.tokens import hash_secret
from app.core.current import platform, settings
from app.core.errors import ForbiddenError, UnauthenticatedError
from app.core.web import API_PREFIX, Access

_ROLES: Final = {
    Access.STAFF: frozenset({Role.JUDGE, Role.ORGANISER, Role.ADMIN}),
    Access.ORGANISER: frozenset({Role.ORGANISER, Role.ADMIN}),
    Access.ADMIN: frozenset({Role.ADMIN}),
}
_SCHEME: Final = "bearer "
_USE_NOTED_EVERY: Final = timedelta(minutes=5)
_DOCS: Final = f"{API_PREFIX}/docs"


class BrowserUser(UserMixin):  # type: ignore[misc]  # flask-login is untyped
    """What Flask-Login keeps: a person and the epoch of the session, `id:epoch`."""

    def __init__(self, user: User) -> None:
        self.user = user

    def get_id(self) -> str:
        """Return what goes into the cookie."""
        return f"{self.user.id}:{self.user.session_epoch}"


def find_actor() -> User | None:
    """Return who is asking, or None for a visitor."""
    actor: User | None = g.get("actor")
    return actor


def get_actor() -> User:
    """Return who is asking.

    Raises:
        UnauthenticatedError: nobody is signed in.
    """
    actor = find_actor()
    if actor is None:
        raise UnauthenticatedError
    return actor


def find_token(session: Session, text: str) -> ApiToken | None:
    """Return a token with its person, or None: unknown, revoked, or its owner disabled."""
    return session.scalar(
        select(ApiToken)
        .join(ApiToken.user)
        .where(
            ApiToken.token_hash == hash_secret(text),
            ApiToken.revoked_at.is_(None),
            User.disabled_at.is_(None),
        )
        .options(contains_eager(ApiToken.user))
    )


def check_access(rule: Access, actor: User | None) -> None:
    """Let an actor through a route's declaration, or raise.

    Raises:
        UnauthenticatedError: the route is not for visitors.
        ForbiddenError: the actor's role is not among those the route is for.
    """
    if rule is Access.ANYONE:
        return
    if actor is None:
        raise UnauthenticatedError
    if rule is not Access.MEMBER and actor.role not in _ROLES[rule]:
        raise ForbiddenError


def is_api_request() -> bool:
    """Whether the request is for the HTTP API; its documentation is a page like others."""
    return request.path.startswith(f"{API_PREFIX}/") and request.path != _DOCS


def register_identity(app: Flask) -> None:
    """Identify the caller and hold every route to its declaration."""
    manager = LoginManager(app)
    manager.session_protection = None  # the epoch ends sessions; a changed address must not

    @manager.user_loader  # type: ignore[untyped-decorator]  # flask-login is untyped
    def _load(cookie: str) -> BrowserUser | None:
        return _find_browser_user(cookie)

    @app.before_request
    def _identify() -> None:
        g.actor = None
        if request.endpoint is None or request.endpoint == "static":
            return
        g.actor = _bearer() if is_api_request() else _cookie()
        view = app.view_functions[request.endpoint]
        check_access(vars(view).get("access", Access.ADMIN), g.actor)


def _find_browser_user(cookie: str) -> BrowserUser | None:
    number, _, epoch = cookie.partition(":")
    if not (number.isdecimal() and epoch.isdecimal()):
        return None
    with platform().database.reading() as session:
        user = session.get(User, int(number))
    if user is None or user.disabled_at is not None or user.session_epoch != int(epoch):
        return None
    if user.is_demo and settings().production:
        return None
    return BrowserUser(user)


def _cookie() -> User | None:
    # current_user is a proxy: comparing its class needs the thing behind it
    found = current_user._get_current_object()  # noqa: SLF001 — the proxy's documented accessor
    return found.user if isinstance(found, BrowserUser) else None


def _bearer() -> User | None:
    """Identify a program, count its call, and note now and then that its token is in use."""
    header = request.headers.get("Authorization", "")
    token = None
    if header.lower().startswith(_SCHEME):
        with platform().database.reading() as session:
            token = find_token(session, header[len(_SCHEME) :].strip())
    throttle_api_call(None if token is None else token.id)
    if token is None:
        if header:
            raise UnauthenticatedError
        return None
    user = token.user
    if user.is_demo and settings().production:
        raise UnauthenticatedError
    _note_use(token)
    return user


def _note_use(token: ApiToken) -> None:
    """Write the time of use, seldom: a client that polls must not cost a write each time."""
    now = platform().clock.now()
    if token.last_used_at is not None and now - token.last_used_at < _USE_NOTED_EVERY:
        return
    with platform().database.transaction() as session:
        session.execute(update(ApiToken).where(ApiToken.id == token.id).values(last_used_at=now))
