"""Dates as organisers of other platforms write them; without an offset they are UTC, as there."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

__all__ = ["BEIJING", "DateFormatError", "read_date"]

BEIJING: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
_TIME: Final = r"(?:[T ]+(\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?) ?(Z|UTC|[+-]\d{2}:?\d{2})?)?"
_YEAR_FIRST: Final = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}", re.ASCII)
_MONTH_FIRST: Final = re.compile(rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}){_TIME}", re.ASCII)
_NAMED: Final = re.compile(rf"([A-Za-z]{{3,9}})\.? (\d{{1,2}}),? (\d{{4}}){_TIME}", re.ASCII)
_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec"


class DateFormatError(ValueError):
    """A text is no date."""


def read_date(text: str) -> datetime:
    """Read `2026-05-01 18:00:00`, `5-1-2026` (month first, as Codabench reads it) or `May 1, 2026`.

    The time of day is kept, an offset is honoured, and without one the time is UTC. The result is
    in UTC. Raises `DateFormatError`.
    """
    text = " ".join(text.split())
    try:
        for pattern, order in ((_YEAR_FIRST, (1, 2, 3)), (_MONTH_FIRST, (3, 1, 2))):
            if match := pattern.fullmatch(text):
                year, month, day = (int(match[place]) for place in order)
                return _instant(year, month, day, match[4], match[5])
        if match := _NAMED.fullmatch(text):
            month = _MONTHS.split().index(match[1][:3].lower()) + 1
            return _instant(int(match[3]), month, int(match[2]), match[4], match[5])
    except (ValueError, OverflowError) as error:
        raise DateFormatError(text) from error
    raise DateFormatError(text)


def _instant(year: int, month: int, day: int, time: str | None, offset: str | None) -> datetime:
    hour, minute, second = ([*(time or "0:00").split(":"), "0"])[:3]
    whole, _, part = second.partition(".")
    instant = datetime(
        year,
        month,
        day,
        int(hour),
        int(minute),
        int(whole),
        int(part.ljust(6, "0") or 0),
        tzinfo=_zone(offset),
    )
    return instant.astimezone(UTC)


def _zone(offset: str | None) -> timezone:
    if offset in {None, "Z", "UTC"}:
        return UTC
    sign = -1 if offset[0] == "-" else 1
    digits = offset[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
