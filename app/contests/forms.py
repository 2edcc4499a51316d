"""Forms of contests."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from app.contests.operations import LONGEST_BODY, LONGEST_TITLE, Notice
from app.contests.setting_up import ContestText
from app.ui.words import AREAS
from problems.spec import Area


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


class ContestForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A contest as it is edited. What is allowed is decided by `setting_up`."""

    slug = StringField(_l("Name in addresses"), validators=[InputRequired()])
    seen = HiddenField()
    title_zh = StringField(_l("Title in Chinese"), validators=[InputRequired()])
    title_en = StringField(_l("Title in English"), validators=[InputRequired()])
    description_zh = TextAreaField(_l("Description in Chinese (Markdown)"))
    description_en = TextAreaField(_l("Description in English (Markdown)"))
    terms_zh = TextAreaField(_l("Terms in Chinese (Markdown)"))
    terms_en = TextAreaField(_l("Terms in English (Markdown)"))
    areas = SelectMultipleField(
        _l("Areas"),
        choices=[SelectChoice(area.value, _l(AREAS[area])) for area in Area],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    starts_at = StringField(_l("Contest begins"))
    ends_at = StringField(_l("Contest ends"))
    a_opens_at = StringField(_l("Stage A opens"))
    a_closes_at = StringField(_l("Stage A closes"))
    b_opens_at = StringField(_l("Stage B opens"))
    b_closes_at = StringField(_l("Stage B closes"))
    approves_teams = BooleanField(_l("A team may submit only after an organiser has approved it"))

    def as_text(self) -> ContestText:
        """Return what was typed."""
        names = ContestText.__dataclass_fields__.keys() - {"areas", "approves_teams"}
        return ContestText(
            **{name: self[name].data or "" for name in names},
            areas=tuple(self.areas.data or ()),
            approves_teams=bool(self.approves_teams.data),
        )
