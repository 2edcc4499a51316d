"""Forms of merging. What is allowed is decided by the operations; forms only carry text."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired

from app.accounts import names


class MergeForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """The name of the team one wants to become part of."""

    partner = StringField(
        _l("Name of the other team"),
        [InputRequired()],
        render_kw={"maxlength": names.NAME_COLUMN, "autocomplete": "off"},
    )
