import pytest
from flask import Flask, g
from flask_babel import gettext

from app.core.i18n import Locale
from app.ui.i18n import current_locale, parse_locale


class Person:
    def __init__(self, locale: str | None) -> None:
        self.locale = locale


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("zh-CN", Locale.ZH_HANS),
        ("zh_TW", Locale.ZH_HANT),
        ("zh-HK", Locale.ZH_HANT),
        ("zh-Hant-MO", Locale.ZH_HANT),
        ("zh-Hans-HK", Locale.ZH_HANS),
        ("zh-SG", Locale.ZH_HANS),
        ("ZH", Locale.ZH_HANS),
        ("en-GB", Locale.EN),
        ("fr", None),
        ("", None),
        (None, None),
    ],
)
def test_tags_stand_for_one_of_the_languages(tag: str | None, expected: Locale | None) -> None:
    assert parse_locale(tag) is expected


@pytest.mark.parametrize(
    ("path", "cookie", "own", "header", "expected"),
    [
        ("/?lang=en", "zh-Hans", "zh-Hans", "zh-CN", Locale.EN),
        ("/", "en", "zh-Hans", "zh-CN", Locale.EN),
        ("/", "", "en", "zh-CN", Locale.EN),
        ("/", "", None, "fr, en;q=0.8", Locale.EN),
        ("/", "", None, "fr", Locale.ZH_HANS),
        ("/", "", None, "zh-TW, zh;q=0.9, en;q=0.8", Locale.ZH_HANT),
        ("/?lang=zh-Hant", "en", None, "zh-CN", Locale.ZH_HANT),
        ("/?lang=xx", "yy", None, "", Locale.ZH_HANS),
        # programs: what the request says comes before what its owner set in the browser
        ("/api/v1/problems", "en", "en", "zh-CN", Locale.ZH_HANS),
        ("/api/v1/problems", "", "en", "", Locale.EN),
    ],
)
def test_the_nearest_wish_wins(
    app: Flask, path: str, cookie: str, own: str | None, header: str, expected: Locale
) -> None:
    headers = {"Accept-Language": header, "Cookie": f"lang={cookie}" if cookie else ""}
    with app.test_request_context(path, headers=headers):
        g.actor = Person(own)
        assert current_locale() is expected


def test_texts_of_several_catalogues_are_translated(app: Flask) -> None:
    with app.test_request_context("/?lang=zh-Hans"):
        assert gettext("queued") == "排队中"  # of ui
        assert gettext("Scored today") == "今日评分"  # of home
        assert gettext("Please sign in first.") == "请先登录。"  # of the kernel
    with app.test_request_context("/?lang=zh-Hant"):
        assert gettext("queued") == "排隊中"
        assert gettext("Please sign in first.") == "請先登入。"
    with app.test_request_context("/?lang=en"):
        assert gettext("queued") == "queued"


def test_a_wish_is_remembered_and_nonsense_is_not(app: Flask) -> None:
    client = app.test_client()
    assert "lang=en" in client.get("/healthz?lang=en").headers["Set-Cookie"]
    assert "Set-Cookie" not in client.get("/healthz?lang=xx").headers
