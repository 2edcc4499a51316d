"""The form of an overall board; what is allowed is decided by the operations."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectMultipleField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from app.core.i18n import choose_text
from app.overall.models import NAME_LENGTH, Basis, OverallBoard
from app.overall.operations import LONGEST_TITLE, Settings
from app.overall.words import BASES, METHODS
from app.problems.models import Problem
from scoring.aggregate import Method


class OverallForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Name, problems and method."""

    title_zh = StringField(
        _l("Title in Chinese"), validators=[DataRequired(), Length(max=LONGEST_TITLE)]
    )
    title_en = StringField(
        _l("Title in English"), validators=[DataRequired(), Length(max=LONGEST_TITLE)]
    )
    slug = StringField(_l("Address"), validators=[DataRequired(), Length(max=NAME_LENGTH)])
    method = RadioField(
        _l("Counted by"),
        choices=[SelectChoice(one.value, _l(word)) for one, word in METHODS.items()],
        default=Method.MEAN_RANK.value,
        validators=[InputRequired()],
    )
    basis = RadioField(
        _l("Which board of each problem"),
        choices=[SelectChoice(one.value, _l(word)) for one, word in BASES.items()],
        default=Basis.FINAL.value,
        validators=[InputRequired()],
    )
    problems = SelectMultipleField(
        _l("Problems"), widget=ListWidget(), option_widget=CheckboxInput()
    )

    def offer(self, problems: Sequence[Problem], locale: str) -> None:
        """Let these problems be chosen."""
        self.problems.choices = [
            SelectChoice(one.slug, choose_text(one.title, locale)) for one in problems
        ]

    def settings(self, problems: Sequence[Problem]) -> Settings:
        """Return what was filled in, out of the problems that were offered."""
        chosen = set(self.problems.data or [])
        return Settings(
            slug=(self.slug.data or "").strip(),
            title={
                "zh-Hans": " ".join((self.title_zh.data or "").split()),
                "en": " ".join((self.title_en.data or "").split()),
            },
            method=Method(self.method.data),
            basis=Basis(self.basis.data),
            problems=[one for one in problems if one.slug in chosen],
        )

    @classmethod
    def of(cls, overall: OverallBoard) -> "OverallForm":
        """Return a form filled with what is in force; what was sent comes first."""
        return cls(
            data={
                "title_zh": overall.title.get("zh-Hans", ""),
                "title_en": overall.title.get("en", ""),
                "slug": overall.slug,
                "method": overall.method.value,
                "basis": overall.basis.value,
                "problems": [one.slug for one in overall.problems],
            }
        )
