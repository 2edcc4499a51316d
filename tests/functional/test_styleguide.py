"""The sheet of components, which only developers see."""

import pytest
from flask import Flask

from app.core.platform import Platform
from app.factory import create_app
from app.settings import Environment, Settings
from app.ui.words import STATES

pytestmark = pytest.mark.functional


def test_every_state_is_on_the_sheet_in_both_languages(app: Flask) -> None:
    for language, title in (("en", "Components"), ("zh-Hans", "组件")):
        page = app.test_client().get(f"/styleguide?lang={language}").text
        assert f"<h1>{title}</h1>" in page
        assert all(f"state--{state}" in page for state in STATES)


def test_production_has_no_sheet(settings: Settings, platform: Platform) -> None:
    production = settings.model_copy(update={"env": Environment.PRODUCTION})
    client = create_app(production, platform).test_client()
    assert client.get("/styleguide", base_url="https://localhost").status_code == 404
