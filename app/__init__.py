"""The web application: the only package that knows HTTP, the database and the queue."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def create_app() -> "Flask":
    """Return the application with its commands, from the environment: what `flask` calls."""
    from app.settings import settings_or_exit  # noqa: PLC0415 — see below

    configured = settings_or_exit()  # at once: a wrong setting must not wait for seconds of imports
    from app.cli import build  # noqa: PLC0415 — importing a part must not load the whole

    return build(configured)
