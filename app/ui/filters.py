"""How times, sizes, scores and texts are written: template filters, and the same for Python."""

import calendar
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from flask import Flask
from flask_babel import gettext
from markupsafe import Markup

from app.core.blobs import format_bytes
from app.core.clock import BEIJING
from app.core.i18n import choose_text
from app.ui.i18n import as_shown, current_locale
from app.ui.markdown import render_markdown
from app.ui.words import AREAS, ROLES, STATES, VERDICTS, VerdictWords

_MONTHS: Final = tuple(calendar.month_abbr)
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86400
_NO_WORDS: Final = VerdictWords("", "", "")


def format_moment(instant: datetime) -> str:
    """Write an instant in full: `2026年6月30日 17:00（北京时间）`."""
    local = instant.astimezone(BEIJING)
    clock = f"{local:%H:%M}"
    if current_locale().is_chinese:
        return as_shown(f"{local.year}年{local.month}月{local.day}日 {clock}（北京时间）")
    return f"{local.day} {_MONTHS[local.month]} {local.year}, {clock} (Beijing)"


def format_moment_short(instant: datetime) -> str:
    """Write an instant for a table column whose head says the zone: `2026-06-30 17:00`."""
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M}"


def format_date(instant: datetime) -> str:
    """Write the Beijing day of an instant: `2026年6月30日`."""
    local = instant.astimezone(BEIJING)
    if current_locale().is_chinese:
        return f"{local.year}年{local.month}月{local.day}日"
    return f"{local.day} {_MONTHS[local.month]} {local.year}"


def format_duration(seconds: float | timedelta) -> str:
    """Write a duration with at most two units: `0.42 s`, `3 min 5 s`, `2 h 10 min`."""
    total = seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
    if total < _MINUTE:
        shown = f"{total:.2f}" if total < 1 else f"{total:.3g}"
        return str(gettext("%(n)s s", n=shown))
    whole = round(total)
    if whole < _HOUR and whole % _MINUTE == 0:
        return str(gettext("%(m)s min", m=whole // _MINUTE))
    if whole < _HOUR:
        return str(gettext("%(m)s min %(s)s s", m=whole // _MINUTE, s=whole % _MINUTE))
    if whole < _DAY:
        return str(gettext("%(h)s h %(m)s min", h=whole // _HOUR, m=whole % _HOUR // _MINUTE))
    return str(gettext("%(d)s d %(h)s h", d=whole // _DAY, h=whole % _DAY // _HOUR))


def format_yuan(amount: int) -> str:
    """Write a sum of money: `25 万元` in Chinese, `250,000 yuan` in English."""
    if not current_locale().is_chinese:
        return f"{amount:,} yuan"
    for unit, name in ((10**8, "亿元"), (10**4, "万元")):
        if amount >= unit:
            return f"{amount / unit:.4f}".rstrip("0").rstrip(".") + f" {as_shown(name)}"
    return f"{amount} 元"


def format_score(value: float | None, decimals: int) -> str:
    """Write a score with fixed decimals; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:.{decimals}f}".replace("-", "−")


def localise(value: object) -> str:
    """Return a value kept per language as text in the language of the request.

    Takes a mapping by language tag, anything with `text(locale)` or `render(locale)`, or text.
    """
    locale = current_locale()
    if isinstance(value, Mapping):
        return choose_text(value, locale)
    for name in ("text", "render"):
        say = getattr(value, name, None)
        if callable(say):
            return as_shown(str(say(locale)))
    return "" if value is None else str(value)


def state_word(state: str) -> str:
    """Return the word for a state of an evaluation, a publication or a stage."""
    return str(gettext(STATES[str(state)]))


def area_name(area: str) -> str:
    """Return the name of an area."""
    return str(gettext(AREAS[str(area)]))


def role_name(role: str) -> str:
    """Return the name of a role."""
    return str(gettext(ROLES[str(role)]))


def verdict_text(verdict: str | None) -> VerdictWords:
    """Return the words for a verdict in the language of the request; empty ones for None."""
    if verdict is None:
        return _NO_WORDS
    words = VERDICTS[str(verdict)]
    return VerdictWords(gettext(words.name), gettext(words.happened), gettext(words.advice))


def register_filters(app: Flask) -> None:
    """Give templates the filters and the words."""
    app.jinja_env.filters.update(
        moment=format_moment,
        moment_short=format_moment_short,
        day=format_date,
        duration=format_duration,
        nbytes=format_bytes,
        score=format_score,
        yuan=format_yuan,
        localised=localise,
        markdown=lambda text: Markup(render_markdown(text)),  # noqa: S704 — sanitised by nh3
    )
    app.jinja_env.globals.update(
        area_name=area_name,
        as_shown=as_shown,
        current_locale=current_locale,
        role_name=role_name,
        state_word=state_word,
        verdict_text=verdict_text,
    )
