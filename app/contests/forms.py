"""Forms of contests."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from app.contests.operations import LONGEST_BODY, LONGEST_TITLE, Notice


class _Both:
    """Refuses a field that is left empty where its other half is filled in."""

    def __init__(self, other: str) -> None:
        self.other = other

    def __call__(self, form: FlaskForm, field: StringField) -> None:
        """Check one field.

        Raises:
            ValidationError: the other one is filled in and this one is not.
        """
        if (form[self.other].data or "").strip() and not (field.data or "").strip():
            raise ValidationError(_l("Fill in both English fields, or neither."))


class AnnouncementForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A title and a text in Markdown, in Chinese and, where wanted, in English."""

    title = StringField(_l("Title"), validators=[DataRequired(), Length(max=LONGEST_TITLE)])
    body = TextAreaField(
        _l("Text (Markdown)"), validators=[DataRequired(), Length(max=LONGEST_BODY)]
    )
    title_en = StringField(
        _l("Title in English"), validators=[Length(max=LONGEST_TITLE), _Both("body_en")]
    )
    body_en = TextAreaField(
        _l("Text in English (Markdown)"), validators=[Length(max=LONGEST_BODY), _Both("title_en")]
    )

    def notice(self) -> Notice:
        """Return what is to be announced."""
        fields = (self.title, self.body, self.title_en, self.body_en)
        return Notice(*(field.data or "" for field in fields))


class ContestAnnouncementForm(AnnouncementForm):
    """An announcement for a whole contest; the choices are filled in by the view."""

    contest = SelectField(_l("Contest"), validators=[InputRequired()])
