"""Who may do what at the desk. Judging and running the contest are kept apart."""

from app.accounts.models import Role, User


def can_read_desk(actor: User) -> bool:
    """Judges and organisers read the desk."""
    return actor.is_staff


def can_sign_off(actor: User) -> bool:
    """Only a judge signs: who publishes results does not vouch for them as well."""
    return actor.role is Role.JUDGE


def can_lift_sign_off(actor: User) -> bool:
    """Organisers lift a sign-off, with a reason that stays."""
    return actor.is_organiser
