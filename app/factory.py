"""The Flask application factory."""

from datetime import timedelta
from typing import Final

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.accounts import staff_views as accounts_staff_views
from app.accounts import views as accounts_views
from app.accounts.hooks import attach_account_hooks
from app.accounts.identity import register_identity
from app.bulk import staff_views as bulk_staff_views
from app.bundles import staff_views as bundles_staff_views
from app.compute import image_api, image_views
from app.contests import setup_views as contests_setup_views
from app.contests import staff_views as contests_staff_views
from app.contests import views as contests_views
from app.contests.hooks import attach_contest_hooks
from app.contributions import contributions
from app.core import api_docs
from app.core.current import attach
from app.core.platform import Platform
from app.discussions import views as discussions_views
from app.evaluations import api as submissions_api
from app.evaluations import choice_api, choice_views, debug_views, own_views, upload_views
from app.evaluations import staff_views as submissions_staff_views
from app.evaluations import views as submissions_views
from app.home import audit_views
from app.home import staff_views as home_staff_views
from app.home import views as home_views
from app.insights import staff_views as insights_staff_views
from app.insights.visits import register_visits
from app.judging import staff_views as judging_staff_views
from app.judging import views as judging_views
from app.leaderboards import api as leaderboards_api
from app.leaderboards import staff_views as leaderboards_staff_views
from app.leaderboards import views as leaderboards_views
from app.notifications import views as notifications_views
from app.overall import api as overall_api
from app.overall import staff_views as overall_staff_views
from app.overall import views as overall_views
from app.problems import api as problems_api
from app.problems import lifecycle_views as problems_lifecycle_views
from app.problems import staff_views as problems_staff_views
from app.problems import statement_views as problems_statement_views
from app.problems import views as problems_views
from app.problems.contest_side import contest_contributions
from app.problems.hooks import attach_hooks
from app.rescoring import staff_views as rescoring_staff_views
from app.settings import Settings, secret_key, settings_or_exit
from app.similarity import staff_views as similarity_staff_views
from app.teams import staff_views as teams_staff_views
from app.teams import views as teams_views
from app.teams.account_side import account_contributions
from app.teamwork import views as teamwork_views
from app.ui.edge import register_edge
from app.uploads import api as uploads_api
from app.uploads import views as uploads_views
from app.wiring import build_platform

BLUEPRINTS: Final[tuple[Blueprint, ...]] = (
    home_views.blueprint,
    home_staff_views.blueprint,
    audit_views.blueprint,
    accounts_views.blueprint,
    accounts_staff_views.blueprint,
    contests_views.blueprint,
    contests_staff_views.blueprint,
    contests_setup_views.blueprint,
    problems_views.blueprint,
    problems_staff_views.blueprint,
    problems_lifecycle_views.blueprint,
    problems_statement_views.blueprint,
    problems_api.blueprint,
    discussions_views.blueprint,
    notifications_views.blueprint,
    notifications_views.mail_blueprint,
    image_views.blueprint,
    image_api.blueprint,
    teams_views.blueprint,
    uploads_views.blueprint,
    uploads_api.blueprint,
    teams_staff_views.blueprint,
    submissions_views.blueprint,
    own_views.blueprint,
    submissions_staff_views.blueprint,
    debug_views.blueprint,
    upload_views.blueprint,
    submissions_api.blueprint,
    choice_views.blueprint,
    choice_api.blueprint,
    teamwork_views.blueprint,
    leaderboards_views.blueprint,
    leaderboards_staff_views.blueprint,
    leaderboards_api.blueprint,
    overall_views.blueprint,
    overall_staff_views.blueprint,
    overall_api.blueprint,
    judging_staff_views.blueprint,
    judging_views.blueprint,
    similarity_staff_views.blueprint,
    rescoring_staff_views.blueprint,
    bundles_staff_views.blueprint,
    bulk_staff_views.blueprint,
    insights_staff_views.blueprint,
    api_docs.blueprint,
)


def create_app(settings: Settings | None = None, platform: Platform | None = None) -> Flask:
    """Assemble the application; without arguments, from the environment."""
    configured = settings or settings_or_exit()
    app = Flask("app", static_folder=None)
    app.config.update(
        SECRET_KEY=secret_key(configured),
        MAX_CONTENT_LENGTH=configured.max_upload_bytes,
        MAX_FORM_MEMORY_SIZE=1 << 20,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=configured.production or configured.secure_cookies,
        PERMANENT_SESSION_LIFETIME=timedelta(days=14),
    )
    if configured.trusted_proxies:
        hops = configured.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    attach(app, platform or build_platform(configured), configured)
    attach_hooks(app, contributions())
    attach_account_hooks(app, account_contributions())
    attach_contest_hooks(app, contest_contributions())
    register_identity(app)
    register_edge(app)
    register_visits(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app
