"""What is told goes by mail as its reader wants it: to a real SMTP server, once, or later."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from typing_extensions import override

from app.accounts.models import User
from app.core.db import Database
from app.core.mail import Encryption, SmtpMailer
from app.core.platform import Platform
from app.factory import create_app
from app.notifications.models import Delivery, MailState, Notification, OutgoingMail, Topic
from app.notifications.operations import choose_deliveries, notify
from app.notifications.outbox import CLAIM, MOST_ATTEMPTS, claim, finish
from app.notifications.postman import Postman
from app.settings import Settings
from tests.factories import make_user
from tests.fakes.ports import FrozenClock
from tests.fakes.smtp import Mailbox, serving_mail

if TYPE_CHECKING:
    from app.notifications.operations import Fact

pytestmark = [pytest.mark.functional, pytest.mark.enable_socket]

SignIn = Callable[[User], None]
SITE = "https://baijing.example.org"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with serving_mail() as box:
        yield box


@pytest.fixture
def platform(platform: Platform, mailbox: Mailbox) -> Platform:
    mailer = SmtpMailer(
        host="127.0.0.1",
        port=mailbox.port,
        encryption=Encryption.NONE,
        user="",
        password="",
        sender="百景大赛 <noreply@example.org>",
        site_url=SITE,
    )
    return replace(platform, mailer=mailer)


@pytest.fixture
def app(settings: Settings, platform: Platform) -> Flask:
    built = create_app(settings, platform)
    built.testing = True
    built.config["WTF_CSRF_ENABLED"] = False
    return built


class PostmanInApp(Postman):
    """Goes round in an application, as the scheduler's thread does."""

    def __init__(self, app: Flask, port: Platform) -> None:
        super().__init__(port)
        self.app = app

    @override
    def go_round(self) -> int:
        with self.app.app_context():
            return super().go_round()


@pytest.fixture
def postman(app: Flask, platform: Platform) -> Postman:
    return PostmanInApp(app, platform)


@pytest.fixture
def people(database: Database) -> list[User]:
    with database.transaction() as session:
        people = [make_user(session, name=name) for name in ("张伟", "Li Lei")]
        people[1].locale = "en"
    return people


def tell(
    database: Database,
    people: list[User],
    topic: Topic = Topic.QUESTION,
    *,
    now: datetime,
    key: str | None = None,
) -> None:
    facts: dict[str, Fact] = {
        "submission": "#7",
        "problem": {"zh-Hans": "缺陷", "en": "Defects"},
        "reason": "错",
    }
    with database.transaction() as session:
        notify(session, [one.id for one in people], topic, facts, "/x", now=now, key=key)


def mails(database: Database) -> list[tuple[MailState, int]]:
    with database.reading() as session:
        found = session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)).all()
        return [(one.state, one.attempts) for one in found]


def test_a_question_reaches_everybody_in_their_language_and_once(
    people: list[User],
    database: Database,
    clock: FrozenClock,
    postman: Postman,
    mailbox: Mailbox,
) -> None:
    for _ in range(2):
        tell(database, people, now=clock.now(), key="question:1")
    assert postman.go_round() == 2
    assert postman.go_round() == 0
    chinese, english = mailbox.messages
    assert "评委" in chinese["Subject"]
    assert "“缺陷”" in chinese["Subject"]
    assert english["Subject"] == "The judges ask your team about submission #7 in “Defects”."
    assert chinese["From"] == "百景大赛 <noreply@example.org>"
    assert people[0].email in chinese["To"]
    assert (chinese["Content-Language"], english["Content-Language"]) == ("zh-Hans", "en")
    assert chinese["Auto-Submitted"] == "auto-generated"
    page = english.get_body(("html",))
    assert page is not None
    for text in (mailbox.text(), page.get_content()):
        assert f"{SITE}/notifications/" in text
        assert f"{SITE}/mails/stop/" in text
    assert mails(database) == [(MailState.SENT, 1)] * 2


