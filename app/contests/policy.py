"""Who may do what with contests."""

from app.accounts.models import User


def can_post_announcement(actor: User | None) -> bool:
    """Organisers speak for the contest; judges and teams read."""
    return actor is not None and actor.is_organiser


def can_manage_contest(actor: User | None) -> bool:
    """Organisers make, change and archive contests; judges look on."""
    return actor is not None and actor.is_organiser
