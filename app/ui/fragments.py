"""Parts of pages that are rendered once and set into many."""

from flask import render_template
from markupsafe import Markup


def render_fragment(template: str, **context: object) -> Markup:
    """Return a rendered template as markup: its engine has escaped every value in it."""
    return Markup(render_template(template, **context))  # noqa: S704 — escaped by the template