def test_a_hostile_name_is_text_in_a_mail(
    database: Database, clock: FrozenClock, postman: Postman, mailbox: Mailbox, people: list[User]
) -> None:
    facts = {"who": "<script>x</script>", "title": "a\r\nBcc: all@example.org\r\n\r\nb"}
    with database.transaction() as session:
        choose_deliveries(session, people[1].id, {Topic.REPLY: Delivery.AT_ONCE}, mails=True)
        notify(session, [people[1].id], Topic.REPLY, facts, "/x", now=clock.now())
    assert postman.go_round() == 1
    message = mailbox.messages[0]
    assert "Bcc" not in message
    assert message["Subject"].endswith("“a Bcc: all@example.org b”.")
    page = message.get_body(("html",))
    assert page is not None
    assert "<script>" not in page.get_content()


def test_the_daily_mail_holds_what_is_unread_of_one_day(
    client: FlaskClient,
    sign_in: SignIn,
    people: list[User],
    database: Database,
    clock: FrozenClock,
    postman: Postman,
    mailbox: Mailbox,
) -> None:
    clock.instant = datetime(2030, 1, 1, 4, tzinfo=UTC)  # noon in Beijing
    for _ in range(3):
        tell(database, people, Topic.SCORED, now=clock.now())
    postman.go_round()
    with database.reading() as session:
        first = session.scalars(
            select(Notification.id).where(Notification.user_id == people[0].id)
        ).first()
    sign_in(people[0])
    client.get(f"/notifications/{first}")
    sign_in(people[1])
    client.post("/notifications/read")
    clock.instant = datetime(2030, 1, 1, 23, 59, tzinfo=UTC)
    tell(database, people[:1], Topic.FAILED, now=clock.now())
    assert postman.go_round() == 0
    clock.instant = datetime(2030, 1, 2, 0, 6, tzinfo=UTC)  # just after eight
    assert postman.go_round() == 1  # who has read everything gets none
    assert "3" in mailbox.messages[0]["Subject"]
    assert mailbox.text().count(f"{SITE}/notifications/") == 3
    assert sorted(mails(database)) == [(MailState.DROPPED, 1), (MailState.SENT, 1)]


def test_a_server_that_is_away_loses_nothing_and_is_left_alone_for_a_while(
    people: list[User],
    database: Database,
    clock: FrozenClock,
    postman: Postman,
    mailbox: Mailbox,
) -> None:
    mailbox.greeting = "421 too busy"
    tell(database, people, now=clock.now())
    assert postman.go_round() == 0
    assert mails(database) == [(MailState.WAITING, 0)] * 2
    mailbox.greeting = "220 ready"
    assert postman.go_round() == 0  # not at once again
    clock.tick(timedelta(seconds=6))
    assert postman.go_round() == 2


def test_a_refused_mail_is_tried_again_later_and_given_up_in_the_end(
    people: list[User],
    database: Database,
    clock: FrozenClock,
    postman: Postman,
    mailbox: Mailbox,
) -> None:
    mailbox.answers = {
        people[0].email: ["450 mailbox busy"] * 2,
        people[1].email: ["550 no such user"],
    }
    tell(database, people, now=clock.now())
    assert postman.go_round() == 0
    assert mails(database) == [(MailState.WAITING, 1), (MailState.GIVEN_UP, 1)]
    clock.tick(timedelta(minutes=1))
    assert postman.go_round() == 0
    clock.tick(timedelta(minutes=1))
    assert postman.go_round() == 0  # twice as long
    clock.tick(timedelta(minutes=1))
    assert postman.go_round() == 1
    mailbox.answers = {people[0].email: ["450 mailbox busy"] * MOST_ATTEMPTS}
    tell(database, people[:1], now=clock.now())
    for _ in range(MOST_ATTEMPTS):
        postman.go_round()
        clock.tick(timedelta(hours=7))
    assert mails(database)[2] == (MailState.GIVEN_UP, MOST_ATTEMPTS)


