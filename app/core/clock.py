"""The only place that reads the time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

BEIJING: Final = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> datetime:
        """Return the current instant, always aware, always UTC."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The wall clock."""

    def now(self) -> datetime:
        """Return the current instant."""
        return datetime.now(UTC)


def beijing_day(instant: datetime) -> date:
    """Return the calendar day in Beijing at `instant`: quotas are counted in these days."""
    return instant.astimezone(BEIJING).date()


def next_beijing_midnight(instant: datetime) -> datetime:
    """Return when the Beijing day of `instant` ends, in UTC."""
    tomorrow = beijing_day(instant) + timedelta(days=1)
    return datetime.combine(tomorrow, time.min, BEIJING).astimezone(UTC)
