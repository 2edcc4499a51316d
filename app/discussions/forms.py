"""Forms of discussions. What is allowed is decided by the operations; forms only carry text."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from app.discussions.operations import LONGEST_BODY, LONGEST_TITLE


class PostForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A text in Markdown."""

    body = TextAreaField(
        _l("Text (Markdown)"), validators=[DataRequired(), Length(max=LONGEST_BODY)]
    )


class ThreadForm(PostForm):
    """A title and a text."""

    title = StringField(_l("Title"), validators=[DataRequired(), Length(max=LONGEST_TITLE)])
