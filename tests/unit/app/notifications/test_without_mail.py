"""A site without a mail server: nothing is queued, and the preferences say so."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.core.db import Database
from app.core.platform import Platform
from app.notifications.models import Delivery, Notification, OutgoingMail, Topic
from app.notifications.operations import choose_deliveries, notify
from app.notifications.outbox import next_digest
from app.notifications.postman import Postman
from app.notifications.queries import map_choices
from app.settings import Settings, SettingsError, load_settings, parse_smtp
from tests.factories import make_user
from tests.fakes.ports import FrozenClock

SignIn = Callable[[User], None]


def test_nothing_is_queued_and_the_page_says_so(
    client: FlaskClient,
    sign_in: SignIn,
    database: Database,
    platform: Platform,
    clock: FrozenClock,
) -> None:
    client.application.config["WTF_CSRF_ENABLED"] = False
    with database.transaction() as session:
        user = make_user(session)
        notify(session, [user.id], Topic.REVEALED, {"problem": "x"}, "/x", now=clock.now())
    assert Postman(platform).go_round() == 0
    with database.reading() as session:
        assert session.scalars(select(OutgoingMail)).all() == []
        assert session.scalars(select(Notification.mail_sorted)).all() == [True]
    sign_in(user)
    page = client.get("/notifications?lang=en").text
    assert "This site sends no mails." in page
    assert "by mail" not in page
    # what cannot be had cannot be chosen, and a wish from before is kept
    with database.transaction() as session:
        choose_deliveries(session, user.id, {Topic.REPLY: Delivery.AT_ONCE}, mails=True)
    client.post("/notifications/topics", data={"reply": "site", "scored": "at_once", "x": "y"})
    client.post("/notifications/topics", data={"failed": "none"})
    with database.reading() as session:
        chosen = map_choices(session, [user.id])[user.id]
    assert chosen[Topic.REPLY] is Delivery.AT_ONCE
    assert chosen[Topic.SCORED] is Delivery.DAILY
    assert chosen[Topic.FAILED] is Delivery.NONE


def test_the_daily_mail_is_made_up_at_eight_in_beijing(clock: FrozenClock) -> None:
    assert next_digest(clock.now()).isoformat() == "2030-01-02T08:00:00+08:00"


@pytest.mark.parametrize(
    "url",
    [
        "https://mail.example.org",
        "smtp://",
        "smtps://me:secret@mail.example.org",
        "smtp://mail.example.org/x",
        "smtp://mail.example.org:99999",
    ],
)
def test_a_wrong_address_of_a_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"smtp|https|99999|[Pp]ort"):
        parse_smtp(url)


def test_addresses_of_mail_servers_are_taken_apart() -> None:
    found = parse_smtp("smtps://team%40x.org@mail.example.org")
    assert (found.host, found.port, found.user) == ("mail.example.org", 465, "team@x.org")
    assert parse_smtp("smtp+tls://mail.example.org").port == 587
    assert parse_smtp("smtp://mail.example.org:2525").port == 2525


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"BAIJING_SMTP_URL": "x://y"}, "BAIJING_SMTP_URL"),
        ({"BAIJING_SMTP_URL": "smtp://me@mail.example.org"}, "smtps:// or smtp+tls:// only"),
        ({"BAIJING_SITE_URL": ""}, "BAIJING_SITE_URL"),
        ({"BAIJING_SITE_URL": "baijing.example.org"}, "BAIJING_SITE_URL"),
        ({"BAIJING_MAIL_FROM": "nobody"}, "BAIJING_MAIL_FROM"),
        ({"BAIJING_MAIL_FROM": "a@b.org\nBcc: c@d.org"}, "BAIJING_MAIL_FROM"),
    ],
)
def test_half_a_mail_server_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], named: str
) -> None:
    whole = {
        "BAIJING_SMTP_URL": "smtps://me@mail.example.org",
        "BAIJING_SITE_URL": "https://baijing.example.org",
        "BAIJING_MAIL_FROM": "百景 <noreply@example.org>",
    }
    for name, value in whole.items():
        monkeypatch.setenv(name, value)
    assert load_settings().smtp is not None
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=re.escape(named)):
        load_settings()
    assert Settings(smtp_url="").smtp is None
