"""Light, dark or as the device says: kept in a cookie, so that it works without JavaScript."""

from typing import Final

from flask import Flask, Response, request

from app.ui.i18n import COOKIE_SECONDS

THEMES: Final = ("auto", "light", "dark")
_NAME: Final = "theme"


def current_theme() -> str:
    """Return `auto`, `light` or `dark`."""
    for asked in (request.args.get(_NAME), request.cookies.get(_NAME)):
        if asked in THEMES:
            return asked
    return THEMES[0]


def register_themes(app: Flask) -> None:
    """Remember the theme a link asked for."""
    app.jinja_env.globals["current_theme"] = current_theme

    @app.after_request
    def _remember(response: Response) -> Response:
        asked = request.args.get(_NAME)
        if asked in THEMES and response.mimetype == "text/html":
            response.set_cookie(
                _NAME,
                asked,
                max_age=COOKIE_SECONDS,
                samesite="Lax",
                secure=bool(app.config["SESSION_COOKIE_SECURE"]),
            )
        return response
