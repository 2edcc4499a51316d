"""Who may do what to accounts. Pure predicates: `can_<verb>_<noun>(actor, thing)`."""

from app.accounts.models import ORGANISERS, Role, User


def can_manage_users(actor: User) -> bool:
    """Whether a person may see the list of people at all."""
    return actor.is_organiser


def can_manage_user(actor: User, person: User) -> bool:
    """Whether one may disable a person or hand them a password link: organisers, but not upwards.

    Otherwise an organiser could become an administrator by setting an administrator's password.
    Nobody does this to themselves, so an administrator always remains.
    """
    if not actor.is_organiser or actor.id == person.id:
        return False
    return actor.role is Role.ADMIN or person.role not in ORGANISERS


def can_give_role(actor: User, person: User, role: Role) -> bool:
    """Whether one may change a person's role to another: only administrators make organisers."""
    if not can_manage_user(actor, person):
        return False
    return actor.role is Role.ADMIN or role not in ORGANISERS


def grantable_roles(actor: User, person: User) -> list[Role]:
    """Return the roles one may give to a person, in the order of their power."""
    return [role for role in Role if can_give_role(actor, person, role)]
