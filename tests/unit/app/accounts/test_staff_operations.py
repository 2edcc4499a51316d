from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import operations, staff_operations
from app.accounts.errors import BadPasswordError, ResetLinkError, UserNotFoundError
from app.accounts.identity import find_token
from app.accounts.models import PasswordReset, Role
from app.accounts.passwords import verify_password
from app.core.audit import AuditEntry, verify_chain
from app.core.errors import ForbiddenError
from tests.factories import make_user
from tests.fakes.ports import FrozenClock

WANTED = "a wholly new password"


def actions(session: Session) -> list[tuple[str, str]]:
    return [
        (entry.action, entry.subject)
        for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    ]


def test_a_changed_role_is_on_record(session: Session, clock: FrozenClock) -> None:
    admin, person = make_user(session, role=Role.ADMIN), make_user(session)
    staff_operations.change_role(session, admin, person.id, Role.ORGANISER, now=clock.now())
    assert person.role is Role.ORGANISER
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor_id, entry.action, entry.subject) == (
        admin.id,
        "user.change_role",
        f"user:{person.id}",
    )
    assert (entry.facts["from"], entry.facts["to"]) == ("participant", "organiser")


def test_an_organiser_makes_no_organisers(session: Session, clock: FrozenClock) -> None:
    organiser, person = make_user(session, role=Role.ORGANISER), make_user(session)
    with pytest.raises(ForbiddenError):
        staff_operations.change_role(session, organiser, person.id, Role.ADMIN, now=clock.now())
    assert person.role is Role.PARTICIPANT
    assert actions(session) == []


def test_disabling_ends_sessions_tokens_and_links(session: Session, clock: FrozenClock) -> None:
    organiser, person = make_user(session, role=Role.ORGANISER), make_user(session)
    _row, token = operations.create_token(session, person, "laptop", now=clock.now())
    link = staff_operations.create_reset_link(session, organiser, person.id, now=clock.now())
    staff_operations.disable_user(session, organiser, person.id, "作弊", now=clock.now())
    assert (person.disabled_at, person.session_epoch) == (clock.now(), 1)
    assert find_token(session, token) is None
    enabled = staff_operations.enable_user(session, organiser, person.id, now=clock.now())
    assert enabled.disabled_at is None
    assert find_token(session, token) is None
    with pytest.raises(ResetLinkError):
        operations.reset_password(session, link, WANTED, now=clock.now())


def test_doing_it_twice_changes_nothing_more(session: Session, clock: FrozenClock) -> None:
    organiser, person = make_user(session, role=Role.ORGANISER), make_user(session)
    for _ in range(2):
        staff_operations.disable_user(session, organiser, person.id, "作弊", now=clock.now())
    for _ in range(2):
        staff_operations.enable_user(session, organiser, person.id, now=clock.now())
    assert [action for action, _ in actions(session)] == ["user.disable", "user.enable"]
    assert verify_chain(session).broken is None


def test_nobody_is_not_found(session: Session, clock: FrozenClock) -> None:
    admin = make_user(session, role=Role.ADMIN)
    with pytest.raises(UserNotFoundError):
        staff_operations.disable_user(session, admin, 999, "作弊", now=clock.now())


def test_a_link_sets_a_password_once(session: Session, clock: FrozenClock) -> None:
    organiser, person = make_user(session, role=Role.ORGANISER), make_user(session)
    link = staff_operations.create_reset_link(session, organiser, person.id, now=clock.now())
    assert link not in session.scalars(select(PasswordReset.token_hash)).all()
    operations.reset_password(session, link, WANTED, now=clock.now())
    assert verify_password(WANTED, person.password_hash)
    assert person.session_epoch == 1
    with pytest.raises(ResetLinkError):
        operations.reset_password(session, link, WANTED, now=clock.now())
    assert [action for action, _ in actions(session)] == [
        "user.create_reset_link",
        "user.reset_password",
    ]


def test_a_link_expires_after_a_day(session: Session, clock: FrozenClock) -> None:
    organiser, person = make_user(session, role=Role.ORGANISER), make_user(session)
    link = staff_operations.create_reset_link(session, organiser, person.id, now=clock.now())
    clock.tick(timedelta(hours=24))
    with pytest.raises(ResetLinkError):
        operations.reset_password(session, link, WANTED, now=clock.now())
    assert person.password_hash is None


def test_a_new_link_ends_the_one_before(session: Session, clock: FrozenClock) -> None:
    organiser, person = make_user(session, role=Role.ORGANISER), make_user(session)
    first = staff_operations.create_reset_link(session, organiser, person.id, now=clock.now())
    second = staff_operations.create_reset_link(session, organiser, person.id, now=clock.now())
    with pytest.raises(ResetLinkError):
        operations.reset_password(session, first, WANTED, now=clock.now())
    operations.reset_password(session, second, WANTED, now=clock.now())


def test_a_refused_password_leaves_the_link_working(session: Session, clock: FrozenClock) -> None:
    organiser, person = make_user(session, role=Role.ORGANISER), make_user(session)
    link = staff_operations.create_reset_link(session, organiser, person.id, now=clock.now())
    with pytest.raises(BadPasswordError):
        operations.reset_password(session, link, "short", now=clock.now())
    operations.reset_password(session, link, WANTED, now=clock.now())
