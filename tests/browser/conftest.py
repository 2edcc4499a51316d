import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.site import Site, open_site
from tests.browser.visitor import DESKTOP, ENGLISH, Visitor, Words

Arrive = Callable[..., Visitor]
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("site") / "instance") as running:
        yield running


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=20_000)
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(found for name in names if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def arrive(site: Site, chromium: Browser) -> Iterator[Arrive]:
    """Send people to the site; at the end none of them may have met an error."""
    visitors: list[Visitor] = []

    def send(
        words: Words = ENGLISH, size: tuple[int, int] = DESKTOP, *, javascript: bool = True
    ) -> Visitor:
        visitor = Visitor.arrive(chromium, site.address, words, size, javascript=javascript)
        visitors.append(visitor)
        return visitor

    yield send
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    for visitor in visitors:
        visitor.leave()
    assert complaints == []
