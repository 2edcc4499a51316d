"""Writes a mail: subject, plain text and simple HTML, in the language of who gets it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final
from urllib.parse import urlsplit

from flask import render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from app.accounts.models import User
from app.core.clock import BEIJING
from app.core.i18n import DEFAULT_LOCALE, Locale
from app.core.mail import Mailer
from app.core.platform import Platform
from app.notifications.models import Notification, OutgoingMail, Topic
from app.notifications.unsubscribing import Stop, seal_stop
from app.notifications.words import NAMES, say

MOST_LISTED: Final = 50
_BABEL: Final = {Locale.ZH_HANS: "zh_Hans", Locale.ZH_HANT: "zh_Hant", Locale.EN: "en"}
_SETTINGS_PATH: Final = "/notifications"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing a mail tells, with where it leads and when it was."""

    text: str
    url: str
    at: str


@dataclass(frozen=True, slots=True)
class Told:
    """What one mail says, to whom, and how it is stopped."""

    person: User
    lines: Sequence[Line]
    count: int
    """Of all there is to say; the lines are at most `MOST_LISTED` of them."""
    stop: str
    """The link that stops such mails."""
    topic: Topic | None
    """What kind they are, where they are of one."""

    @property
    def has_more(self) -> bool:
        """Whether there is more to say than is said."""
        return self.count > len(self.lines)


def write_mail(
    port: Platform,
    mailer: Mailer,
    mail: OutgoingMail,
    items: Sequence[Notification],
    *,
    now: datetime,
) -> EmailMessage:
    """Write a mail about one thing, or about several.

    Sent again it has the same Message-ID, so that a server which took it already can tell.
    """
    person = mail.user
    topics = {one.topic for one in items}
    topic = topics.pop() if len(topics) == 1 else None
    link = f"{mailer.site_url}/mails/stop/{seal_stop(port.seal, Stop(person.id, topic))}"
    with _in_language_of(person) as locale:
        lines = [_line(mailer, one, locale) for one in items[:MOST_LISTED]]
        message = _envelope(mailer, person, now)
        message["Subject"] = _subject(lines, len(items))
        message["Message-ID"] = f"<mail-{mail.id}.{port.installation}@{_domain(mailer)}>"
        message["List-Unsubscribe"] = f"<{link}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        _fill(message, mailer, Told(person, lines, len(items), link, topic), locale)
    return message


def write_test_mail(mailer: Mailer, address: str, *, now: datetime) -> EmailMessage:
    """Write a mail that only shows that mails arrive."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = mailer.sender, address
    message["Date"] = format_datetime(now)
    message["Auto-Submitted"] = "auto-generated"
    with force_locale(_BABEL[DEFAULT_LOCALE]):
        message["Subject"] = _("Baijing: this is a test mail")
        message.set_content(
            _("If you can read this, %(site)s can send mails.", site=mailer.site_url) + "\n"
        )
    return message


@contextmanager
def _in_language_of(person: User) -> Iterator[Locale]:
    locale = Locale(person.locale) if person.locale in set(Locale) else DEFAULT_LOCALE
    with force_locale(_BABEL[locale]):
        yield locale


def _line(mailer: Mailer, one: Notification, locale: Locale) -> Line:
    return Line(
        text=say(one.topic, one.facts, locale),
        url=f"{mailer.site_url}{_SETTINGS_PATH}/{one.id}",
        at=one.created_at.astimezone(BEIJING).strftime("%m-%d %H:%M"),
    )


def _subject(lines: Sequence[Line], count: int) -> str:
    if count == 1:
        return lines[0].text
    several: str = _("%(n)s things happened at Baijing", n=count)
    return several


def _envelope(mailer: Mailer, person: User, now: datetime) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = mailer.sender
    message["To"] = Address(display_name=person.name, addr_spec=person.email)
    message["Date"] = format_datetime(now)
    message["Auto-Submitted"] = "auto-generated"
    return message


def _fill(message: EmailMessage, mailer: Mailer, told: Told, locale: Locale) -> None:
    """Write the two forms of the text. A link leads through the site, which then knows it read."""
    said = {
        "greeting": _("Hello %(name)s,", name=told.person.name),
        "more": _("… and %(n)s more on the site.", n=told.count - len(told.lines)),
        "why": _(
            "You get this mail because you have an account at %(site)s.", site=mailer.site_url
        ),
        "stop": _("No more mails from Baijing")
        if told.topic is None
        else _("No more mails of this kind (%(kind)s)", kind=_(NAMES[told.topic])),
        "choose": _("Choose what is mailed to you"),
        "zone": _("Times are Beijing time."),
    }
    choose = f"{mailer.site_url}{_SETTINGS_PATH}"
    text = [said["greeting"], ""]
    for line in told.lines:
        text += [f"{line.at}  {line.text}", f"    {line.url}", ""]
    text += [said["more"], ""] if told.has_more else []
    text += ["-- ", said["zone"], said["why"]]
    text += [f"{said['choose']}: {choose}", f"{said['stop']}: {told.stop}", ""]
    message.set_content("\n".join(text))
    page = render_template(
        "notifications/mail.html",
        said=said,
        lines=told.lines,
        more=told.has_more,
        choose=choose,
        stop=told.stop,
        language=locale.value,
    )
    message.add_alternative(page, subtype="html")
    message["Content-Language"] = locale.value  # after the content, which takes it off


def _domain(mailer: Mailer) -> str:
    sender = parseaddr(mailer.sender)[1]
    return sender.rpartition("@")[2] or urlsplit(mailer.site_url).hostname or "localhost"
