"""Forms of the audit log: the filter, a hash that was noted, a file to take away."""

from collections.abc import Sequence
from typing import Final

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, Form, HiddenField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import AnyOf, Length, Optional, Regexp

from app.core.tables import TableFormat

_LONGEST: Final = 100
_HASH: Final = r"^\s*[0-9a-fA-F]{64}\s*$"


class AuditFilterForm(Form):  # type: ignore[misc]  # wtforms is untyped
    """How the log is narrowed; read from the address."""

    actor = StringField(_l("Who"), filters=[lambda text: (text or "")[:_LONGEST]])
    action = SelectField(_l("Act"), choices=[SelectChoice("", _l("all"))], validate_choice=False)
    subject = StringField(_l("On what"), filters=[lambda text: (text or "")[:_LONGEST]])
    since = DateField(_l("From"), validators=[Optional()])
    until = DateField(_l("To"), validators=[Optional()])

    def list_actions(self, actions: Sequence[str]) -> None:
        """Offer the acts that are in the log."""
        every = SelectChoice("", _l("all"))
        self.action.choices = [every, *(SelectChoice(one) for one in actions)]


class VerifyForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A hash that somebody noted before."""

    noted = StringField(
        _l("A hash noted before"),
        validators=[Optional(), Regexp(_HASH, message=_l("A hash has 64 hexadecimal digits."))],
    )


class ExportForm(FlaskForm, AuditFilterForm):  # type: ignore[misc]  # flask-wtf is untyped
    """The filter again, and what the file is to be."""

    actor = HiddenField(validators=[Length(max=_LONGEST)])
    action = HiddenField(validators=[Length(max=_LONGEST)])
    subject = HiddenField(validators=[Length(max=_LONGEST)])
    since = DateField(validators=[Optional()])
    until = DateField(validators=[Optional()])
    format = SelectField(
        _l("Format"),
        choices=[SelectChoice(one.value, one.value.upper()) for one in TableFormat],
        validators=[AnyOf([one.value for one in TableFormat])],
    )

    @property
    def kind(self) -> TableFormat:
        """The format that was chosen."""
        return TableFormat(self.format.data)
