"""The edge of the application: the one call that gives it language, limits, errors and looks."""

from flask import Blueprint, Flask, request
from flask_wtf.csrf import CSRFProtect

from app.core.current import settings
from app.core.web import API_PREFIX
from app.ui.error_pages import register_error_pages
from app.ui.filters import register_filters
from app.ui.guards import register_guards
from app.ui.headers import register_headers
from app.ui.i18n import register_i18n
from app.ui.limits import register_limits
from app.ui.navigation import register_navigation
from app.ui.static_files import register_static_files
from app.ui.styleguide import register_styleguide
from app.ui.themes import register_themes


def register_edge(app: Flask) -> None:
    """Prepare an application for browsers and programs; features register their routes after."""
    with app.app_context():
        configured = settings()
    app.register_blueprint(Blueprint("ui", __name__, template_folder="templates"))
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    # addresses for others to open come from the settings: a request's own host may be made up
    app.jinja_env.globals["site_url"] = configured.site_url.rstrip("/")
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # of the default provider
    register_headers(app)
    register_i18n(app)
    register_themes(app)
    register_filters(app)
    register_navigation(app)
    register_static_files(app, watch=not configured.production)
    register_limits(app, configured)
    register_error_pages(app)
    register_guards(app)
    _register_csrf(app)
    if not configured.production:
        register_styleguide(app)


def _register_csrf(app: Flask) -> None:
    """Check browser requests that change something. The API reads no cookie, so it is free."""
    # the token lives as long as the browser's session: a form left open overnight still works
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None)
    protection = CSRFProtect(app)

    @app.before_request
    def _protect() -> None:
        view = app.view_functions.get(request.endpoint or "")
        if view is not None and vars(view).get("without_csrf"):
            return
        if app.config["WTF_CSRF_ENABLED"] and not request.path.startswith(f"{API_PREFIX}/"):
            protection.protect()
