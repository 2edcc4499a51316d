"""Forms of re-scores."""

from typing import Final

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

_LONGEST_REASON: Final = 500


class StageForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """The upload of a corrected pack, and why."""

    pack = FileField(_l("Corrected pack (zip)"), validators=[FileRequired()])
    reason = TextAreaField(
        _l("Why it is scored again"), validators=[DataRequired(), Length(max=_LONGEST_REASON)]
    )
