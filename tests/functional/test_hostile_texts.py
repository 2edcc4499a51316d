"""Whatever people type comes back as text: on every page, in every language, to everybody."""

from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from typing_extensions import override
from werkzeug.test import TestResponse

from app.accounts.models import ApiToken, Role, User
from app.contests.models import Announcement, Contest
from app.core.audit import THE_CLOCK, record_audit
from app.core.blobs import LocalBlobs
from app.core.platform import Platform
from app.discussions.models import Post, Thread
from app.evaluations.models import Evaluation, LogChunk, State, Verdict
from app.notifications.models import Notification
from app.problems.models import Problem, Publication, PublicFile, Revision
from app.rescoring.models import Rescore
from app.reviews.models import NoteKind, ReviewNote
from app.settings import Settings
from app.submissions.models import Submission
from app.teams.models import Team
from tests.fakes.ports import FrozenClock
from tests.functional.world import World

pytestmark = [pytest.mark.functional, pytest.mark.slow]

EVIL = "<img src=x onerror=evil()><script>evil()</script>\"'><svg/onload=evil()>{{7*7}}"
MARKDOWN = "\n\n".join(
    [
        EVIL,
        "[a](javascript:evil())",
        "[b](data:text/html;base64,PHNjcmlwdD4=)",
        "[c](vbscript:evil)",
        "![d](javascript:evil())",
        "<iframe src=//evil.example></iframe>",
        "<form action=//evil.example><input name=password></form>",
        "<style>body{display:none}</style>",
        "<a href='&#106;avascript:evil()'>e</a>",
        "$\\href{javascript:evil()}{f}$",
        "$\\unicode{<script>evil()</script>}$",
        '<math><mtext><img src=x onerror="evil()"></mtext></math>',
        "| <b onclick=evil()>g</b> |\n| --- |\n| x |",
        "## h {#x onclick=evil()}",
    ]
)


