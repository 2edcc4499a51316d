"""Forms of contests."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from app.contests.operations import LONGEST_BODY, LONGEST_TITLE


class AnnouncementForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A title and a text in Markdown."""

    title = StringField(_l("Title"), validators=[DataRequired(), Length(max=LONGEST_TITLE)])
    body = TextAreaField(
        _l("Text (Markdown)"), validators=[DataRequired(), Length(max=LONGEST_BODY)]
    )


class ContestAnnouncementForm(AnnouncementForm):
    """An announcement for a whole contest; the choices are filled in by the view."""

    contest = SelectField(_l("Contest"), validators=[InputRequired()])
