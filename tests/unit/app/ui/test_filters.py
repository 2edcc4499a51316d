from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.evaluations.models import State, Verdict
from app.problems.models import Area, PublicationState, StageState
from app.ui import filters, words
from scoring import Message

EVENING = datetime(2026, 6, 30, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lang", "full", "day"),
    [
        ("zh-Hans", "2026年6月30日 17:00（北京时间）", "2026年6月30日"),
        ("en", "30 Jun 2026, 17:00 (Beijing)", "30 Jun 2026"),
    ],
)
def test_moments_are_beijing_time(app: Flask, lang: str, full: str, day: str) -> None:
    with app.test_request_context(f"/?lang={lang}"):
        assert filters.format_moment(EVENING) == full
        assert filters.format_date(EVENING) == day
        assert filters.format_moment_short(EVENING) == "2026-06-30 17:00"


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0.4242, "0.42 秒", "0.42 s"),
        (12, "12 秒", "12 s"),
        (41.23, "41.2 秒", "41.2 s"),
        (60, "1 分钟", "1 min"),
        (185, "3 分 5 秒", "3 min 5 s"),
        (7800, "2 小时 10 分", "2 h 10 min"),
        (timedelta(days=2, hours=3), "2 天 3 小时", "2 d 3 h"),
    ],
)
def test_durations(app: Flask, seconds: float | timedelta, zh: str, en: str) -> None:
    with app.test_request_context("/?lang=zh-Hans"):
        assert filters.format_duration(seconds) == zh
    with app.test_request_context("/?lang=en"):
        assert filters.format_duration(seconds) == en


def test_scores_have_fixed_decimals() -> None:
    assert filters.format_score(0.5, 4) == "0.5000"
    assert filters.format_score(-1.25, 1) == "−1.2"
    assert filters.format_score(None, 4) == "–"


def test_texts_in_several_languages(app: Flask) -> None:
    both = {"zh-Hans": "题目", "en": "Problem"}
    with app.test_request_context("/?lang=en"):
        assert filters.localise(both) == "Problem"
        assert filters.localise({"zh-Hans": "只有中文"}) == "只有中文"
        assert filters.localise(Message("empty_file", {})) == "the file is empty"
        assert filters.localise(None) == ""
    with app.test_request_context("/?lang=zh-Hans"):
        assert filters.localise(both) == "题目"


def test_every_state_verdict_and_area_has_a_word(app: Flask) -> None:
    for kind in (State, PublicationState, StageState):
        assert {str(state) for state in kind} <= words.STATES.keys()
    assert {str(verdict) for verdict in Verdict} == words.VERDICTS.keys()
    assert {str(area) for area in Area} == words.AREAS.keys()
    with app.test_request_context("/?lang=zh-Hans"):
        said = [filters.state_word(state) for state in State]
    assert said == ["排队中", "运行中", "评分中", "已评分", "失败", "已取消"]