class Finder(HTMLParser):
    """Collects what could run: scripts of one's own, handlers, and addresses that are code."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and not (given.get("src") or "").startswith("/static/"):
            self.found.append(f"<script {given}>")
        if tag in {"iframe", "object", "embed", "base", "style"}:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            text = (value or "").strip().lower()
            if name.startswith("on") or name in {"style", "srcdoc"}:
                self.found.append(f"{tag} {name}")
            if name in {"href", "src", "action", "formaction", "xlink:href"} and text.startswith(
                ("javascript:", "vbscript:", "data:text", "//")
            ):
                self.found.append(f"{tag} {name}={text}")


def dangers(answer: TestResponse) -> list[str]:
    finder = Finder()
    finder.feed(answer.text)
    return finder.found


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"sign_in_rate": "10000 per minute"})


@pytest.fixture
def world(app: Flask, platform: Platform, tmp_path: Path, clock: FrozenClock) -> World:
    app.config["WTF_CSRF_ENABLED"] = False
    built = World(app, platform, tmp_path)
    poison(built, clock)
    return built


def poison(world: World, clock: FrozenClock) -> None:
    """Put markup into every text of every table, past what the forms let through."""
    both = {"zh-Hans": EVIL, "en": EVIL}
    with world.database.transaction() as session:
        problem = session.scalars(select(Problem)).one()
        problem.title, problem.summary = both, both
        for contest in session.scalars(select(Contest)):
            contest.title = both
        for revision in session.scalars(select(Revision)):  # a staged one as well
            revision.statements = {
                locale: text + "\n\n" + MARKDOWN for locale, text in revision.statements.items()
            }
            revision.spec = poisoned(revision.spec, both)
        for rescore in session.scalars(select(Rescore)):
            rescore.reason = EVIL
        for number, user in enumerate(session.scalars(select(User))):
            user.name = f"{number}{EVIL}"[:64]
        for number, team in enumerate(session.scalars(select(Team))):
            team.name = f"{number}{EVIL}"[:64]
        for token in session.scalars(select(ApiToken)):
            token.label = EVIL[:64]
        poison_submissions(session, clock)
        announce(session, problem, clock)
        poison_discussion(session, world.post, clock)
        poison_previews(session)
        record_audit(
            session, THE_CLOCK, EVIL[:64], EVIL[:128], {EVIL: EVIL, "reason": EVIL}, now=clock.now()
        )


def poison_discussion(session: Session, post_id: int, clock: FrozenClock) -> None:
    for thread in session.scalars(select(Thread)):
        thread.title = EVIL[:120]
    for post in session.scalars(select(Post)):
        post.body = MARKDOWN + EVIL
    for told in session.scalars(select(Notification)):
        told.facts = {"who": EVIL, "title": EVIL, "reason": EVIL}
    hidden = session.get_one(Post, post_id)
    hidden.hidden_at, hidden.hidden_reason = clock.now(), EVIL[:300]


def poison_previews(session: Session) -> None:
    for file in session.scalars(select(PublicFile)):
        file.preview = {
            "kind": "table",
            "rows": 1,
            "more_rows": False,
            "more_columns": 0,
            "columns": [
                {
                    "name": EVIL,
                    "type": "category",
                    "missing": 1,
                    "distinct": 1,
                    "top": [[EVIL, 1]],
                }
            ],
            "head": [[EVIL]],
        }


def poison_submissions(session: Session, clock: FrozenClock) -> None:
    both = {"zh-Hans": EVIL, "en": EVIL}
    for submission in session.scalars(select(Submission)):
        submission.note, submission.filename = EVIL, EVIL
    for evaluation in session.scalars(select(Evaluation)):
        evaluation.staff_message = EVIL
        evaluation.messages = [{**both, "line": 3}, both]
        if evaluation.cases:
            evaluation.cases = {"A": [{"id": EVIL, EVIL: EVIL}]}
    for submission in session.scalars(select(Submission)):
        session.add(
            ReviewNote(
                submission_id=submission.id,
                author_id=session.scalars(select(User.id).limit(1)).one(),
                kind=NoteKind.QUESTION,
                body=MARKDOWN + EVIL,
                created_at=clock.now(),
            )
        )
    waiting = session.scalars(
        select(Evaluation).where(Evaluation.state == State.QUEUED, Evaluation.is_shadow.is_(False))
    ).one()
    waiting.state, waiting.verdict = State.FAILED, Verdict.INVALID_OUTPUT
    waiting.finished_at = clock.now()
    for chunk in session.scalars(select(LogChunk)):
        chunk.text, chunk.size = EVIL, len(EVIL.encode())
    for publication in session.scalars(select(Publication)):
        publication.filename = EVIL
        publication.steps = [
            {
                "name": "store",
                "seconds": 1.0,
                "ok": False,
                "messages": {"zh-Hans": [EVIL], "en": [EVIL]},
            }
        ]


def poisoned(spec: dict[str, Any], both: dict[str, str]) -> dict[str, Any]:
    column = spec["scoring"]["columns"][0] | {"title": both}
    return spec | {
        "title": both,
        "summary": both,
        "tags": [EVIL],
        "licence": EVIL,
        "scenario": {"code": "BJ-001", "owner": both, "pain_point": both},
        "scoring": spec["scoring"] | {"columns": [column]},
    }


def announce(session: Session, problem: Problem, clock: FrozenClock) -> None:
    for about in (None, problem.slug):
        session.add(
            Announcement(
                contest_id=problem.contest_id,
                problem_slug=about,
                title=EVIL,
                body=MARKDOWN,
                author_id=session.scalars(select(User.id).limit(1)).one(),
                published_at=clock.now() - timedelta(hours=1),
            )
        )


PAGES = [
    "/",
    "/problems",
    f"/problems?q={EVIL}",
    "/problems/pcb",
    "/problems/pcb/rules?file={evil}",
    "/problems/pcb/announcements",
    "/problems/pcb/data",
    "/problems/pcb/discussion",
    "/problems/pcb/discussion/{thread}",
    "/problems/pcb/leaderboard",
    "/announcements",
    "/api/v1/docs",
    "/sign-in?next={evil}",
    "/nowhere/{evil}",
]
MEMBER_PAGES = [
    "/account",
    "/account/tokens",
    "/notifications",
    "/submissions",
    "/submissions/{scored}",
    "/submissions/{scored}/questions",
    "/submissions/{waiting}",
    "/problems/pcb/submit",
    "/problems/pcb/team?code={evil}",
]
STAFF_PAGES = [
    "/staff",
    "/staff/audit?check=1",
    "/staff/announcements",
    "/staff/problems",
    "/staff/problems/pcb",
    "/problems/pcb/data",
    "/problems/pcb/discussion/{thread}",
    "/staff/problems/pcb/reveal-b",
    "/staff/publications",
    "/staff/publications/{publication}",
    "/staff/submissions",
    "/staff/users?q={evil}",
    "/staff/users/1",
    "/staff/review",
    "/staff/review/pcb",
    "/staff/review/submissions/{scored}",
    "/staff/problems/pcb/rescores",
    "/staff/problems/pcb/teams",
    "/staff/rescores/{rescore}",
    "/submissions/{scored}",
    "/problems/pcb/leaderboard?board=B",
]


def visit(world: World, role: str, pages: list[str]) -> None:
    for page in pages:
        path = (
            page.replace("{evil}", quote(EVIL))
            .replace("{scored}", str(world.scored))
            .replace("{waiting}", str(world.waiting))
            .replace("{publication}", str(world.publication))
            .replace("{thread}", str(world.thread))
            .replace("{rescore}", str(world.rescore))
        )
        answer = world.knock(role, "GET", path, {})
        assert answer.status_code in {200, 302, 303, 404}, (page, answer.status_code)
        refuse_dangers(answer)


def refuse_dangers(answer: TestResponse) -> None:
    assert dangers(answer) == [], answer.request.path
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_typed_runs_for_a_visitor(world: World) -> None:
    visit(world, "visitor", PAGES)


def test_nothing_typed_runs_for_a_team(world: World) -> None:
    visit(world, "member", [*PAGES, *MEMBER_PAGES])


def test_nothing_typed_runs_for_staff(world: World) -> None:
    visit(world, "organiser", STAFF_PAGES)


def test_the_finder_finds(app: Flask) -> None:
    """The test would see it if the texts came back as they are."""
    finder = Finder()
    finder.feed(EVIL + MARKDOWN)
    assert len(finder.found) >= 6


def test_a_log_and_a_file_are_text_and_attachments(world: World, blobs: LocalBlobs) -> None:
    log = world.knock("member", "GET", f"/submissions/{world.scored}/log", {})
    assert (log.mimetype, log.headers["X-Content-Type-Options"]) == ("text/plain", "nosniff")
    with world.database.transaction() as session:
        session.get_one(Submission, world.scored).filename = "evil.html"
    file = world.knock("member", "GET", f"/submissions/{world.scored}/download", {})
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.mimetype == "application/octet-stream"
    file.close()


def test_a_cover_runs_nothing_and_is_locked_in(world: World) -> None:
    cover = world.knock("visitor", "GET", "/problems/pcb/cover.svg", {})
    assert cover.mimetype == "image/svg+xml"
    assert "sandbox" in cover.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "name",
    [EVIL[:30], "队伍<b>", "a\u202eb", "a\u200bb", "\u0000ab", "=cmd()", "a\nb", "@" * 3, "  "],
)
def test_a_team_is_called_nothing_of_the_kind(world: World, name: str) -> None:
    answer = world.knock("stranger", "POST", "/problems/pcb/team", {"name": name})
    assert answer.status_code == 400
    with world.database.reading() as session:
        assert name not in set(session.scalars(select(Team.name)))


def test_no_judge_slips_into_a_role(world: World) -> None:
    """The value of a select is not trusted."""
    organiser = world.people["organiser"]
    for role in ("admin", "organiser", "root", ""):
        path = f"/staff/users/{world.people['stranger'].id}/role"
        answer = world.knock("organiser", "POST", path, {"role": role})
        assert answer.status_code in {400, 403}
    own = world.knock("organiser", "POST", f"/staff/users/{organiser.id}/role", {"role": "admin"})
    assert own.status_code == 403
    with world.database.reading() as session:
        assert session.get_one(User, world.people["stranger"].id).role is Role.PARTICIPANT
