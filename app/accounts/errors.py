"""How an account, a password or a token can be refused."""

from app.core.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from app.core.i18n import N_


class UserNotFoundError(NotFoundError):
    """No such person."""

    code = "user_not_found"
    message = N_("There is no such account.")


class TokenNotFoundError(NotFoundError):
    """No such token, or somebody else's."""

    code = "token_not_found"
    message = N_("There is no such token.")


class SignUpClosedError(ForbiddenError):
    """The organisers create accounts themselves."""

    code = "sign_up_closed"
    message = N_("Sign-up is closed. Please ask the organisers for an account.")


class WrongCredentialsError(InvalidError):
    """Unknown e-mail address or wrong password; nobody is told which."""

    code = "wrong_credentials"
    message = N_("The e-mail address or the password is wrong.")


class WrongPasswordError(InvalidError):
    """The present password was asked for and is another."""

    code = "wrong_password"
    message = N_("This is not your present password.")


class AccountDisabledError(ForbiddenError):
    """The organisers have disabled the account."""

    code = "account_disabled"
    message = N_("This account has been disabled. Please ask the organisers.")


class AccountDisabledWithReasonError(AccountDisabledError):
    """The same, with what the organisers gave as their reason."""

    message = N_("This account has been disabled: %(reason)s. Please ask the organisers.")


class DisablingReasonError(InvalidError):
    """Nobody is shut out without being told why."""

    code = "disabling_reason"
    message = N_("Disabling an account needs a reason. The person reads it when they sign in.")


class DemoAccountError(ForbiddenError):
    """An account whose password is published does not work for real contests."""

    code = "demo_account"
    message = N_("Demo accounts do not work on this site.")


class EmailTakenError(ConflictError):
    """Somebody has an account with the address."""

    code = "email_taken"
    message = N_("There is already an account with this e-mail address.")


class NameTakenError(ConflictError):
    """So many people of one name signed up at once that no number was free."""

    code = "name_taken"
    message = N_("Somebody took this name at the same moment. Please try again.")


class BadEmailError(InvalidError):
    """Not an e-mail address."""

    code = "bad_email"
    message = N_("This is not a usable e-mail address.")


class BadNameError(InvalidError):
    """Base of what can be wrong with a name."""

    code = "bad_name"
    message = N_("This name cannot be used.")


class NameLengthError(BadNameError):
    """Too short or too long."""

    message = N_("A name has %(shortest)s to %(longest)s characters.")


class NameCharacterError(BadNameError):
    """A character that is invisible, unassigned or no part of a name."""

    message = N_("The character %(character)s cannot be in a name.")


class NameWithoutLetterError(BadNameError):
    """Only digits and marks."""

    message = N_("A name needs at least one letter or Chinese character.")


class BadPasswordError(InvalidError):
    """Base of what can be wrong with a new password."""

    code = "bad_password"
    message = N_("This password cannot be used.")


class PasswordLengthError(BadPasswordError):
    """Too short to resist guessing, or longer than anybody types."""

    message = N_("A password has %(shortest)s to %(longest)s characters.")


class PasswordGuessableError(BadPasswordError):
    """The address or the name itself, or one character over and over."""

    message = N_("This password is too easy to guess.")


class TooManyTokensError(ConflictError):
    """A person keeps a bounded number of tokens."""

    code = "too_many_tokens"
    message = N_("You have %(limit)s tokens. Revoke one you no longer use first.")


class ResetLinkError(NotFoundError):
    """A password link that was used, has expired or never existed."""

    code = "reset_link"
    message = N_("This link has been used or has expired. Please ask the organisers for another.")