def test_of_two_senders_one_sends_and_a_dead_ones_claim_runs_out(
    people: list[User],
    database: Database,
    clock: FrozenClock,
    postman: Postman,
    mailbox: Mailbox,
) -> None:
    tell(database, people[:1], now=clock.now())
    postman.sort()
    with database.transaction() as session:
        dead = claim(session, now=clock.now())
    assert dead is not None
    assert postman.go_round() == 0
    clock.tick(CLAIM + timedelta(seconds=1))
    assert postman.go_round() == 1
    with database.transaction() as session:  # it was slow, not dead, and says so too late
        finish(session, dead.mail, MailState.DROPPED, now=clock.now())
    assert mails(database) == [(MailState.SENT, 2)]
    assert len({message["Message-ID"] for message in mailbox.messages}) == 1


def test_the_link_in_a_mail_stops_such_mails_without_signing_in(
    client: FlaskClient,
    app: Flask,
    people: list[User],
    database: Database,
    clock: FrozenClock,
    postman: Postman,
    mailbox: Mailbox,
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    tell(database, people[:1], now=clock.now())
    postman.go_round()
    header = mailbox.messages[0]["List-Unsubscribe"]
    path = re.fullmatch(rf"<{re.escape(SITE)}(/mails/stop/[^>]+)>", header)
    assert path is not None
    # a program that looks at links stops nothing
    assert client.get(path[1]).status_code == 200
    tell(database, people[:1], now=clock.now())
    assert postman.go_round() == 1
    # one click in the mail program (RFC 8058): no cookie, no form of ours
    stopped = client.post(path[1], data={"List-Unsubscribe": "One-Click"})
    assert stopped.status_code == 200
    tell(database, people[:1], now=clock.now())
    tell(database, people[:1], Topic.REVEALED, now=clock.now())
    assert postman.go_round() == 1  # the other kind still comes
    for wrong in (path[1][:-4], f"{path[1]}x", "/mails/stop/x", "/mails/stop/%E2%82%AC"):
        assert client.post(wrong).status_code == 404, wrong
    with database.reading() as session:  # and the site tells as before
        assert len(session.scalars(select(Notification)).all()) == 4


def test_what_is_stopped_meanwhile_and_whoever_left_gets_no_mail(
    people: list[User],
    database: Database,
    clock: FrozenClock,
    postman: Postman,
    mailbox: Mailbox,
) -> None:
    tell(database, people, now=clock.now())
    postman.sort()
    with database.transaction() as session:
        choose_deliveries(session, people[0].id, {Topic.QUESTION: Delivery.SITE}, mails=True)
        session.get_one(User, people[1].id).disabled_at = clock.now()
    assert postman.go_round() == 0
    assert mails(database) == [(MailState.DROPPED, 1)] * 2
    assert mailbox.messages == []


def test_old_mails_are_forgotten(
    people: list[User],
    database: Database,
    clock: FrozenClock,
    postman: Postman,
) -> None:
    tell(database, people, now=clock.now())
    postman.go_round()
    clock.tick(timedelta(days=29))
    tell(database, people[:1], Topic.REVEALED, now=clock.now())
    postman.go_round()
    clock.tick(timedelta(days=2))
    postman.forget()
    assert len(mails(database)) == 1
    assert postman.go_round() == 0


def test_the_command_line_sends_a_test_and_counts(
    app: Flask, mailbox: Mailbox, people: list[User], database: Database, clock: FrozenClock
) -> None:
    run = app.test_cli_runner()
    from app.notifications.cli import commands  # noqa: PLC0415

    sent = run.invoke(commands, ["test", "ops@example.org"])
    assert sent.exit_code == 0
    assert mailbox.messages[0]["To"] == "ops@example.org"
    mailbox.answers = {"ops@example.org": ["550 no such user"]}
    refused = run.invoke(commands, ["test", "ops@example.org"])
    assert refused.exit_code == 1
    assert "550 no such user" in refused.output
    assert run.invoke(commands, ["test", "nobody"]).exit_code == 2
    tell(database, people, now=clock.now())
    assert "waiting\t0" in run.invoke(commands, ["status"]).output
