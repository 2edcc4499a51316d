"""Forms of submissions: what is allowed is decided by the operations; forms only carry text."""

from typing import Final

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import Form, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length

from app.core.i18n import N_
from app.evaluations.models import State
from app.submissions.models import Kind
from app.submissions.operations import NOTE_LENGTH
from app.ui.words import STATES

KINDS: Final = {Kind.PREDICTIONS: N_("Predictions"), Kind.CODE: N_("Code")}
_REASON_LENGTH: Final = 300


class SubmitForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """One file, what it is, and a note to oneself."""

    kind = RadioField(_l("What are you submitting?"))
    board = RadioField(_l("Board"))
    file = FileField(_l("File"), validators=[FileRequired(_l("Please choose a file."))])
    note = StringField(_l("Note"), validators=[Length(max=NOTE_LENGTH)])


class DebugForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A zip of code to try, and a note to oneself."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Please choose a file."))])
    note = StringField(_l("Note"), validators=[Length(max=NOTE_LENGTH)])


class RetractForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Why a submission is taken off the boards; the reason goes into the audit log."""

    reason = TextAreaField(_l("Reason"), validators=[DataRequired(), Length(max=_REASON_LENGTH)])


class FilterForm(Form):  # type: ignore[misc]  # wtforms is untyped
    """How the staff's list is narrowed; read from the address."""

    problem = SelectField(_l("Problem"), choices=[], validate_choice=False)
    state = SelectField(
        _l("State"),
        choices=[
            SelectChoice("", _l("all")),
            *(SelectChoice(state.value, _l(STATES[state])) for state in State),
        ],
    )
