"""What a worker has done to a pack so far, as the page shows it while it happens."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.core.i18n import WRITTEN_LOCALES
from problems.report import STEPS as CHECKS
from problems.report import Renderable, StepReport

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

    A step is `{name, seconds, ok, messages: {locale: [text]}}`; `ok` and `seconds` are None while
    it runs. `show` is called with all of them whenever one begins.
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
        self._steps.append({"name": name, "seconds": None, "ok": None, "messages": {}})
        self._show(self._steps)

    def say(self, *texts: Localised) -> None:
        """Add messages to the last step; after the fiftieth the rest are left out."""
        messages = self._steps[-1]["messages"]
        for text in texts:
            for locale, words in text.items():
                if len(messages.setdefault(locale, [])) < _MOST_MESSAGES:
                    messages[locale].append(words)

    def note_check(self, report: StepReport) -> None:
        """End a step of the check with its findings and start the one that follows."""
        self.say(*in_all_languages(report.findings))
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
