"""Forms of accounts. What is allowed is decided by the operations; forms only carry text."""

from typing import Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from app.accounts import names, passwords
from app.accounts.errors import (
    BadEmailError,
    BadNameError,
    BadPasswordError,
    EmailTakenError,
    NameTakenError,
    WrongPasswordError,
)
from app.core.errors import AppError
from app.core.i18n import Locale

LONGEST_EMAIL: Final = 254
LONGEST_LABEL: Final = 64
# each language in its own words
LANGUAGES: Final = [
    SelectChoice(Locale.ZH_HANS.value, "简体中文"),
    SelectChoice(Locale.ZH_HANT.value, "繁體中文"),
    SelectChoice(Locale.EN.value, "English"),
]

_FIELDS: Final[dict[type[AppError], str]] = {
    BadEmailError: "email",
    EmailTakenError: "email",
    BadNameError: "name",
    NameTakenError: "name",
    BadPasswordError: "password",
    WrongPasswordError: "present",
}


class SignInForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """E-mail and password."""

    email = EmailField(
        _l("E-mail"),
        [InputRequired(), Length(max=LONGEST_EMAIL)],
        render_kw={"autocomplete": "username"},
    )
    password = PasswordField(
        _l("Password"), [InputRequired()], render_kw={"autocomplete": "current-password"}
    )
    next = HiddenField()


class SignUpForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """One name, as it is written; e-mail and password."""

    name = StringField(
        _l("Full name"),
        [InputRequired()],
        render_kw={"autocomplete": "name", "maxlength": names.LONGEST},
    )
    email = EmailField(
        _l("E-mail"),
        [InputRequired(), Length(max=LONGEST_EMAIL)],
        render_kw={"autocomplete": "email"},
    )
    password = PasswordField(
        _l("Password"),
        [InputRequired()],
        render_kw={"autocomplete": "new-password", "minlength": passwords.SHORTEST},
    )
    next = HiddenField()


class NameForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What others read."""

    name = StringField(
        _l("Full name"),
        [InputRequired()],
        render_kw={"autocomplete": "name", "maxlength": names.LONGEST},
    )


class LanguageForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """The language of pages and messages."""

    locale = SelectField(_l("Language"), choices=LANGUAGES)


class PasswordForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """The present password and a new one."""

    present = PasswordField(
        _l("Present password"), [InputRequired()], render_kw={"autocomplete": "current-password"}
    )
    password = PasswordField(
        _l("New password"),
        [InputRequired()],
        render_kw={"autocomplete": "new-password", "minlength": passwords.SHORTEST},
    )


class ResetForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """A new password, set with a link."""

    password = PasswordField(
        _l("New password"),
        [InputRequired()],
        render_kw={"autocomplete": "new-password", "minlength": passwords.SHORTEST},
    )


class TokenForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is untyped
    """What a token is for, in its owner's words."""

    label = StringField(
        _l("What it is for"),
        [DataRequired(), Length(max=LONGEST_LABEL)],
        default="",
        filters=[str.strip],
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
