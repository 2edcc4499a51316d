"""Languages: their names, the marker for translatable text, and values in several languages."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Locale(StrEnum):
    """The languages pages are written in, named as in BCP 47."""

    ZH_HANS = "zh-Hans"
    EN = "en"


DEFAULT_LOCALE: Final = Locale.ZH_HANS


def N_(text: str) -> str:  # noqa: N802 — the customary gettext name, which the extractor looks for
    """Mark text for translation without translating it now."""
    return text


def choose_text(texts: Mapping[str, str], locale: str) -> str:
    """Return the text in `locale`, else in the default language, else any; empty when none."""
    return texts.get(locale) or texts.get(DEFAULT_LOCALE) or next(iter(texts.values()), "")
