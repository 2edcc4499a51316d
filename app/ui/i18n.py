"""The language of a request, and the catalogues of all features read as one."""

from typing import Final

from flask import Flask, Response, g, has_request_context, request
from flask_babel import Babel

from app.core.i18n import DEFAULT_LOCALE, Locale
from app.core.traditional import to_traditional
from app.core.web import API_PREFIX
from app.ui.catalogues import FEATURES, compile_stale, translation_folders

LANG_ARGUMENT: Final = "lang"
LANG_COOKIE: Final = "lang"
COOKIE_SECONDS: Final = 365 * 24 * 3600
_BABEL_NAMES: Final = {
    Locale.ZH_HANS: "zh_Hans",
    Locale.ZH_HANT: "zh_Hant",
    Locale.EN: "en",
}
_TRADITIONAL: Final = frozenset({"hant", "tw", "hk", "mo"})


def parse_locale(tag: str | None) -> Locale | None:
    """Return the language a BCP 47 tag stands for here.

    Chinese is Traditional where the tag says so or names a region that writes it, else Simplified.
    """
    language, *rest = (tag or "").replace("_", "-").lower().split("-")
    if language == "zh":
        is_traditional = "hans" not in rest and not _TRADITIONAL.isdisjoint(rest)
        return Locale.ZH_HANT if is_traditional else Locale.ZH_HANS
    return Locale.EN if language == "en" else None


def current_locale() -> Locale:
    """Return the language of the request; outside one, the default."""
    if not has_request_context():
        return DEFAULT_LOCALE
    found: Locale | None = g.get("locale")
    if found is None:
        found = g.locale = _choose()
    return found


def as_shown(text: str) -> str:
    """Return what was said in the written language of the request in the language of the request.

    For messages that render themselves: they know Simplified Chinese and English.
    """
    return to_traditional(text) if current_locale() is Locale.ZH_HANT else text


def register_i18n(app: Flask) -> None:
    """Translate with the catalogues of every feature, in the language of each request."""
    compile_stale(FEATURES)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(map(str, translation_folders(FEATURES)))
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Shanghai"
    Babel(app, locale_selector=lambda: _BABEL_NAMES[current_locale()])

    @app.after_request
    def _remember(response: Response) -> Response:
        asked = parse_locale(request.args.get(LANG_ARGUMENT))
        if asked is not None and not _is_api():
            response.set_cookie(
                LANG_COOKIE,
                asked,
                max_age=COOKIE_SECONDS,
                samesite="Lax",
                secure=bool(app.config["SESSION_COOKIE_SECURE"]),
            )
        return response


def _choose() -> Locale:
    asked = parse_locale(request.args.get(LANG_ARGUMENT))
    own = parse_locale(getattr(g.get("actor"), "locale", None))
    if _is_api():
        # programs say what they want in the request itself
        return asked or _from_header() or own or DEFAULT_LOCALE
    remembered = parse_locale(request.cookies.get(LANG_COOKIE))
    if asked or remembered:
        return asked or remembered or DEFAULT_LOCALE
    return own or _from_header() or DEFAULT_LOCALE


def _from_header() -> Locale | None:
    tags = (parse_locale(tag) for tag in request.accept_languages.values())
    return next((tag for tag in tags if tag is not None), None)


def _is_api() -> bool:
    return request.path.startswith(f"{API_PREFIX}/")
