import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Role
from app.contests import operations, policy, queries
from app.contests.errors import AlreadyCorrectedError, EmptyAnnouncementError
from app.contests.operations import Notice
from app.core.audit import AuditEntry
from app.core.pagination import PageRequest
from tests.factories import make_user
from tests.fakes.ports import FrozenClock


def test_a_contest_is_made_once(session: Session, clock: FrozenClock) -> None:
    made = operations.ensure_contest(session, "autumn", now=clock.now())
    assert operations.ensure_contest(session, "autumn", now=clock.now()) is made
    assert made.title == {"zh-Hans": "autumn", "en": "autumn"}
    known = operations.ensure_contest(session, operations.DEFAULT_CONTEST, now=clock.now())
    assert known.title["zh-Hans"] == "百景大赛"
    assert queries.list_contests(session) == [known, made]


def test_an_announcement_is_kept_with_its_author_and_audited(
    session: Session, clock: FrozenClock
) -> None:
    contest = operations.ensure_contest(session, "autumn", now=clock.now())
    author = make_user(session, role=Role.ORGANISER)
    for slug in (None, "milk-run"):
        operations.post_announcement(
            session,
            contest,
            author,
            Notice("  更正\n公告 ", " 第 3 行 "),
            now=clock.now(),
            problem_slug=slug,
        )
    every = queries.list_announcements(session, PageRequest())
    assert [(one.problem_slug, one.title, one.body) for one in every.items] == [
        ("milk-run", "更正 公告", "第 3 行"),
        (None, "更正 公告", "第 3 行"),
    ]
    assert queries.list_announcements(session, PageRequest(), problem_slug="milk-run").total == 1
    subjects = session.scalars(select(AuditEntry.subject).order_by(AuditEntry.id)).all()
    assert subjects == ["contest:autumn", "problem:milk-run"]


@pytest.mark.parametrize(
    ("title", "body"), [("", "x"), (" \n", "x"), ("x" * 121, "x"), ("x", " "), ("x", "x" * 20_001)]
)
def test_what_says_nothing_or_too_much_is_refused(
    session: Session, clock: FrozenClock, title: str, body: str
) -> None:
    contest = operations.ensure_contest(session, "autumn", now=clock.now())
    author = make_user(session, role=Role.ORGANISER)
    with pytest.raises(EmptyAnnouncementError):
        operations.post_announcement(session, contest, author, Notice(title, body), now=clock.now())


@pytest.mark.parametrize("role", Role)
def test_organisers_alone_announce(session: Session, role: Role) -> None:
    actor = make_user(session, role=role)
    expected = role in {Role.ORGANISER, Role.ADMIN}
    assert policy.can_post_announcement(actor) == expected
    assert not policy.can_post_announcement(None)


@pytest.mark.parametrize(
    "half", [Notice("公告", "正文", title_en="News"), Notice("公告", "正文", "", "x")]
)
def test_english_is_whole_or_not_there(session: Session, clock: FrozenClock, half: Notice) -> None:
    contest = operations.ensure_contest(session, "autumn", now=clock.now())
    author = make_user(session, role=Role.ORGANISER)
    with pytest.raises(EmptyAnnouncementError):
        operations.post_announcement(session, contest, author, half, now=clock.now())


def test_a_correction_follows_the_first_and_only_the_newest_is_corrected(
    session: Session, clock: FrozenClock
) -> None:
    contest = operations.ensure_contest(session, "autumn", now=clock.now())
    author = make_user(session, role=Role.ORGANISER)
    first = operations.post_announcement(
        session, contest, author, Notice("时间", "六月"), now=clock.now(), problem_slug="milk-run"
    )
    right = Notice("更正：时间", "七月", "Correction: dates", "July")
    second = operations.correct_announcement(session, first, author, right, now=clock.now())
    assert (second.corrects_id, second.problem_slug) == (first.id, "milk-run")
    with pytest.raises(AlreadyCorrectedError) as refused:
        operations.correct_announcement(session, first, author, right, now=clock.now())
    assert refused.value.params == {"number": second.id}
    session.expire_all()
    found = queries.get_announcement(session, first.id)
    assert (found.body, found.correction) == ("六月", second)
    facts = session.scalars(
        select(AuditEntry.facts).where(AuditEntry.action == "announcement.correct")
    ).one()
    assert facts["corrects"] == first.id
