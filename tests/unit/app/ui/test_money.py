import pytest
from flask import Flask

from app.ui.filters import format_yuan


@pytest.mark.parametrize(
    ("amount", "chinese", "english"),
    [
        (800, "800 元", "800 yuan"),
        (250_000, "25 万元", "250,000 yuan"),
        (12_500, "1.25 万元", "12,500 yuan"),
        (300_000_000, "3 亿元", "300,000,000 yuan"),
    ],
)
def test_money_is_counted_in_ten_thousands(
    app: Flask, amount: int, chinese: str, english: str
) -> None:
    with app.test_request_context("/?lang=zh-Hans"):
        assert format_yuan(amount) == chinese
    with app.test_request_context("/?lang=en"):
        assert format_yuan(amount) == english
