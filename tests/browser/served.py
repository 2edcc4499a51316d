"""Pages straight from the application: a browser's requests become calls of the test client.

No server, no sockets, one thread: what a person of some role sees, as fast as it can be rendered.
"""

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.browser.visitor import DESKTOP
from tests.functional.world import World

ORIGIN: Final = "http://localhost"
_MAIN: Final = re.compile(r"<main\b.*</main>", re.DOTALL)
_TOKEN: Final = re.compile(r'value="[^"]{40,}"')


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody reads: language, theme, and the size of the window in CSS pixels."""

    lang: str
    theme: str
    size: tuple[int, int] = DESKTOP


@dataclass
class Reader:
    """One browser profile of somebody, in one language, signed in from the beginning."""

    context: BrowserContext
    page: Page
    client: FlaskClient

    @classmethod
    def sit_down(cls, browser: Browser, world: World, role: str, look: Look) -> Self:
        """Open a profile whose requests are answered by the world's application."""
        context = browser.new_context(
            base_url=ORIGIN,
            viewport={"width": look.size[0], "height": look.size[1]},
            reduced_motion="reduce",
        )
        client = world.client(role)
        client.set_cookie("lang", look.lang)
        client.set_cookie("theme", look.theme)
        reader = cls(context, context.new_page(), client)
        context.route("**/*", reader._answer)
        return reader

    def _answer(self, route: Route) -> None:
        asked = route.request
        parts = urlsplit(asked.url)
        sent = {
            name: value
            for name, value in asked.headers.items()
            if name in {"accept", "content-type", "if-none-match"}
        }
        answer = self.client.open(
            parts.path,
            method=asked.method,
            query_string=parts.query,
            headers=sent,
            data=asked.post_data_buffer,
        )
        headers = dict(answer.headers)
        route.fulfill(status=answer.status_code, headers=headers, body=answer.data)
        answer.close()

    def main_of(self, path: str) -> str | None:
        """Return what a page has between head and foot; None where there is no page."""
        answer = self.client.get(path)
        is_page = answer.mimetype == "text/html" and not 300 <= answer.status_code < 400
        found = _MAIN.search(answer.text) if is_page else None
        answer.close()
        return _TOKEN.sub("", found.group()) if found else None

    def leave(self) -> None:
        self.context.close()
