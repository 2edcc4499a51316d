"""Forms of teams on the boards: what is allowed is decided by the operations."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField


class ClassForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Which division a team is in, and whether it competes."""

    division = SelectField(_l("Division"), choices=[], validate_choice=False)
    pinned = BooleanField(_l("Organisers’ entry: shown beside the board, never ranked"))


class ReasonForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Why a team is out, or back; the team reads it, and it goes into the audit log."""

    reason = StringField(_l("Reason"))
