"""Forms of teams. What is allowed is decided by the operations; forms only carry text."""

from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, StringField
from wtforms.validators import InputRequired, Length

from app.accounts import names
from app.accounts.errors import BadEmailError, BadNameError
from app.core.errors import AppError
from app.teams.errors import (
    AffiliationError,
    TeamFullError,
    TeamNameTakenError,
    TooManyInvitationsError,
    UnknownInviteCodeError,
)
from app.teams.models import AFFILIATION_LENGTH

LONGEST_CODE: Final = 32
LONGEST_EMAIL: Final = 254

_FIELDS: Final[dict[type[AppError], str]] = {
    BadNameError: "name",
    TeamNameTakenError: "name",
    UnknownInviteCodeError: "code",
    TeamFullError: "code",
    BadEmailError: "email",
    TooManyInvitationsError: "email",
    AffiliationError: "affiliation",
}


class NameForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What a team is called."""

    name = StringField(_l("Team name"), [InputRequired()], render_kw={"maxlength": names.LONGEST})


class JoinForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """An invite code."""

    code = StringField(
        _l("Invite code"),
        [InputRequired(), Length(max=LONGEST_CODE)],
        render_kw={"autocomplete": "off", "autocapitalize": "characters"},
    )


class InviteForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Whom to invite."""

    email = EmailField(
        _l("E-mail"),
        [InputRequired(), Length(max=LONGEST_EMAIL)],
        render_kw={"autocomplete": "off"},
    )


class AffiliationForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """Where a team is from."""

    affiliation = StringField(
        _l("School or company"), default="", render_kw={"maxlength": AFFILIATION_LENGTH}
    )


def place_error(form: FlaskForm, error: AppError) -> None:
    """Show a refusal next to the field it is about.

    Raises:
        AppError: the error itself, when it is about none of the form's fields.
    """
    name = next((_FIELDS[kind] for kind in type(error).__mro__ if kind in _FIELDS), "")
    if name not in form:
        raise error
    form[name].errors = (*form[name].errors, _(error.message, **error.params))
