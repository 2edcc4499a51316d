"""The guides name every state and verdict, in the words of the pages."""

import re
from pathlib import Path

import pytest

from app.evaluations.models import State, Verdict
from app.ui.catalogues import FEATURES
from app.ui.words import STATES, VERDICTS
from tests.unit.docs.blocks import DOCS, ROOT, read_block

ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \|", re.MULTILINE)
ENTRY = re.compile(r'^msgid "(.+)"\nmsgstr "(.+)"$', re.MULTILINE)


def chinese() -> dict[str, str]:
    words: dict[str, str] = {}
    for feature in FEATURES:
        path = ROOT / "app" / feature / "translations/zh_Hans/LC_MESSAGES/messages.po"
        if path.exists():
            words |= dict(ENTRY.findall(path.read_text()))
    return words


@pytest.mark.parametrize("guide", ["teams.md", "zh/teams.md"])
def test_every_verdict_is_explained_in_the_words_of_the_page(guide: str) -> None:
    path = DOCS / guide
    rows = dict(ROW.findall(read_block(path, "verdicts")))
    assert set(rows) == {verdict.value for verdict in Verdict}
    said = {key: words.name for key, words in VERDICTS.items()}
    assert rows == _in_language(path, said)


@pytest.mark.parametrize("guide", ["teams.md", "zh/teams.md"])
def test_every_state_is_explained_in_the_words_of_the_page(guide: str) -> None:
    path = DOCS / guide
    rows = dict(ROW.findall(read_block(path, "states")))
    assert set(rows) == {state.value for state in State}
    assert rows == _in_language(path, {state.value: STATES[state.value] for state in State})


def _in_language(path: Path, words: dict[str, str]) -> dict[str, str]:
    if path.parent.name != "zh":
        return words
    catalogue = chinese()
    return {key: catalogue[text] for key, text in words.items()}
