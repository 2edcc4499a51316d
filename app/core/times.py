"""Times as organisers write them: RFC 3339, or the clock on the wall in Beijing."""

import re
from datetime import datetime, timedelta
from typing import Final

from app.core.clock import BEIJING

_WALL_CLOCK: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[ T](\d{2}):(\d{2})(?::(\d{2}))?", flags=re.ASCII
)
ALLOWED_TIMES: Final = "2026-06-30 17:00, 2026-06-30 24:00, 2026-06-30T17:00:00+08:00"
_LAST_INSTANT: Final = 24


def parse_time(text: str) -> datetime:
    """Read an instant; `24:00` is the end of the day, which is 00:00 of the next.

    Raises:
        ValueError: neither RFC 3339 nor `YYYY-MM-DD HH:MM`.
    """
    text = text.strip()
    match = _WALL_CLOCK.fullmatch(text)
    if match is not None:
        return _wall_clock(match)
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        message = f"no zone: {text!r}"
        raise ValueError(message)
    return instant


def _wall_clock(match: re.Match[str]) -> datetime:
    day, hour, minute, second = match[1], int(match[2]), int(match[3]), int(match[4] or 0)
    if hour == _LAST_INSTANT and minute == second == 0:
        return datetime.fromisoformat(day).replace(tzinfo=BEIJING) + timedelta(days=1)
    return datetime.fromisoformat(day).replace(
        hour=hour, minute=minute, second=second, tzinfo=BEIJING
    )


def wall_clock(instant: datetime | None) -> str:
    """Write an instant as Beijing's `YYYY-MM-DD HH:MM`, which `parse_time` reads; empty for none.

    Seconds are written where there are any, so that saving a form unchanged changes nothing.
    """
    if instant is None:
        return ""
    local = instant.astimezone(BEIJING).replace(microsecond=0)
    return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")
