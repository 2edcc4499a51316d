"""What every document must hold to: links lead somewhere, commands exist, languages agree."""

import re
from pathlib import Path

import click
import pytest
from flask import Flask

from app import cli
from app.problems.organiser_settings import SETTINGS
from tests.unit.docs.blocks import DOCS, ROOT, pages

GUIDES = ("teams", "organisers", "judges")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
COMMAND = re.compile(r"`(?:[A-Z_]+=\S+ )?flask ([a-z-]+)(?: ([a-z-]+))?")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if "://" in target or target.startswith(("#", "mailto:")):
            continue
        path = (page.parent / target.partition("#")[0]).resolve()
        assert path.exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    known: dict[str, click.Command] = {
        command.name or "": command
        for command in vars(cli).values()
        if isinstance(command, click.Command)
    }
    for name, sub in COMMAND.findall(page.read_text()):
        assert name in known, f"{page.name}: flask {name}"
        group = known[name]
        if sub and isinstance(group, click.Group):
            assert sub in group.commands, f"{page.name}: flask {name} {sub}"


@pytest.mark.parametrize("guide", GUIDES)
def test_both_languages_have_the_same_parts(guide: str) -> None:
    english, chinese = (
        FENCE.sub("", path.read_text()) for path in (DOCS / f"{guide}.md", DOCS / f"zh/{guide}.md")
    )
    assert HEADING.findall(chinese) == HEADING.findall(english)
    assert chinese.count("\n|") == english.count("\n|"), "the tables have as many rows"


@pytest.mark.parametrize("guide", GUIDES)
def test_chinese_is_formal(guide: str) -> None:
    text = (DOCS / f"zh/{guide}.md").read_text()
    assert "！" not in text
    assert "你" not in text


@pytest.mark.parametrize("path", ["organisers.md", "zh/organisers.md"])
def test_every_setting_of_a_problem_is_explained(path: str) -> None:
    text = (DOCS / path).read_text()
    missing = [name for name in SETTINGS if f"`{name}`" not in text]
    assert missing == []


def test_the_routes_named_in_documents_exist(app: Flask) -> None:
    adapter = app.url_map.bind("example.org")
    for page in pages():
        for path in re.findall(r"`(/staff[a-z/]*|/account/[a-z]+|/submissions)`", page.read_text()):
            assert adapter.allowed_methods(path), f"{page.name}: {path}"
