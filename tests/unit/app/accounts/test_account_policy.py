"""The whole matrix: who may do what to whom."""

from collections.abc import Callable
from functools import partial
from itertools import product

import pytest
from sqlalchemy.orm import Session

from app.accounts import policy, staff_operations
from app.accounts.models import Role, User
from app.core.errors import ForbiddenError
from tests.factories import make_user
from tests.fakes.ports import FrozenClock

BELOW = {Role.PARTICIPANT, Role.JUDGE}

# actor -> whose accounts they may change, and which roles they may give to those
MANAGES: dict[Role, set[Role]] = {
    Role.PARTICIPANT: set(),
    Role.JUDGE: set(),
    Role.ORGANISER: BELOW,
    Role.ADMIN: set(Role),
}


def user(number: int, role: Role) -> User:
    return User(id=number, name=f"User {number}", role=role)


@pytest.mark.parametrize(("actor", "person"), list(product(Role, Role)))
def test_who_manages_whom(actor: Role, person: Role) -> None:
    allowed = person in MANAGES[actor]
    assert policy.can_manage_user(user(1, actor), user(2, person)) is allowed


@pytest.mark.parametrize(("actor", "person", "role"), list(product(Role, Role, Role)))
def test_who_gives_which_role(actor: Role, person: Role, role: Role) -> None:
    one, other = user(1, actor), user(2, person)
    allowed = person in MANAGES[actor] and role in MANAGES[actor]
    assert policy.can_give_role(one, other, role) is allowed
    assert (role in policy.grantable_roles(one, other)) is allowed


@pytest.mark.parametrize("role", Role)
def test_nobody_manages_themselves(role: Role) -> None:
    assert not policy.can_manage_user(user(1, role), user(1, role))
    assert policy.grantable_roles(user(1, role), user(1, role)) == []


@pytest.mark.parametrize("role", Role)
def test_the_list_of_people_is_for_organisers(role: Role) -> None:
    assert policy.can_manage_users(user(1, role)) is (role in {Role.ORGANISER, Role.ADMIN})


@pytest.mark.parametrize(
    "operation",
    [
        partial(staff_operations.disable_user, reason="作弊"),
        staff_operations.enable_user,
        staff_operations.create_reset_link,
    ],
)
def test_operations_hold_to_the_matrix(
    session: Session, clock: FrozenClock, operation: Callable[..., object]
) -> None:
    for actor, person in product(Role, Role):
        one, other = make_user(session, role=actor), make_user(session, role=person)
        if person in MANAGES[actor]:
            operation(session, one, other.id, now=clock.now())
        else:
            with pytest.raises(ForbiddenError):
                operation(session, one, other.id, now=clock.now())
