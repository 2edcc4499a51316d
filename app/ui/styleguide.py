"""The sheet of components, each in each state: served in development, absent in production."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Final

from flask import Flask, render_template
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Form, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired

from app.core.pagination import Page, PageRequest
from app.core.web import Access, access
from app.ui.words import AREAS, STATES, VERDICTS

COLOURS: Final = (
    ("--paper", "--paper-2", "--surface", "--rule", "--rule-strong", "--idle", "--ink-2", "--ink"),
    ("--accent-wash", "--accent", "--accent-ink", "--on-accent"),
    ("--good-wash", "--good", "--warn-wash", "--warn", "--bad-wash", "--bad"),
    tuple(f"--area-{area}" for area in AREAS),
    ("--pane", "--pane-ink", "--pane-2"),
)
"""The colour tokens in groups; a test holds that none is missing."""
SIZES: Final = ("--t-13", "--t-15", "--t-17", "--t-21", "--t-28", "--t-40")
_INSTANT: Final = datetime(2026, 6, 30, 9, 0, tzinfo=UTC)
_TIMELINES: Final[Mapping[str, tuple[str, ...]]] = {
    "queued": ("done", "done", "now", "ahead", "ahead", "ahead"),
    "running": ("done", "done", "done", "now", "ahead", "ahead"),
    "failed": ("done", "done", "done", "failed", "skipped", "skipped"),
    "scored": ("done", "done", "done", "done", "done", "done"),
}


class SampleForm(Form):  # type: ignore[misc]  # wtforms is untyped
    """One field of each kind."""

    text = StringField(_l("Note"))
    area = SelectField(
        _l("Area"), choices=[SelectChoice(key, _l(name)) for key, name in AREAS.items()]
    )
    kind = RadioField(
        _l("State"), choices=[SelectChoice(key, _l(STATES[key])) for key in ("open", "closed")]
    )
    agreed = BooleanField(_l("I have read it"))
    reason = TextAreaField(_l("Reason"), validators=[InputRequired(_l("Please say why."))])


def register_styleguide(app: Flask) -> None:
    """Serve the sheet at `/styleguide`; to be called in development alone."""

    @access(Access.ANYONE)
    def styleguide() -> str:
        form = SampleForm(MultiDict({"area": next(iter(AREAS)), "kind": "open"}))
        form.validate()
        return render_template(
            "ui/styleguide.html",
            colours=COLOURS,
            sizes=SIZES,
            states=tuple(STATES),
            verdicts=tuple(VERDICTS),
            areas=tuple(AREAS),
            timelines=_TIMELINES,
            form=form,
            page=Page([], 60, PageRequest(page=2)),
            sample=SimpleNamespace(instant=_INSTANT, digest="9f86d081884c7d65" * 4),
        )

    app.add_url_rule("/styleguide", endpoint="styleguide", view_func=styleguide)
