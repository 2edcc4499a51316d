"""Somebody with a browser: a page, the words of their language, and what went wrong meanwhile."""

import re
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page

DESKTOP = (1440, 900)
PHONE = (390, 844)


@dataclass(frozen=True, slots=True)
class Words:
    """What buttons, links and states are called in one language."""

    locale: str
    sign_up: str
    name: str
    email: str
    password: str
    create_account: str
    accept_rules: str
    submit: str
    file: str
    queued: str
    scored: str
    board: str


CHINESE = Words(
    locale="zh-CN",
    sign_up="注册",
    name="姓名",
    email="电子邮箱",
    password="密码",
    create_account="创建账号",
    accept_rules="我已阅读并接受规则",
    submit="提交",
    file="文件",
    queued="排队中",
    scored="已评分",
    board="排行榜",
)
ENGLISH = Words(
    locale="en-GB",
    sign_up="Sign up",
    name="Full name",
    email="E-mail",
    password="Password",
    create_account="Create the account",
    accept_rules="I have read and accept the rules",
    submit="Submit",
    file="File",
    queued="queued",
    scored="scored",
    board="Leaderboard",
)


@dataclass
class Visitor:
    """One browser profile with one page. `complaints` must be empty at the end."""

    address: str
    words: Words
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def arrive(
        cls,
        browser: Browser,
        address: str,
        words: Words = ENGLISH,
        size: tuple[int, int] = DESKTOP,
        *,
        javascript: bool = True,
    ) -> Self:
        """Open a fresh profile; nothing is loaded yet."""
        context = browser.new_context(
            base_url=address,
            locale=words.locale,
            viewport={"width": size[0], "height": size[1]},
            java_script_enabled=javascript,
        )
        context.set_default_timeout(20_000)
        visitor = cls(address, words, context, context.new_page())
        visitor._listen()
        return visitor

    def _listen(self) -> None:
        home = urlsplit(self.address).netloc

        def note_request(url: str) -> None:
            if url.startswith(("data:", "blob:")) or urlsplit(url).netloc == home:
                return
            self.complaints.append(f"a request to another host: {url}")

        self.context.on("request", lambda request: note_request(request.url))

        def note_console(kind: str, text: str) -> None:
            if kind in {"error", "warning"}:
                self.complaints.append(f"{kind}: {text}")

        self.context.on("console", lambda said: note_console(said.type, said.text))
        self.context.on("weberror", lambda fault: self.complaints.append(str(fault.error)))

    def open(self, path: str) -> None:
        """Go to an address of the site."""
        self.page.goto(path)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).fill(text)

    def sign_in(self, email: str, password: str) -> None:
        self.open("/sign-in")
        self.fill(self.words.email, email)
        self.fill(self.words.password, password)
        self.page.locator("main form button[type=submit]").click()
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def sign_up(self, name: str, email: str, password: str) -> None:
        self.open("/")
        self.page.get_by_role("banner").get_by_role("link", name=self.words.sign_up).click()
        self.fill(self.words.name, name)
        self.fill(self.words.email, email)
        self.fill(self.words.password, password)
        self.button(self.words.create_account).click()
        self.page.wait_for_url(lambda url: "/sign-up" not in url)

    def state(self, word: str) -> Locator:
        """The state in the head of a submission's, publication's or stage's page."""
        return self.page.locator(".page-head .state", has_text=re.compile(f"^{word}$"))

    def mark(self) -> None:
        """Leave a mark that a reload would wipe out."""
        self.page.evaluate("window.marked = true")

    def is_marked(self) -> bool:
        return bool(self.page.evaluate("window.marked === true"))

    def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        return int(
            self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )

    def leave(self) -> None:
        self.context.close()
