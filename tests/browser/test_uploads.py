"""A large file breaks off on its way, the page is loaded anew, and the upload goes on."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Request, Route, expect

from app.core.platform import Platform
from app.settings import Settings
from tests.browser.site import PASSWORD
from tests.browser.visitor import ENGLISH, Visitor
from tests.factories.packs import publish_pack
from tests.functional.terminal import Person, sit_down

pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]
PIECE = 8 << 20


@pytest.fixture
def person(settings: Settings, app: Flask, platform: Platform, tmp_path: Path) -> Iterator[Person]:
    publish_pack(platform, tmp_path / "pack")
    with sit_down(app, platform, settings, tmp_path / "home") as somebody:
        yield somebody


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A program with a model of 20 MiB beside it."""
    path = tmp_path / "code.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("main.py", "print('hello')\n")
        packed.writestr("model.bin", os.urandom(20 << 20))
    return path


def test_an_upload_goes_on_after_the_page_was_loaded_anew(
    person: Person, chromium: Browser, archive: Path
) -> None:
    visitor = Visitor.arrive(chromium, person.address, ENGLISH)
    page = visitor.page
    visitor.sign_up("Grace", "grace@example.org", PASSWORD)
    page.goto("/problems/solder/submit")
    sent: list[int] = []

    def break_off(route: Route) -> None:
        if route.request.method != "PATCH":
            route.fallback()
            return
        sent.append(int(route.request.headers["upload-offset"]))
        if sent[-1]:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/uploads/*", break_off)
    choose(visitor, archive)
    expect(page.locator("[data-upload-words]")).to_contain_text("trying again")
    assert sent[:2] == [0, PIECE]

    page.unroute("**/uploads/*")
    page.reload()
    expect(page.locator("[data-unfinished]")).to_contain_text("Unfinished: code.zip.")
    again = watch_pieces(page)
    choose(visitor, archive)
    page.wait_for_url("**/submissions/*")
    assert again == [PIECE, 2 * PIECE]
    expect(page.locator("main")).to_contain_text("code.zip")
    page.goto("/problems/solder/submit")
    expect(page.locator("[data-unfinished]")).to_be_hidden()
    visitor.leave()


def watch_pieces(page: Page) -> list[int]:
    """Where the pieces begin that a page sends from now on."""
    offsets: list[int] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))

    page.on("request", note)
    return offsets


def choose(visitor: Visitor, archive: Path) -> None:
    visitor.page.get_by_label("Code", exact=True).check()
    visitor.page.get_by_label(ENGLISH.file, exact=True).set_input_files(archive)
    visitor.button(ENGLISH.submit).click()
