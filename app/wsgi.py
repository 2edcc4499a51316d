"""Entry point of the web server."""

from app.factory import create_app

application = create_app()
