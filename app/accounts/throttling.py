"""Guesses are slow: attempts are counted per address and per account, calls per token."""

from hashlib import sha256

from flask import Response, g
from flask_limiter.util import get_remote_address

from app.core.current import settings
from app.ui.limits import limiter


def throttle_sign_in(email: str) -> None:
    """Count an attempt to sign in, if it fails, against the address and against the account.

    Only failures count: a class behind one address signs in at the same minute.

    Raises:
        flask_limiter.errors.RateLimitExceeded: too many have failed.
    """
    g.throttled_account = sha256(email.strip().lower().encode()).hexdigest()
    _by_address()
    _by_account()


def throttle_sign_up() -> None:
    """Count a new account against the address.

    Raises:
        flask_limiter.errors.RateLimitExceeded: too many were created.
    """
    _sign_ups()


def throttle_secret() -> None:
    """Count a guess of an invite code or a password link, if it fails, against the address.

    Raises:
        flask_limiter.errors.RateLimitExceeded: too many were wrong.
    """
    _secrets()


def throttle_api_call(token_id: int | None) -> None:
    """Count a call against the token it came with, or against the address without one.

    Raises:
        flask_limiter.errors.RateLimitExceeded: too many calls.
    """
    g.api_caller = get_remote_address() if token_id is None else f"token:{token_id}"
    _api_calls()


def _sign_in_rate() -> str:
    return settings().sign_in_rate


def _api_rate() -> str:
    return settings().api_rate


def _failed(response: Response) -> bool:
    return response.status_code >= 400  # noqa: PLR2004 — the client errors of HTTP


# the limiter counts calls of functions, so each of these is a counter
@limiter.shared_limit(
    _sign_in_rate, scope="sign-in-address", key_func=get_remote_address, deduct_when=_failed
)
def _by_address() -> None: ...


@limiter.shared_limit(
    _sign_in_rate,
    scope="sign-in-account",
    key_func=lambda: str(g.throttled_account),
    deduct_when=_failed,
)
def _by_account() -> None: ...


@limiter.shared_limit(_sign_in_rate, scope="sign-up", key_func=get_remote_address)
def _sign_ups() -> None: ...


@limiter.shared_limit(
    _sign_in_rate, scope="secret", key_func=get_remote_address, deduct_when=_failed
)
def _secrets() -> None: ...


@limiter.shared_limit(_api_rate, scope="api", key_func=lambda: str(g.api_caller))
def _api_calls() -> None: ...
