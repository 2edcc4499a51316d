"""No barrier on any page: axe-core on what every role can open, in every language and theme."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from app.core.platform import Platform
from app.discussions import operations as discussions
from app.discussions.models import Post, Thread
from app.evaluations.models import State, Verdict
from app.problems.models import Problem
from app.teams.models import Team
from tests.browser.served import Look, Reader
from tests.browser.visitor import PHONE
from tests.factories import make_submission, make_team
from tests.factories.accounts import CREATED
from tests.functional.test_role_matrix import DOORS
from tests.functional.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE: Final = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ADDRESSES: Final = (
    "/nothing-is-here",
    "/problems?q=nothing-is-called-so",
    "/problems/pcb/leaderboard?board=B",
)
"""What no row of the role matrix opens: errors, nothing found, and views behind a query."""
ON_A_PHONE: Final = ("/", "/problems", "/problems/pcb", "/submissions", "/staff")
UNFOLD: Final = """
() => {
  for (const folded of document.querySelectorAll("details:not(.menu)")) folded.open = true;
}
"""
OPEN_THE_MENU: Final = """
() => {
  for (const menu of document.querySelectorAll("details.menu")) menu.open = true;
  return "header";
}
"""
LOOK: Final = """
async ([tags, part]) => {
  const options = { runOnly: tags, resultTypes: ["violations"], preload: false, iframes: false };
  const { violations } = await axe.run(part, options);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
    `${id}: ${target.join(" ")}: ${failureSummary.replaceAll(/\\s+/g, " ")}`));
}
"""


@pytest.fixture
def world(app: Flask, platform: Platform, tmp_path: Path) -> World:
    """The world of the role matrix with a fuller board: every verdict, hidden and pinned posts."""
    app.config["WTF_CSRF_ENABLED"] = False
    world = World(app, platform, tmp_path)
    organiser = world.people["organiser"]
    with platform.database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        for number, verdict in enumerate(Verdict):
            team = make_team(session, problem=problem)
            scores = {"A": {"accuracy": 0.5 + number / 100}, "B": {"accuracy": 0.5}}
            make_submission(session, problem=problem, team=team, scores=scores)
            make_submission(
                session, problem=problem, team=team, state=State.FAILED, verdict=verdict
            )
        own = session.get_one(Team, world.team)
        make_submission(
            session, problem=problem, team=own, state=State.FAILED, verdict=Verdict.RUNTIME_ERROR
        )
        thread = session.get_one(Thread, world.thread)
        post = session.get_one(Post, world.post)
        discussions.mark_answer(session, problem, thread, post, organiser, now=CREATED)
        discussions.pin(session, thread, organiser, now=CREATED)
        asks = world.people["member"]
        rude = discussions.reply(session, problem, thread, asks, body="`x`", now=CREATED)
        discussions.hide_post(
            session, problem, thread, rude, organiser, reason="泄露答案", now=CREATED
        )
    return world


def addresses(world: World) -> list[str]:
    """Every address of the role matrix, whatever features it comes from, and a few more."""
    doors = [
        world.path(rule, door.values) for (method, rule), door in DOORS.items() if method == "GET"
    ]
    return [*doors, *ADDRESSES]


class Inspector:
    """Looks at pages and keeps what is wrong with them, with where it was seen."""

    def __init__(self, world: World, chromium: Browser) -> None:
        self._world, self._chromium = world, chromium
        self._axe = AXE.read_text()
        self._looked_at: set[tuple[str, Look]] = set()
        self._found: dict[str, list[str]] = {}

    def visit(self, role: str, look: Look, paths: Iterable[str]) -> int:
        """Look, as somebody, at each page no other role was shown just so; return how many.

        The first page is looked at in any case, with its head and the menu in it.
        """
        reader = Reader.sit_down(self._chromium, self._world, role, look)
        count = 0
        for path in paths:
            shown = reader.main_of(path)
            if shown is None or (count and (shown, look) in self._looked_at):
                continue
            self._looked_at.add((shown, look))
            where = f"{path} ({role}, {look.lang}, {look.theme}, {look.size[0]} px)"
            reader.page.goto(path)
            reader.page.evaluate(UNFOLD)
            reader.page.evaluate(self._axe)
            self._note(reader.page, "html", where)
            if not count:
                self._note(reader.page, reader.page.evaluate(OPEN_THE_MENU), where)
            count += 1
        reader.leave()
        return count

    def _note(self, page: Page, part: str, where: str) -> None:
        for barrier in page.evaluate(LOOK, [TAGS, part]):
            self._found.setdefault(barrier, []).append(where)

    def report(self) -> str:
        """Return every barrier with the pages it stands on."""
        return "\n".join(f"{what}\n  on {', '.join(on)}" for what, on in self._found.items())


def test_nobody_meets_a_barrier(world: World, chromium: Browser) -> None:
    """Structure hardly depends on the theme and contrast not on the language: two looks do."""
    inspector = Inspector(world, chromium)
    pages = addresses(world)
    for role in ("visitor", "member", "judge", "organiser"):
        for look in (Look("zh-Hans", "light"), Look("en", "dark")):
            assert inspector.visit(role, look, pages) > 5
        inspector.visit(role, Look("zh-Hans", "dark", PHONE), ON_A_PHONE)
    assert inspector.report() == ""
