from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import operations, queries
from app.accounts.errors import (
    BadEmailError,
    BadPasswordError,
    EmailTakenError,
    TokenNotFoundError,
    TooManyTokensError,
    WrongPasswordError,
)
from app.accounts.identity import find_token
from app.accounts.models import Role, User
from app.accounts.passwords import verify_password
from app.core.db import Database
from app.core.pagination import PageRequest
from tests.factories import make_user
from tests.fakes.ports import FrozenClock

PASSWORD = "correct horse battery"


def create(session: Session, clock: FrozenClock, email: str, name: str = "张伟") -> User:
    return operations.create_user(
        session, email=email, name=name, password=PASSWORD, now=clock.now()
    )


def test_an_account_is_created(session: Session, clock: FrozenClock) -> None:
    user = create(session, clock, "  Wei.Zhang@Example.ORG ")
    assert (user.email, user.name, user.role) == ("wei.zhang@example.org", "张伟", Role.PARTICIPANT)
    assert verify_password(PASSWORD, user.password_hash)
    assert PASSWORD not in (user.password_hash or "")


def test_the_second_of_a_name_gets_a_number(session: Session, clock: FrozenClock) -> None:
    names = [create(session, clock, f"u{n}@example.org").name for n in range(3)]
    assert names == ["张伟", "张伟 2", "张伟 3"]


def test_an_address_has_one_account_however_it_is_written(
    session: Session, clock: FrozenClock
) -> None:
    create(session, clock, "someone@example.org")
    with pytest.raises(EmailTakenError):
        create(session, clock, "SomeOne@Example.Org", name="李雷")


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "a b@example.org", "a@example.org\n@x"])
def test_what_is_no_address_is_refused(session: Session, clock: FrozenClock, email: str) -> None:
    with pytest.raises(BadEmailError):
        create(session, clock, email)


def test_people_of_one_name_who_arrive_at_once_get_different_names(
    database: Database, clock: FrozenClock
) -> None:
    def arrive(number: int) -> str:
        with database.transaction() as session:
            return operations.create_user(
                session, email=f"u{number}@example.org", name="张伟", now=clock.now()
            ).name

    with ThreadPoolExecutor(6) as pool:
        names = list(pool.map(arrive, range(6)))
    assert sorted(names) == ["张伟", "张伟 2", "张伟 3", "张伟 4", "张伟 5", "张伟 6"]


def test_one_address_used_twice_at_once_makes_one_account(
    database: Database, clock: FrozenClock
) -> None:
    def arrive(_number: int) -> bool:
        try:
            with database.transaction() as session:
                operations.create_user(
                    session, email="one@example.org", name="张伟", now=clock.now()
                )
        except EmailTakenError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(arrive, range(4))) == [False, False, False, True]


def test_changing_the_password_ends_sessions(session: Session, clock: FrozenClock) -> None:
    user = create(session, clock, "someone@example.org")
    changed = operations.change_password(session, user, PASSWORD, "another long one")
    assert changed.session_epoch == 1
    assert verify_password("another long one", changed.password_hash)


def test_the_present_password_is_asked_for(session: Session, clock: FrozenClock) -> None:
    user = create(session, clock, "someone@example.org")
    with pytest.raises(WrongPasswordError):
        operations.change_password(session, user, "something else", "another long one")
    with pytest.raises(BadPasswordError):
        operations.change_password(session, user, PASSWORD, "short")
    assert user.session_epoch == 0


def test_a_token_is_shown_once_and_stored_as_a_hash(session: Session, clock: FrozenClock) -> None:
    user = make_user(session)
    row, text = operations.create_token(session, user, "laptop", now=clock.now())
    assert text.startswith(row.hint)
    assert text not in (row.token_hash, row.hint, row.label)
    found = find_token(session, text)
    assert found is not None
    assert found.user.id == user.id
    assert find_token(session, row.token_hash) is None


def test_a_revoked_token_is_nobodys(session: Session, clock: FrozenClock) -> None:
    user = make_user(session)
    row, text = operations.create_token(session, user, "laptop", now=clock.now())
    operations.revoke_token(session, user, row.id, now=clock.now())
    assert find_token(session, text) is None
    with pytest.raises(TokenNotFoundError):
        operations.revoke_token(session, user, row.id, now=clock.now())


def test_nobody_revokes_somebody_elses_token(session: Session, clock: FrozenClock) -> None:
    row, _text = operations.create_token(session, make_user(session), "laptop", now=clock.now())
    with pytest.raises(TokenNotFoundError):
        operations.revoke_token(session, make_user(session), row.id, now=clock.now())


def test_tokens_are_bounded_and_revoked_ones_do_not_count(
    session: Session, clock: FrozenClock
) -> None:
    user = make_user(session)
    rows = [
        operations.create_token(session, user, str(n), now=clock.now())[0]
        for n in range(operations.MOST_TOKENS)
    ]
    with pytest.raises(TooManyTokensError):
        operations.create_token(session, user, "more", now=clock.now())
    operations.revoke_token(session, user, rows[0].id, now=clock.now())
    operations.create_token(session, user, "more", now=clock.now())


def test_people_are_found_by_name_or_address_and_role(session: Session) -> None:
    judge = make_user(session, role=Role.JUDGE, name="张 100%")
    make_user(session, name="张 100x")
    first = PageRequest()
    assert [u.id for u in queries.list_users(session, "100%", None, first).items] == [judge.id]
    assert [u.id for u in queries.list_users(session, judge.email.upper(), None, first).items] == [
        judge.id
    ]
    assert [u.id for u in queries.list_users(session, "", Role.JUDGE, first).items] == [judge.id]
    assert queries.list_users(session, "张", None, PageRequest(1, 1)).total == 2


def test_a_rehash_does_not_undo_a_change(session: Session, clock: FrozenClock) -> None:
    user = create(session, clock, "someone@example.org")
    old = user.password_hash
    assert old is not None
    operations.change_password(session, user, PASSWORD, "another long one")
    clock.tick(timedelta(seconds=1))
    operations.renew_password_hash(session, user, old, PASSWORD)
    stored = session.scalars(select(User.password_hash).where(User.id == user.id)).one()
    assert verify_password("another long one", stored)
