"""Forms of re-scores."""

from typing import Final

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from app.contests.operations import LONGEST_BODY, LONGEST_TITLE
from app.rescoring.operations import Words

_LONGEST_REASON: Final = 500
_HALF: Final = LONGEST_BODY // 2 - 20


class StageForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """The upload of a corrected pack, and why."""

    pack = FileField(_l("Corrected pack (zip)"), validators=[FileRequired()])
    reason = TextAreaField(
        _l("Why it is scored again"), validators=[DataRequired(), Length(max=_LONGEST_REASON)]
    )


class PublishForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """The announcement that goes with the new scores."""

    title = StringField(
        _l("Title of the announcement"), validators=[DataRequired(), Length(max=LONGEST_TITLE)]
    )
    text_zh = TextAreaField(
        _l("Text in Chinese (Markdown)"), validators=[DataRequired(), Length(max=_HALF)]
    )
    text_en = TextAreaField(
        _l("Text in English (Markdown)"), validators=[Optional(), Length(max=_HALF)]
    )

    def words(self) -> Words:
        """Return the announcement: both languages in one text, the Chinese one first."""
        texts = [(text.data or "").strip() for text in (self.text_zh, self.text_en)]
        return Words(self.title.data or "", "\n\n---\n\n".join(text for text in texts if text))
