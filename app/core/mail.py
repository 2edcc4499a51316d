"""Mail: one port that hands messages to a server, and its SMTP implementation."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
from typing import Final, Protocol

_PATIENCE_S: Final = 20.0
_PERMANENT: Final = 500


class MailServerError(Exception):
    """The server cannot be used now: nothing is wrong with the message."""


class MailRefusedError(Exception):
    """The server refused this message; `for_good` says that trying again is of no use."""

    def __init__(self, reason: str, *, for_good: bool) -> None:
        super().__init__(reason)
        self.for_good = for_good


class MailLine(Protocol):
    """An open connection to the server."""

    def send(self, message: EmailMessage) -> None:
        """Hand one message over.

        Raises:
            MailRefusedError: it is not taken.
            MailServerError: the connection broke.
        """


class Mailer(Protocol):
    """Who sends mails, and as whom."""

    @property
    def sender(self) -> str:
        """The address in From, with the name that people read."""

    @property
    def site_url(self) -> str:
        """What links in mails begin with, without a slash at the end."""

    def open(self) -> AbstractContextManager[MailLine]:
        """Connect.

        Raises:
            MailServerError: the server cannot be reached, or does not let us in.
        """


class Encryption(StrEnum):
    """How the connection is protected."""

    NONE = "smtp"
    STARTTLS = "smtp+tls"
    """In the clear until the server has answered, then encrypted, or not used at all."""
    TLS = "smtps"


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """A mail server that speaks SMTP."""

    host: str
    port: int
    encryption: Encryption
    user: str
    password: str
    sender: str
    site_url: str

    @contextmanager
    def open(self) -> Iterator[MailLine]:
        """Connect, encrypt and log in; see `Mailer.open`."""
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise MailServerError(_reason(error)) from error
        try:
            yield _SmtpLine(server)
        finally:
            _hang_up(server)

    def _connect(self) -> smtplib.SMTP:
        safe = ssl.create_default_context()
        if self.encryption is Encryption.TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=_PATIENCE_S, context=safe
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=_PATIENCE_S)
        try:
            if self.encryption is Encryption.STARTTLS:
                server.starttls(context=safe)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            _hang_up(server)
            raise
        return server


@dataclass(frozen=True, slots=True)
class _SmtpLine:
    server: smtplib.SMTP

    def send(self, message: EmailMessage) -> None:
        try:
            self.server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise MailRefusedError(_said(code, said), for_good=code >= _PERMANENT) from error
        except smtplib.SMTPResponseException as error:
            for_good = error.smtp_code >= _PERMANENT
            reason = _said(error.smtp_code, error.smtp_error)
            raise MailRefusedError(reason, for_good=for_good) from error
        except (OSError, smtplib.SMTPException) as error:
            raise MailServerError(_reason(error)) from error


def _hang_up(server: smtplib.SMTP) -> None:
    """Part politely where the server still listens; what was taken is taken either way."""
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _said(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {words}"
