"""What a worker has done to a pack so far, as the page shows it while it happens."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, Final

from app.core.i18n import WRITTEN_LOCALES
from problems.advice import advise
from problems.issues import PackIssue
from problems.report import STEPS as CHECKS
from problems.report import Finding, Level, Renderable, StepReport

Localised = Mapping[str, str]
"""One text by language tag."""
_MOST_MESSAGES: Final = 50

STEP_NAMES: Final[Mapping[str, Localised]] = {
    "unpack": {"zh-Hans": "解压", "en": "unpacking"},
    **{name: {"zh-Hans": zh, "en": en} for name, (zh, en) in CHECKS.items()},
    "seed": {"zh-Hans": "以封存种子生成数据", "en": "making the data from the sealed seed"},
    "store": {"zh-Hans": "存储", "en": "storing"},
    "publish": {"zh-Hans": "发布", "en": "publishing"},
    "platform": {"zh-Hans": "平台", "en": "platform"},
}
"""What each step is called."""


class StepLog:
    """Steps in order, each with its time, its outcome and what it had to say.

    A step is `{name, seconds, ok, messages: {locale: [text]}, lines: [line]}`; `ok` and `seconds`
    are None while it runs, a line is as `report_lines` makes it. `show` is called with all of them
    whenever one begins.
    """

    def __init__(
        self, show: Callable[[Sequence[Mapping[str, Any]]], None], now: Callable[[], datetime]
    ) -> None:
        self._show = show
        self._now = now
        self._steps: list[dict[str, Any]] = []
        self._began = now()

    def begin(self, name: str) -> None:
        """End the running step well and start another."""
        self._end(ok=True)
        self._began = self._now()
        self._steps.append({"name": name, "seconds": None, "ok": None, "messages": {}, "lines": []})
        self._show(self._steps)

    def say(self, *texts: Localised) -> None:
        """Add messages to the last step; after the fiftieth the rest are left out."""
        messages = self._steps[-1]["messages"]
        for text in texts:
            for locale, words in text.items():
                if len(messages.setdefault(locale, [])) < _MOST_MESSAGES:
                    messages[locale].append(words)

    def find(self, found: Sequence[Renderable]) -> None:
        """Add what was found wrong, or is worth a note, with its place and what to do about it."""
        self.say(*in_all_languages(found))
        lines = self._steps[-1]["lines"]
        lines.extend(report_lines(found, _MOST_MESSAGES - len(lines)))

    def note_check(self, report: StepReport) -> None:
        """End a step of the check with its findings and start the one that follows."""
        self.find(report.findings)
        self._end(ok=report.is_ok)
        following = _CHECK_AFTER.get(report.name)
        if following is not None and (report.is_ok or report.name not in _ENDS_THE_CHECK):
            self.begin(following)

    def ended(self, *, ok: bool) -> Sequence[Mapping[str, Any]]:
        """End the running step, if one is, and return all of them."""
        self._end(ok=ok)
        return self._steps

    def _end(self, *, ok: bool) -> None:
        if self._steps and self._steps[-1]["ok"] is None:
            seconds = (self._now() - self._began).total_seconds()
            self._steps[-1] |= {"ok": ok, "seconds": round(seconds, 2)}


FIRST_CHECK: Final = next(iter(CHECKS))
_CHECK_AFTER: Final = dict(zip(list(CHECKS), list(CHECKS)[1:], strict=False))
_ENDS_THE_CHECK: Final = frozenset({"structure", "data"})


def in_all_languages(messages: Iterable[Renderable]) -> list[Localised]:
    """Render messages in every language."""
    return [
        {locale.value: message.render(locale.value) for locale in WRITTEN_LOCALES}
        for message in messages
    ]


def report_lines(found: Iterable[Renderable], most: int) -> list[dict[str, Any]]:
    """Return what was found, one line each, `{level, file, line, column, key, text, advice}`.

    `text` and `advice` are by locale; 0 and empty where a place or an advice is not known.
    """
    return list(islice(_lines(found, Level.ERROR), max(0, most)))


def _lines(found: Iterable[Renderable], level: Level) -> Iterator[dict[str, Any]]:
    for one in found:
        if isinstance(one, PackIssue):
            yield _line(level, one.code, one.words, one)
        elif isinstance(one, Finding):
            if one.code != "details":
                alone = replace(one, details=())
                yield _line(one.level, one.code, alone.render, None)
            yield from _lines(one.details, one.level)
        else:
            yield _line(level, "", one.render, None)


def _line(
    level: Level, code: str, say: Callable[[str], str], place: PackIssue | None
) -> dict[str, Any]:
    is_fault = level is not Level.NOTE
    return {
        "level": level.value,
        "file": "" if place is None else place.file,
        "line": 0 if place is None else place.line,
        "column": 0 if place is None else place.column,
        "key": "" if place is None else place.key,
        "text": {locale.value: say(locale.value) for locale in WRITTEN_LOCALES},
        "advice": {
            locale.value: advise(code, locale.value) for locale in WRITTEN_LOCALES if is_fault
        },
    }
