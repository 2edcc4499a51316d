"""Languages: their names, the marker for translatable text, and values in several languages."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from app.core.traditional import markdown_to_traditional, to_traditional


class Locale(StrEnum):
    """The languages pages are written in, named as in BCP 47."""

    ZH_HANS = "zh-Hans"
    ZH_HANT = "zh-Hant"
    """Made from `zh-Hans`: nobody writes it, so nothing is stored in it."""
    EN = "en"

    @property
    def is_chinese(self) -> bool:
        """Whether dates and sums are written the Chinese way."""
        return self is not Locale.EN


DEFAULT_LOCALE: Final = Locale.ZH_HANS
WRITTEN_LOCALES: Final = (Locale.ZH_HANS, Locale.EN)
"""What people write and what is stored."""


def N_(text: str) -> str:  # noqa: N802 — the customary gettext name, which the extractor looks for
    """Mark text for translation without translating it now."""
    return text


def choose_text(texts: Mapping[str, str], locale: str) -> str:
    """Return the text in `locale`, else in the default language, else any; empty when none."""
    if locale == Locale.ZH_HANT:
        return texts.get(locale) or to_traditional(choose_text(texts, Locale.ZH_HANS))
    return texts.get(locale) or texts.get(DEFAULT_LOCALE) or next(iter(texts.values()), "")


def choose_markdown(texts: Mapping[str, str], locale: str) -> str:
    """Return Markdown as `choose_text` does; code in it is never converted."""
    if locale == Locale.ZH_HANT:
        return markdown_to_traditional(choose_text(texts, Locale.ZH_HANS))
    return choose_text(texts, locale)
